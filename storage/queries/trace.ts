/** All spans of one trace, for its waterfall. Reads `spans`, which has an index on the trace id. */
import type { SpanKind, SpanStatus } from '../../records/span.ts'
import type { Db } from '../client.ts'

export interface TraceSpan {
  timestamp_us: number
  duration_ms: number
  span_id: string
  parent_span_id: string
  name: string
  kind: SpanKind
  service: string
  status: SpanStatus
  status_message: string
  /** Content too, as long as it is kept. */
  attributes: Record<string, string>
}

/** At most `limit` spans, earliest first; empty when the trace is unknown or was stored without spans (imports). */
export async function traceSpans(db: Db, traceId: string, limit = 1000): Promise<TraceSpan[]> {
  return db.query<TraceSpan>(
    `select toUnixTimestamp64Micro(timestamp) as timestamp_us, duration_ms, span_id, parent_span_id, name, kind,
      service, status, status_message, mapConcat(attributes, content) as attributes
    from spans where trace_id = {trace_id:String} order by timestamp, span_id limit {limit:UInt32}`,
    { trace_id: traceId, limit },
  )
}
