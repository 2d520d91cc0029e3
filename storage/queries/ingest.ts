/** What was refused, dropped or cut on its way in, by source and reason. Reads `ingest_issues`. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

export interface IssueRow {
  source: string
  reason: string
  items: number
  /** Epoch ms. */
  first_ms: number
  last_ms: number
  /** The newest example: shortened, without content or secrets. */
  example: string
}

export async function ingestIssues(db: Db, range: TimeRange): Promise<IssueRow[]> {
  return db.query<IssueRow>(
    `select source, reason, sum(i.items) as items,
      toUnixTimestamp64Milli(min(i.timestamp)) as first_ms,
      toUnixTimestamp64Milli(max(i.timestamp)) as last_ms,
      argMax(i.example, i.timestamp) as example
    from ingest_issues as i
    where timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}) and timestamp < fromUnixTimestamp64Milli({to_ms:Int64})
    group by source, reason order by items desc, source, reason limit 500`,
    { from_ms: range.from, to_ms: range.to },
  )
}
