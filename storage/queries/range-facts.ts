/** What decides where a range is read from: how many requests it holds, whether any are newer, and which rollups are there. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

const hour = 3_600_000
const day = 24 * hour

export interface RangeFacts {
  /** To the hour, and a minute or two behind; null beyond 24 h, where it decides nothing. Reads `requests_1h`. */
  requests: number | null
  /** Rollups that are there: after an update that brings a new one, it is filled in the background. */
  filled: string[]
  /** Whether no request of the week after the range is newer than the hour that it ends in. */
  newest: boolean
}

export async function rangeFacts(db: Db, { from, to }: TimeRange): Promise<RangeFacts> {
  const short = to - from <= day
  const at = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`
  const requests = `(select sum(r.requests) from requests_1h as r where timestamp >= ${at('from_ms')} and timestamp < ${at('to_ms')})`
  const [row] = await db.query<RangeFacts>(
    `select ${short ? requests : 'null'} as requests, (select groupArray(name) from rollup_state) as filled,
      (
        select count() = 0 from (
          select 1 from requests_1h as r where timestamp >= ${at('to_ms')} and timestamp < ${at('week_later_ms')} and r.requests > 0 limit 1
        )
      ) as newest`,
    { from_ms: Math.floor(from / hour) * hour, to_ms: Math.ceil(to), week_later_ms: Math.ceil(to) + 7 * day },
  )
  return { requests: row?.requests ?? (short ? 0 : null), filled: row?.filled ?? [], newest: Boolean(row?.newest) }
}
