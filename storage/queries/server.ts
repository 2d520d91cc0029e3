/** Inference servers as they were at their last scrape. Reads `server_samples`. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

export interface ServerNow {
  server: string
  instance: string
  model: string
  endpoint: string
  /** Epoch ms of the newest sample. */
  timestamp_ms: number
  running: number | null
  waiting: number | null
  kv_cache_ratio: number | null
  /** Over the range; null when the server does not count them. */
  input_tokens_per_second: number | null
  output_tokens_per_second: number | null
  requests_per_second: number | null
  preemptions: number | null
  /** Prefix tokens found in the cache, 0–1. */
  prefix_hit_ratio: number | null
  restarts: number
}

/** Over the time in which somebody counted. */
const rate = (counter: string) => {
  const counted_ms = `sumIf(s.interval_ms, s.${counter} is not null)`
  return `if(${counted_ms} > 0, sum(s.${counter}) * 1000 / ${counted_ms}, null)`
}

/** One row per server instance and model seen in the range. */
export async function serversNow(db: Db, range: TimeRange): Promise<ServerNow[]> {
  return db.query<ServerNow>(
    `select server, instance, model,
      argMax(s.endpoint, s.timestamp) as endpoint,
      toUnixTimestamp64Milli(max(s.timestamp)) as timestamp_ms,
      argMax(tuple(s.running), s.timestamp).1 as running,
      argMax(tuple(s.waiting), s.timestamp).1 as waiting,
      argMax(tuple(s.kv_cache_ratio), s.timestamp).1 as kv_cache_ratio,
      ${rate('input_tokens')} as input_tokens_per_second,
      ${rate('output_tokens')} as output_tokens_per_second,
      ${rate('requests_ok')} as requests_per_second,
      sum(s.preemptions) as preemptions,
      if(sum(s.prefix_queries) > 0, sum(s.prefix_hits) / sum(s.prefix_queries), null) as prefix_hit_ratio,
      countIf(s.restarted) as restarts
    from server_samples as s
    where timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}) and timestamp < fromUnixTimestamp64Milli({to_ms:Int64})
    group by server, instance, model order by instance, model limit 1000`,
    { from_ms: range.from, to_ms: range.to },
  )
}
