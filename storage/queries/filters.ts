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
  const names = filterColumns.map((column) => `'${column}'`).join(', ')
  const values = filterColumns.map((column) => `toString(${column})`).join(', ')
  return db.query<FilterValue>(
    `select pair.1 as column, pair.2 as value, count() as requests
    from requests array join arrayZip([${names}], [${values}]) as pair
    where ${sql} and value != ''
    group by column, value order by column, requests desc, value limit {limit:UInt32} by column`,
    { ...params, limit },
  )
}
