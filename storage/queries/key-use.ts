/** When each API key was last seen. Raw rows of `requests` of the last 24 h, exact; before that `filter_values_1d`, to the day. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

export interface KeyUse {
  api_key: string
  /** Epoch ms: the start of its day where `last_day` says so. */
  last_ms: number
  last_day: boolean
  /** Requests of the last 24 h. */
  requests: number
}

const day = 86_400_000

export async function keyUse(db: Db, { from, to }: TimeRange): Promise<KeyUse[]> {
  const rows = await db.query<Omit<KeyUse, 'last_day'> & { last_day: number }>(
    `select api_key, if(sum(calls) > 0, max(recent), max(day)) as last_ms, sum(calls) = 0 as last_day, sum(calls) as requests from (
      select toString(r.api_key) as api_key, toInt64(toUnixTimestamp64Milli(max(r.timestamp))) as recent, toInt64(0) as day, count() as calls
      from requests as r
      where r.timestamp >= fromUnixTimestamp64Milli({recent_ms:Int64}, 'UTC') and r.timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        and r.api_key != ''
      group by r.api_key
      union all
      select f.value as api_key, toInt64(0) as recent, toInt64(toUnixTimestamp(max(f.timestamp))) * 1000 as day, toUInt64(0) as calls
      from filter_values_1d as f
      where f.column = 'api_key' and f.value != '' and f.requests > 0
        and f.timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and f.timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      group by f.value
    ) group by api_key order by api_key limit 10000`,
    { from_ms: Math.floor(from / day) * day, recent_ms: to - day, to_ms: to },
  )
  return rows.map((row) => Object.assign(row, { last_day: Boolean(row.last_day) }))
}
