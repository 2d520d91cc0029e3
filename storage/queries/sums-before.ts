/** What rows of a list were in the period before. Reads `requests`, where that period holds few enough of them. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { mostRawRows, newestRaw } from './newest-raw.ts'
import { isError, where, type Filter } from './where.ts'

/** Of one row, all its calls of that time. */
export interface SumsBefore {
  requests: number
  errors: number
  /** Of the calls whose cost is known. */
  cost_usd: number | null
  p95_ms: number | null
}

/** As long as what is compared, and ending where it begins. */
export const equallyLongBefore = ({ from, to }: TimeRange): TimeRange => ({ from: from - (to - from), to: from })

/** A period that had hardly begun to be seen is nothing to compare with. */
export const isSeen = (firstMs: number | null | undefined, { from, to }: TimeRange): boolean =>
  typeof firstMs === 'number' && firstMs < (from + to) / 2

/** By the values of `column`; none where the period was not seen, or holds more than twice the requests that a list reads. */
export async function rawSumsBefore(
  db: Db,
  filter: Filter,
  compared: TimeRange,
  column: 'user_id' | 'session_id',
  values: string[],
  most = mostRawRows,
): Promise<Map<string, SumsBefore>> {
  const before = equallyLongBefore(compared)
  const read = await newestRaw(db, before, 2 * most)
  if (values.length === 0 || read.from > before.from) return new Map()
  const all = where({}, before)
  const own = where(filter, before)
  const [[seen], rows] = await Promise.all([
    db.query<{ first_ms: number | null }>(
      `select if(count() = 0, null, toUnixTimestamp64Milli(min(r.timestamp))) as first_ms from requests as r where ${all.sql}`,
      all.params,
    ),
    db.query<SumsBefore & { name: string }>(
      `select r.${column} as name, count() as requests, countIf(r.${isError}) as errors, toFloat64(sum(r.cost_usd)) as cost_usd,
        if(count(r.duration_ms) = 0, null, quantileExact(0.95)(r.duration_ms)) as p95_ms
      from requests as r where ${own.sql} and r.${column} in {values:Array(String)} group by name`,
      { ...own.params, values },
    ),
  ])
  if (!isSeen(seen?.first_ms, before)) return new Map()
  return new Map(rows.map(({ name, ...sums }) => [name, sums]))
}
