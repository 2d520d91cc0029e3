/** Something refused, dropped or cut on its way in; table `ingest_issues`. One row per reason and flush, not per item. */
import type { EpochMicros } from './span.ts'

export interface IngestIssue {
  timestamp: EpochMicros
  /** otlp_http, scrape, import, … */
  source: string
  /** Stable word for metrics and grouping: zero_trace_id, end_before_start, body_too_large, … */
  reason: string
  /** Items (spans, series, lines) since the last row of the same source and reason. */
  items: number
  /** One example, shortened, without content or secrets. */
  example: string
}
