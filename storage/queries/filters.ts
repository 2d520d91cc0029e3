/** Which values each filter column has in a range, most requests first, whatever is filtered now. Reads `requests`, exact. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { filterColumns, where, type FilterColumn } from './where.ts'

export interface FilterValue {
  column: FilterColumn
  value: string
  requests: number
}

/** At most `limit` values a column; a column whose only value is empty is left out. */
export async function filterValues(db: Db, range: TimeRange, limit = 50): Promise<FilterValue[]> {
  const { sql, params } = where({}, range)
  const sets = filterColumns.map((column) => `(${column})`).join(', ')
  const column = filterColumns.map((name) => `grouping(${name}) = 0, '${name}'`).join(', ')
  const value = filterColumns.map((name) => `grouping(${name}) = 0, toString(${name})`).join(', ')
  return db.query<FilterValue>(
    `select multiIf(${column}, '') as column, multiIf(${value}, '') as value, count() as requests
    from requests where ${sql}
    group by grouping sets (${sets}) having value != ''
    order by column, requests desc, value limit {limit:UInt32} by column`,
    { ...params, limit },
  )
}
