import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'

let last = 0

/** A request that nothing but its time, epoch ms, and these fields is known of; its span is like no other of the process. */
export function requestAt(at: number, fields: Partial<LlmRequest>): LlmRequest {
  const span_id = (++last).toString(16).padStart(16, '0')
  const base = { trace_id: span_id.repeat(2), span_id, timestamp: Math.floor(at * 1000) }
  return Object.assign(emptyRequest(), base, fields)
}
