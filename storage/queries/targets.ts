/** The newest state of every scrape target. Reads `targets`. */
import type { MissingMeasure, TargetState } from '../../records/server-sample.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

export interface TargetRow {
  url: string
  kind: string
  endpoint: string
  /** `static`, or the name of the provider that discovered it; empty in rows of old. */
  source: string
  /** Labels put on its samples. */
  labels: Record<string, string>
  state: TargetState
  /** Epoch ms of the last attempt. */
  timestamp_ms: number
  duration_ms: number | null
  series: number | null
  samples: number | null
  /** What is wrong and what to do; empty when up. */
  error: string
  /** What a page of its kind should have and does not. */
  missing: MissingMeasure[]
}

/** How long one that ended is shown, in ms. */
const endedShownMs = 600_000

/** Targets tried in the range: one that is no longer configured or discovered drops out by itself, after some minutes. */
export async function latestTargets(db: Db, { from, to }: TimeRange): Promise<TargetRow[]> {
  return db.query<TargetRow>(
    `select * from (
      select url, kind, endpoint, source, labels, state, toUnixTimestamp64Milli(timestamp) as timestamp_ms, duration_ms, series,
        samples, error, missing
      from targets where timestamp >= fromUnixTimestamp64Milli({from_ms:Int64})
        and timestamp < fromUnixTimestamp64Milli({to_ms:Int64})
      order by timestamp desc limit 1 by url
    ) where not (state = 'unknown' and timestamp_ms < {ended_ms:Int64})
    order by timestamp_ms desc, url`,
    { from_ms: from, to_ms: to, ended_ms: to - endedShownMs },
  )
}
