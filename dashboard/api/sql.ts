/**
 * SQL that people wrote: run by the reader, which may only read, within limits that the page names. A few at a time, so that the
 * dashboard's own questions still get through.
 */
import { Readable } from 'node:stream'
import { StorageError, type SqlDb } from '../../storage/client.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { sqlMistake } from '../../storage/sql-error.ts'
import {
  boundValue,
  declaredParams,
  ParamError,
  type DeclaredParam,
  type ParamValue,
} from '../../storage/sql-params.ts'
import { kindOf, type ColumnKind } from '../../storage/sql-types.ts'
import { ApiError } from './errors.ts'

/** Rows that a page gets; exports go up to the reader's own limit. */
export const rowLimit = 2000
const maxResultBytes = 16 * 1024 * 1024
const atOnce = 2

export interface SqlQuestion {
  query: string
  /** Bound as {from:DateTime64(3)} and {to:DateTime64(3)}, in whole seconds so that {from:DateTime} works too. */
  range: TimeRange
  /** Values of every other {name:Type} of the query. */
  params: Readonly<Record<string, ParamValue>>
  /** Chosen by the client, to cancel by. */
  id: string
  signal: AbortSignal
}

export interface SqlColumn {
  name: string
  type: string
  kind: ColumnKind
}

export interface SqlResult {
  columns: SqlColumn[]
  /** Whole numbers of 64 bits and more, and decimals, as text: exact. */
  rows: unknown[][]
  /** There are more rows than these. */
  more: boolean
  elapsed_ms: number
}

export const exportFormats = {
  csv: { engine: 'CSVWithNames', type: 'text/csv; charset=utf-8' },
  json: { engine: 'JSONEachRow', type: 'application/x-ndjson; charset=utf-8' },
  parquet: { engine: 'Parquet', type: 'application/vnd.apache.parquet' },
} as const
export type ExportFormat = keyof typeof exportFormats

export interface SqlRunner {
  /** Throws ApiError, with the place of a mistake. */
  table(question: SqlQuestion, explain: boolean): Promise<SqlResult>
  /** The whole result as a file; a FORMAT in the query is refused. */
  file(question: SqlQuestion, format: ExportFormat): Promise<ReadableStream>
  /** False when no such query runs. */
  cancel(id: string): boolean
}

export function createSqlRunner(db: SqlDb): SqlRunner {
  const running = new Map<string, AbortController>()

  const run = async (question: SqlQuestion, format: string, settings: Record<string, number>, prefix = '') => {
    if (running.has(question.id))
      throw new ApiError(409, 'A query with this id runs already', 'Choose another id', 'id')
    if (running.size >= atOnce)
      throw new ApiError(429, `${atOnce} queries run already`, 'Wait for one of them, or cancel it')
    const params = boundParams(question)
    const own = new AbortController()
    running.set(question.id, own)
    try {
      const answer = await db.run(prefix + question.query, {
        format,
        settings,
        params,
        signal: AbortSignal.any([own.signal, question.signal]),
      })
      if (answer.format === format) return answer.body
      answer.body.destroy()
      throw new ApiError(
        400,
        'A FORMAT does not belong here',
        'Leave it out: exports come as CSV, JSON or Parquet',
        'query',
      )
    } catch (error) {
      throw asApiError(error, question.query, prefix)
    } finally {
      running.delete(question.id)
    }
  }

  return {
    async table(question, explain) {
      const started = performance.now()
      const prefix = explain ? 'EXPLAIN indexes = 1 ' : ''
      const body = await run(question, 'JSONCompact', tableSettings(question.query), prefix)
      const { meta, data } = JSON.parse(await cappedText(body)) as EngineResult
      return {
        columns: meta.map(({ name, type }) => ({ name, type, kind: kindOf(type) })),
        rows: data.slice(0, rowLimit),
        more: data.length > rowLimit,
        elapsed_ms: performance.now() - started,
      }
    },
    async file(question, format) {
      return Readable.toWeb(await run(question, exportFormats[format].engine, {})) as ReadableStream
    },
    cancel(id) {
      const own = running.get(id)
      own?.abort()
      return own !== undefined
    },
  }
}

/** The engine's own limit counts values that repeat once. */
async function cappedText(body: Readable): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of body as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > maxResultBytes) throw new ApiError(...tooLarge)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

interface EngineResult {
  meta: { name: string; type: string }[]
  data: unknown[][]
}

/**
 * Every parameter of the query must have a value that its type holds, and every value its parameter: the embedded engine would take
 * what an earlier query left, and cut numbers that are too large. Throws ApiError, with the place in the query.
 */
function boundParams({ query, range, params }: SqlQuestion): Record<string, unknown> {
  const ofRange: Record<string, Date> = { from: new Date(wholeSecond(range.from)), to: new Date(wholeSecond(range.to)) }
  const declared = declaredParams(query)
  for (const name of Object.keys(params)) {
    const field = `params.${name}`
    if (Object.hasOwn(ofRange, name))
      throw new ApiError(400, `Parameter ${name} is the time range`, 'Choose a range', field)
    if (!declared.some((param) => param.name === name))
      throw new ApiError(400, `The query has no parameter {${name}:Type}`, 'Leave its value out', field)
  }
  const own = declared.filter(({ name }) => !Object.hasOwn(ofRange, name))
  return { ...ofRange, ...Object.fromEntries(own.map((param) => [param.name, boundParam(param, params)])) }
}

function boundParam(param: DeclaredParam, params: SqlQuestion['params']): unknown {
  if (!Object.hasOwn(params, param.name)) throw paramError(param, 'has no value')
  try {
    return boundValue(param.type, params[param.name] ?? null)
  } catch (error) {
    if (error instanceof ParamError) throw paramError(param, `is no ${param.type}: ${error.message}`)
    throw error
  }
}

function paramError({ name, type, at }: DeclaredParam, message: string): ApiError {
  const error = new ApiError(400, `Parameter ${name} ${message}`, `Give it a value: ${type}`, `params.${name}`)
  error.at = at
  return error
}

const wholeSecond = (at: number) => Math.floor(at / 1000) * 1000

/**
 * One row more than is shown, to know that there are more. The engine limits each part of a UNION, INTERSECT or EXCEPT by itself, which
 * would change what they mean: those are read whole, as far as their size allows.
 */
function tableSettings(query: string): Record<string, number> {
  return {
    max_result_bytes: maxResultBytes,
    output_format_json_quote_64bit_integers: 1,
    output_format_json_quote_decimals: 1,
    output_format_json_quote_denormals: 1,
    ...(/\b(union|intersect|except)\b/i.test(query) ? {} : { limit: rowLimit + 1 }),
  }
}

/** What went wrong, for the one who wrote the query; what is not theirs to mend stays as it is. */
function asApiError(error: unknown, query: string, prefix: string): unknown {
  if (!(error instanceof StorageError)) return error
  const known = knownErrors[error.code]
  if (known) return new ApiError(...known)
  if (error.retryable || !/^\d+$/.test(error.code)) return error
  const refused = refusedParam(query, error.message)
  if (refused) return refused
  const { message, at } = sqlMistake(prefix + query, error.message)
  const answer = new ApiError(400, message, 'The tables and their columns are listed beside the editor', 'query')
  if (at && at.from >= prefix.length) answer.at = { from: at.from - prefix.length, to: at.to - prefix.length }
  return answer
}

/** What only the engine can judge: an Enum, a UUID, an address. */
function refusedParam(query: string, message: string): ApiError | null {
  const name = / cannot be parsed as [^]* for query parameter '(\w+)'/.exec(message)?.[1]
  const param = declaredParams(query).find((declared) => declared.name === name)
  return param ? paramError(param, `is no ${param.type}`) : null
}

const cancelled = [409, 'The query was cancelled', 'Run it again'] as const
const tooLarge = [413, 'The result is larger than a page can show', 'Add a LIMIT, or export it'] as const
const smaller = 'Choose a shorter time range, a filter, or fewer columns'
const knownErrors: Record<string, ConstructorParameters<typeof ApiError>> = {
  ABORTED: [...cancelled],
  394: [...cancelled],
  159: [504, 'The query took longer than a query may', smaller],
  160: [504, 'The query would take longer than a query may', smaller],
  241: [413, 'The query needs more memory than a query may take', smaller],
  396: [...tooLarge],
}
