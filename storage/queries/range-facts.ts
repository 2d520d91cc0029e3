/** What decides where a range is read from: how many requests it holds, and whether a rollup is there yet. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

const hour = 3_600_000
const day = 24 * hour

export interface RangeFacts {
  /** To the hour, and a minute or two behind; null beyond 24 h, where it decides nothing. Reads `requests_1h`. */
  requests: number | null
  /** After an update that brings a new rollup, it is filled in the background. */
  filled: boolean
}

export async function rangeFacts(
  db: Db,
  { from, to }: TimeRange,
  rollup: 'models_1h' | 'filter_values_1d',
): Promise<RangeFacts> {
  const short = to - from <= day
  const requests = `(
        select sum(r.requests) from requests_1h as r
        where timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
          and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      )`
  const [row] = await db.query<RangeFacts>(
    `select ${short ? requests : 'null'} as requests,
      (select count() > 0 from rollup_state where name = {rollup:String}) as filled`,
    { from_ms: Math.floor(from / hour) * hour, to_ms: Math.ceil(to), rollup },
  )
  return { requests: row?.requests ?? (short ? 0 : null), filled: Boolean(row?.filled) }
}
