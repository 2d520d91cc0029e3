/** What was refused, dropped, cut or is doubtful, by source, reason and subject. Reads `ingest_issues`. */
import type { IssueSeverity } from '../../records/ingest-issue.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

export interface IssueRow {
  source: string
  reason: string
  subject: string
  severity: IssueSeverity
  items: number
  /** Epoch ms, in the range asked about. */
  first_ms: number
  last_ms: number
  /** The newest example: shortened, without content or secrets. */
  example: string
  /** Its place, where it is a span; empty otherwise. */
  example_trace_id: string
  example_span_id: string
}

/** Problems first, then by items. `limit` rows at most. */
export async function ingestIssues(db: Db, range: TimeRange, limit = 500): Promise<IssueRow[]> {
  return db.query<IssueRow>(
    `with argMax(tuple(i.example, i.example_trace_id, i.example_span_id), i.timestamp) as newest
    select source, reason, subject, argMax(i.severity, i.timestamp) as severity, sum(i.items) as items,
      toUnixTimestamp64Milli(min(i.timestamp)) as first_ms,
      toUnixTimestamp64Milli(max(i.timestamp)) as last_ms,
      newest.1 as example, newest.2 as example_trace_id, newest.3 as example_span_id
    from ingest_issues as i
    where timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}) and timestamp < fromUnixTimestamp64Milli({to_ms:Int64})
    group by source, reason, subject
    order by severity = 'hint', items desc, source, reason, subject limit {limit:UInt32}`,
    { from_ms: range.from, to_ms: range.to, limit },
  )
}
