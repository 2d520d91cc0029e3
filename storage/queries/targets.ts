/** The newest state of every scrape target. Reads `targets`. */
import type { TargetState } from '../../records/server-sample.ts'
import type { Db } from '../client.ts'

export interface TargetRow {
  url: string
  kind: string
  endpoint: string
  state: TargetState
  /** Epoch ms of the last attempt. */
  timestamp_ms: number
  duration_ms: number | null
  series: number | null
  samples: number | null
  /** What is wrong and what to do; empty when up. */
  error: string
}

/** Targets tried since `since` (epoch ms): one taken out of the configuration drops out by itself. */
export async function latestTargets(db: Db, since: number): Promise<TargetRow[]> {
  return db.query<TargetRow>(
    `select url, kind, endpoint, state, toUnixTimestamp64Milli(timestamp) as timestamp_ms, duration_ms, series, samples, error
    from targets where timestamp >= fromUnixTimestamp64Milli({since_ms:Int64})
    order by timestamp desc limit 1 by url`,
    { since_ms: since },
  )
}
