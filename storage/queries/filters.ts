/**
 * Which values each filter column has in a range, most requests first, whatever is filtered now. Reads `requests`, exact; beyond
 * 24 h, and where there are many, the rollups of a day, from the start of its first day on.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { rollupSpecs } from '../rollup-specs.ts'
import { rangeFacts } from './range-facts.ts'
import { filterColumns, where, type FilterColumn } from './where.ts'

export interface FilterValue {
  column: FilterColumn
  value: string
  requests: number
}

const day = 86_400_000
const leastRolledUp = day / 2
/** Raw rows beyond these are too slow for a list of choices. */
const mostRawRequests = 250_000

/** At most `limit` values a column; a column whose only value is empty is left out. */
export async function filterValues(db: Db, range: TimeRange, limit = 50): Promise<FilterValue[]> {
  const byDay = await isReadByDay(db, range)
  const { sql, params } = where({}, byDay ? { ...range, from: Math.floor(range.from / day) * day } : range)
  return db.query<FilterValue>(
    `select column, value, requests from (${byDay ? rolledUp(sql) : valuesOf('requests', filterColumns, 'count()', sql)})
    where value != '' order by column, requests desc, value limit {limit:UInt32} by column`,
    { ...params, limit },
  )
}

async function isReadByDay(db: Db, range: TimeRange): Promise<boolean> {
  if (range.to - range.from < leastRolledUp) return false
  const { requests, filled } = await rangeFacts(db, range)
  return filled.includes('filter_values_1d') && (requests === null || requests > mostRawRequests)
}

const keptApart = new Set(rollupSpecs.find(({ prefix }) => prefix === 'requests')?.dimensions)
const dimensions = filterColumns.filter((column) => keptApart.has(column))

/** The columns that `requests_1d` keeps apart from there, the others from a rollup of their own. */
const rolledUp = (condition: string) => `${valuesOf('requests_1d', dimensions, 'sum(r.requests)', condition)}
    having requests > 0
    union all
    select f.column as column, f.value as value, sum(f.requests) as requests from filter_values_1d as f
    where ${condition} group by column, value having requests > 0`

function valuesOf(table: string, columns: readonly FilterColumn[], count: string, condition: string): string {
  const column = columns.map((name) => `grouping(r.${name}) = 0, '${name}'`).join(', ')
  const value = columns.map((name) => `grouping(r.${name}) = 0, toString(r.${name})`).join(', ')
  const sets = columns.map((name) => `(r.${name})`).join(', ')
  return `select multiIf(${column}, '') as column, multiIf(${value}, '') as value, ${count} as requests
    from ${table} as r where ${condition} group by grouping sets (${sets})`
}
