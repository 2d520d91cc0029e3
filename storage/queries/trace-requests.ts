/** The calls of a trace, as marks on its waterfall: without what was said. Reads `requests` at the times of the trace. */
import type { CostSource, RequestStatus } from '../../records/llm-request.ts'
import type { Db } from '../client.ts'
import { timesOf } from './trace-times.ts'

export interface TraceRequest {
  timestamp_us: number
  span_id: string
  parent_span_id: string
  /** Spans that report this call, its own among them; empty when there is but one. */
  merged_span_ids: string[]
  model: string
  provider: string
  endpoint: string
  instance: string
  operation: string
  session_id: string
  user_id: string
  status: RequestStatus
  error_type: string
  http_status: number | null
  streamed: boolean
  finish_reason: string
  attempt: number
  cache_hit: boolean
  duration_ms: number | null
  ttft_ms: number | null
  tpot_ms: number | null
  input_tokens: number | null
  cached_input_tokens: number | null
  output_tokens: number | null
  cost_usd: number | null
  cost_source: CostSource
}

/** At most `limit` calls, earliest first. */
export async function traceRequests(db: Db, traceId: string, limit: number): Promise<TraceRequest[]> {
  const times = await timesOf(db, { trace_id: traceId })
  if (!times) return []
  return db.query<TraceRequest>(
    `select toUnixTimestamp64Micro(timestamp) as timestamp_us, span_id, parent_span_id, merged_span_ids, model, provider, endpoint, instance,
      operation, session_id, user_id, status, error_type, http_status, streamed, finish_reason, attempt, cache_hit,
      duration_ms, ttft_ms, tpot_ms, input_tokens, cached_input_tokens, output_tokens, toFloat64(cost_usd) as cost_usd, cost_source
    from requests where ${times.sql} order by timestamp, span_id limit {limit:UInt32}`,
    { ...times.params, limit },
  )
}
