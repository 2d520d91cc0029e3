/** `node main.ts sql`: one read-only query, printed as a table, JSON lines or CSV. */
import { buffer } from 'node:stream/consumers'
import { counted } from '../records/counted.ts'
import { StorageError, type SqlDb } from './client.ts'
import { lineAndColumn, sqlMistake } from './sql-error.ts'
import { boundValue, declaredParams, ParamError, type DeclaredParam } from './sql-params.ts'
import { kindOf } from './sql-types.ts'

export type SqlFormat = 'table' | 'json' | 'csv'

export interface SqlFlags {
  format?: SqlFormat
  /** name=value each, for {name:Type} in the query. */
  param?: readonly string[]
}

/** The query cannot run as it is; the message says why and where. */
export class SqlError extends Error {
  override readonly name = 'SqlError'
}

const engineFormats: Record<SqlFormat, string> = { table: 'JSONCompact', json: 'JSONEachRow', csv: 'CSVWithNames' }

/** What to print, with its last line ended. A FORMAT in the query is obeyed. Throws SqlError, or StorageError when storage is away. */
export async function sqlCommand(sql: string, { format = 'table', param = [] }: SqlFlags, db: SqlDb): Promise<Buffer> {
  const asked = engineFormats[format]
  const answer = await run(sql, asked, boundParams(sql, param), db)
  const bytes = await buffer(answer.body)
  if (format !== 'table' || answer.format !== asked) return bytes
  // SHOW CREATE and the like answer in JSON too; a FORMAT of the same name in the query is not told apart.
  const { meta, data } = JSON.parse(bytes.toString()) as Result
  return Buffer.from(tableOf(meta, data))
}

async function run(sql: string, format: string, params: Record<string, unknown>, db: SqlDb) {
  // Numbers as the engine writes them: JavaScript would round the large ones.
  const quoted = format === 'JSONCompact' ? 1 : 0
  const settings = {
    output_format_json_quote_64bit_integers: quoted,
    output_format_json_quote_decimals: quoted,
    output_format_json_quote_64bit_floats: quoted,
    output_format_json_quote_denormals: quoted,
  }
  try {
    return await db.run(sql, { format, params, settings })
  } catch (error) {
    if (!(error instanceof StorageError) || !/^\d+$/.test(error.code)) throw error
    throw new SqlError(pointed(sql, error.message), { cause: error })
  }
}

/** The mistake, and the line of the query with a mark below it. */
function pointed(sql: string, text: string): string {
  const { message, at } = sqlMistake(sql, text)
  return at === null ? message : marked(sql, message, at)
}

function marked(sql: string, message: string, at: DeclaredParam['at']): string {
  const { line, column } = lineAndColumn(sql, at.from)
  const source = (sql.split('\n')[line - 1] ?? '').replaceAll('\t', ' ')
  const marks = '^'.repeat(Math.max(Math.min(at.to - at.from, source.length - column + 1), 1))
  return `${message} (line ${line}, column ${column})\n  ${source}\n  ${' '.repeat(column - 1)}${marks}`
}

/**
 * Every parameter of the query must have a value that its type holds, and every value its parameter: the engine would cut numbers that
 * are too large, and not miss what it is not asked for.
 */
function boundParams(sql: string, pairs: readonly string[]): Record<string, unknown> {
  const given = new Map(pairs.map(nameAndValue))
  const declared = declaredParams(sql)
  for (const name of given.keys()) {
    if (!declared.some((param) => param.name === name))
      throw new SqlError(`--param: the query has no parameter {${name}:Type}`)
  }
  return Object.fromEntries(declared.map((param) => [param.name, boundParam(sql, param, given.get(param.name))]))
}

function boundParam(sql: string, { name, type, at }: DeclaredParam, value: string | undefined): unknown {
  if (value === undefined) throw new SqlError(marked(sql, `Parameter ${name} has no value: add --param ${name}=…`, at))
  try {
    return boundValue(type, value)
  } catch (error) {
    if (!(error instanceof ParamError)) throw error
    throw new SqlError(marked(sql, `Parameter ${name} is no ${type}: ${error.message}`, at), { cause: error })
  }
}

function nameAndValue(pair: string): [name: string, value: string] {
  const split = pair.indexOf('=')
  if (split < 1) throw new SqlError(`--param: "${pair}" is not name=value`)
  return [pair.slice(0, split), pair.slice(split + 1)]
}

interface Result {
  meta: { name: string; type: string }[]
  data: unknown[][]
}

/** Wider values are cut: --format json has them whole. */
const maxWidth = 80

/** Columns side by side, numbers to the right; null is told apart from the empty text. */
export function tableOf(meta: Result['meta'], data: Result['data']): string {
  const rows = data.map((row) => row.map(cellText))
  const heads = meta.map(({ name }) => printable(name))
  const widths = heads.map((head, index) => Math.max(width(head), ...rows.map((row) => width(row[index] ?? ''))))
  const right = meta.map(({ type }) => kindOf(type) === 'number')
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const space = ' '.repeat((widths[index] ?? 0) - width(cell))
        return right[index] ? space + cell : cell + space
      })
      .join('  ')
      .trimEnd()
  const rule = widths.map((size) => '─'.repeat(size)).join('  ')
  const count = `(${counted(rows.length, 'row')})`
  return [line(heads), rule, ...rows.map(line), count, ''].join('\n')
}

function cellText(value: unknown): string {
  if (value === null) return 'null'
  const text = printable(typeof value === 'string' ? value : JSON.stringify(value))
  return width(text) > maxWidth
    ? `${Array.from(text)
        .slice(0, maxWidth - 1)
        .join('')}…`
    : text
}

/** Control characters as escapes: what is stored must not move the cursor of a terminal. */
function printable(text: string): string {
  return text.replaceAll(
    // oxlint-disable-next-line no-control-regex -- those are what it is about
    /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (letter) =>
      ({ '\n': '\\n', '\t': '\\t', '\r': '\\r' })[letter] ?? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const width = (text: string): number => Array.from(text).length
