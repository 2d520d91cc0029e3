/** How much of a range is read from raw rows where no rollup has the answer. Reads `requests_1h`. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

/** Grouping these takes about a second on two cores. */
export const mostRawRows = 1_000_000

const hour = 3_600_000

/** The range itself when it holds at most `most` requests, else its newest whole hours that do; never less than its newest hour with any. */
export async function newestRaw(db: Db, range: TimeRange, most = mostRawRows): Promise<TimeRange> {
  const [row] = await db.query<{ requests: number; from_ms: number | null; newest_ms: number | null }>(
    `select max(upto) as requests, minIf(at, upto <= {most:UInt64}) as from_ms, max(at) as newest_ms from (
      select toInt64(toUnixTimestamp(r.timestamp)) * 1000 as at, sum(sum(r.requests)) over (order by at desc) as upto
      from requests_1h as r
      where timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      group by r.timestamp having sum(r.requests) > 0
    )`,
    { from_ms: Math.floor(range.from / hour) * hour, to_ms: Math.ceil(range.to), most },
  )
  if (!row || row.requests <= most) return range
  return { from: Math.max(range.from, row.from_ms || (row.newest_ms ?? range.from)), to: range.to }
}
