/** The one place that composes conditions: known columns, every value a bound parameter. */
import type { Term } from '../../records/request-query.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { termConditions } from './request-terms.ts'

/** Columns of `requests` that a page, a rule or a query may filter by. */
export const filterColumns = [
  'model',
  'provider',
  'endpoint',
  'environment',
  'service',
  'team',
  'feature',
  'user_id',
  'status',
  'operation',
  'region',
  'instance',
  'api_key',
] as const
export type FilterColumn = (typeof filterColumns)[number]

/** Values of one column are alternatives; columns all have to match. */
export type ColumnFilter = Partial<Record<FilterColumn, string | string[]>>

/** And so do free terms: a question that is given some names its table `r`. */
export type Filter = ColumnFilter & { terms?: readonly Term[] | undefined }

/** What counts as an error: not what the caller cancelled, nor what a content filter stopped. */
export const isError = "status in ('error', 'rate_limited', 'timeout')"

export interface Condition {
  sql: string
  params: Record<string, unknown>
}

const known: ReadonlySet<string> = new Set(filterColumns)

/** `timestamp` in the half-open range, and the filter. Throws RangeError on a column that is none of `filterColumns`. */
export function where(filter: Filter, range: TimeRange): Condition {
  const parts = [
    "timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')",
    "timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')",
  ]
  const params: Record<string, unknown> = { from_ms: Math.floor(range.from), to_ms: Math.ceil(range.to) }
  const { terms = [], ...columns } = filter
  for (const [column, value] of Object.entries(columns)) {
    if (!known.has(column)) throw new RangeError(`not a column to filter by: ${column}`)
    if (value === undefined) continue
    parts.push(`${column} in {filter_${column}:Array(String)}`)
    params[`filter_${column}`] = Array.isArray(value) ? value : [value]
  }
  const free = termConditions(terms)
  return { sql: [...parts, ...free.sql].join(' and '), params: { ...params, ...free.params } }
}

/** What the filter asks about, and what kind of thing where that is no column of a text: which of its rollups can answer. */
export function filteredColumns({ terms = [], ...columns }: Filter): string[] {
  return [...Object.keys(columns), ...terms.map((term) => (term.kind === 'text' ? term.field : term.kind))]
}
