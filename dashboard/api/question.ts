/** The query string of a question: time range, filters, paging. Anything it does not know is refused by name. */
import type { MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { durationMs, durationPattern } from '../../records/duration.ts'
import { isoTime } from '../../records/point-in-time.ts'
import { parseQuery, type Term } from '../../records/request-query.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { filterColumns, type Filter } from '../../storage/queries/where.ts'
import { ApiError, type TextSpan } from './errors.ts'

export type QueryInput = Record<string, string | string[]>

const day = 86_400_000
const maxRangeMs = 2 * 366 * day

const time = z.string().transform((text, context) => {
  const at = /^\d+$/.test(text) ? Number(text) : isoTime(text)
  if (Number.isFinite(at) && at >= 0 && at < 9e12) return at
  context.addIssue({ code: 'custom', message: 'expected ISO 8601 or epoch milliseconds' })
  return z.NEVER
})

/** Free filters: `duration>2s team!=search`. A problem says where in the text it is. */
const terms = z.string().transform((text, context): Term[] => {
  const parsed = parseQuery(text)
  if (parsed.ok) return parsed.terms
  const { message, at } = parsed.problem
  context.addIssue({ code: 'custom', message, params: { at } })
  return z.NEVER
})

const values = z.union([z.string(), z.array(z.string()).max(100)])

/** Either `range=1h` (up to now) or `from` and `to`; now is a whole second, so that equal questions share an answer. */
const rangeShape = {
  range: z.string().regex(durationPattern, 'expected a duration such as 15m, 1h or 7d').optional(),
  from: time.optional(),
  to: time.optional(),
  explain: z.enum(['0', '1']).optional(),
  q: terms.optional(),
}

/** Of an answer that nothing but its path says. */
export const explained = z.strictObject({ explain: rangeShape.explain })

const filterShape = Object.fromEntries(filterColumns.map((column) => [column, values.optional()]))

export interface Question {
  range: TimeRange
  filter: Filter
}

/** The schema of a question with a time range and filters, plus what a route adds. */
export function questionSchema<S extends z.ZodRawShape>(shape: S) {
  return z.strictObject({ ...filterShape, ...rangeShape, ...shape })
}

/** Checks the query string against `schema`; the handler reads it by `c.req.valid('query')`. */
export function checked<S extends z.ZodType>(
  schema: S,
): MiddlewareHandler<object, string, { in: { query: QueryInput }; out: { query: z.output<S> } }> {
  return async (c, next) => {
    const raw = Object.fromEntries(
      Object.entries(c.req.queries()).map(([key, list]) => [key, list.length === 1 ? list[0] : list]),
    )
    const parsed = schema.safeParse(raw)
    if (!parsed.success) throw badParameter(parsed.error)
    c.req.addValidatedData('query', parsed.data as object)
    await next()
  }
}

/** Checks the JSON body against `schema`; the handler reads it by `c.req.valid('json')`. */
export function checkedBody<S extends z.ZodType>(
  schema: S,
  hint: string,
): MiddlewareHandler<object, string, { in: { json: z.input<S> }; out: { json: z.output<S> } }> {
  return async (c, next) => {
    const parsed = schema.safeParse(parsedBody(await c.req.text()))
    if (!parsed.success) {
      const { field, message } = firstIssue(parsed.error)
      throw new ApiError(400, `${field ?? 'The body'}: ${message}`, hint, field)
    }
    c.req.addValidatedData('json', parsed.data as object)
    await next()
  }
}

/** Null of what is no JSON. Half a character, which no table takes, becomes the replacement character. */
function parsedBody(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value))
  } catch {
    return null
  }
}

export interface RangeQuery {
  range?: string | undefined
  from?: number | undefined
  to?: number | undefined
}

/** The time range that a checked query asks for. */
export function rangeOf(query: RangeQuery, now: number): TimeRange {
  const to = query.to ?? Math.ceil(now / 1000) * 1000
  const from = query.from ?? to - durationMs(query.range ?? '1h')
  if (from >= to) throw new ApiError(400, '`from` must be before `to`', 'Swap them, or leave `to` out for now', 'from')
  if (to - from > maxRangeMs) throw new ApiError(400, 'The range is longer than two years', 'Ask for less', 'from')
  return { from, to }
}

/** The filter columns and free terms of a checked query. */
export function filterOf(query: Record<string, unknown>): Filter {
  const entries = filterColumns.flatMap((column) => (query[column] === undefined ? [] : [[column, query[column]]]))
  const columns = Object.fromEntries(entries) as Filter
  const asked = query.q as readonly Term[] | undefined
  return asked === undefined || asked.length === 0 ? columns : { ...columns, terms: asked }
}

function badParameter(error: z.ZodError): ApiError {
  const { field, message, at } = firstIssue(error)
  const hint =
    field === 'q'
      ? 'Write field:value, field!=value or field>number, such as model:gpt-4o duration>2s'
      : 'GET /api/status is without parameters; the filters are columns of `requests`'
  const bad = new ApiError(400, `Parameter ${field ?? '?'}: ${message}`, hint, field)
  bad.at = at
  return bad
}

function firstIssue(error: z.ZodError): { field: string | undefined; message: string; at: TextSpan | undefined } {
  const issue = error.issues[0]
  const field = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0]?.toString()
  const at = issue?.code === 'custom' ? (issue.params?.at as TextSpan | undefined) : undefined
  return { field, message: issue?.message ?? 'not understood', at }
}
