/** The spans of one trace, for its waterfall, and all that one of them says. Reads `spans`, which has an index on the trace id. */
import type { SpanKind, SpanStatus } from '../../records/span.ts'
import type { Db } from '../client.ts'

/** Bars of a waterfall need no attributes: of 10,000 spans those would be many megabytes. */
export interface TraceSpan {
  timestamp_us: number
  duration_ms: number
  span_id: string
  parent_span_id: string
  name: string
  kind: SpanKind
  service: string
  status: SpanStatus
  /** Its first 300 characters. */
  status_message: string
}

/** More than a page can make sense of; a trace that has more is cut, and says so. */
export const maxTraceSpans = 20_000

/** At most `limit` spans, earliest first; empty when the trace is unknown or was stored without spans (imports). */
export async function traceSpans(db: Db, traceId: string, limit = maxTraceSpans): Promise<TraceSpan[]> {
  return db.query<TraceSpan>(
    `select toUnixTimestamp64Micro(timestamp) as timestamp_us, duration_ms, span_id, parent_span_id, name, kind,
      service, status, leftUTF8(status_message, 300) as status_message
    from spans where trace_id = {trace_id:String} order by timestamp, span_id limit {limit:UInt32}`,
    { trace_id: traceId, limit },
  )
}

/** Spans that are stored of the trace, however many. */
export async function traceSpanCount(db: Db, traceId: string): Promise<number> {
  const [row] = await db.query<{ spans: number }>(
    `select count() as spans from spans where trace_id = {trace_id:String}`,
    { trace_id: traceId },
  )
  return row?.spans ?? 0
}

export interface SpanEventDetail {
  timestamp_us: number
  name: string
  /** Content too, as long as it is kept. */
  attributes: Record<string, string>
}

export interface SpanDetail extends TraceSpan {
  environment: string
  scope_name: string
  scope_version: string
  /** Content too, as long as it is kept. */
  attributes: Record<string, string>
  resource_attributes: Record<string, string>
  events: SpanEventDetail[]
  links: { trace_id: string; span_id: string }[]
}

/** Events and links a page shows of one span. */
const most = 500

/** Everything one span says; null when there is none by these ids. */
export async function spanDetail(db: Db, traceId: string, spanId: string): Promise<SpanDetail | null> {
  const [row] = await db.query<
    Omit<SpanDetail, 'events' | 'links'> & {
      event_times_us: number[]
      event_names: string[]
      event_attributes: Record<string, string>[]
      event_content: Record<string, string>[]
      link_trace_ids: string[]
      link_span_ids: string[]
    }
  >(
    `select toUnixTimestamp64Micro(timestamp) as timestamp_us, duration_ms, span_id, parent_span_id, name, kind, service,
      status, status_message, environment, scope_name, scope_version, mapConcat(attributes, content) as attributes,
      resource_attributes, arrayMap(t -> toUnixTimestamp64Micro(t), arraySlice(event_timestamps, 1, {most:UInt32})) as event_times_us,
      arraySlice(event_names, 1, {most:UInt32}) as event_names, arraySlice(event_attributes, 1, {most:UInt32}) as event_attributes,
      arraySlice(event_content, 1, {most:UInt32}) as event_content,
      arraySlice(link_trace_ids, 1, {most:UInt32}) as link_trace_ids, arraySlice(link_span_ids, 1, {most:UInt32}) as link_span_ids
    from spans where trace_id = {trace_id:String} and span_id = {span_id:String} order by timestamp desc limit 1`,
    { trace_id: traceId, span_id: spanId, most },
  )
  if (!row) return null
  const { event_times_us, event_names, event_attributes, event_content, link_trace_ids, link_span_ids, ...span } = row
  return {
    ...span,
    events: event_times_us.map((timestamp_us, index) => ({
      timestamp_us,
      name: event_names[index] ?? '',
      attributes: { ...event_attributes[index], ...event_content[index] },
    })),
    links: link_trace_ids.map((trace_id, index) => ({ trace_id, span_id: link_span_ids[index] ?? '' })),
  }
}
