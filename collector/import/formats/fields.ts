/** What more than one format has to work out. */
import type { LlmRequest } from '../../../records/llm-request.ts'
import type { EpochMicros } from '../../../records/span.ts'
import { statusOfError, statusOfFinish } from '../../otlp/dialects/outcome.ts'
import { hexId } from '../identity.ts'

/** Ids for a call that has one of its own, and no trace. */
export function identify(request: LlmRequest, format: string, id: string): void {
  request.request_id = id
  request.trace_id = hexId(`${format}:${id}`, 32)
  request.span_id = hexId(id, 16)
}

/** An end before the start is no duration: what it was is unknown. */
export function setDuration(request: LlmRequest, end: EpochMicros | null): void {
  if (end !== null && end >= request.timestamp) request.duration_ms = (end - request.timestamp) / 1000
}

/** Of streams only: a first token at the very end, or before the start, is none. */
export function setTtft(request: LlmRequest, ttftMs: number | null): void {
  if (ttftMs === null || ttftMs <= 0 || (request.duration_ms !== null && ttftMs >= request.duration_ms)) return
  request.ttft_ms = ttftMs
  request.streamed = true
}

/** Brings input that was counted without its cached tokens to the total; else notes that they were in it. */
export function setInputBasis(request: LlmRequest, counted: 'inclusive' | 'exclusive'): void {
  const { input_tokens: input, cached_input_tokens: read, cache_write_tokens: written } = request
  const cached = (read ?? 0) + (written ?? 0)
  if (input === null || cached === 0) return
  // More cached than there is: they cannot have been in it.
  request.input_token_basis = cached > input ? 'exclusive' : counted
  if (request.input_token_basis === 'exclusive') request.input_tokens = input + cached
}

/** How a call ended that its source calls failed. */
export function setFailure(request: LlmRequest, type: string, code: number | null, message: string): void {
  request.http_status = code !== null && code >= 100 && code <= 599 ? code : (codeIn(message) ?? null)
  request.error_type = type || String(request.http_status ?? '')
  request.status = statusOfError(request.error_type, request.http_status, message)
}

export function setSuccess(request: LlmRequest): void {
  request.status = statusOfFinish(request.finish_reason)
}

/** Counts come from the provider unless the source says otherwise. */
export function setUsageSource(request: LlmRequest, source: 'reported' | 'estimated' = 'reported'): void {
  request.usage_source = request.input_tokens === null && request.output_tokens === null ? '' : source
}

/** Messages begin with the code, or name it: "429 Rate limit reached", "Error code: 429 - …". */
function codeIn(message: string): number | undefined {
  const code = /^(?:\w*Error: )?(?:Error code: )?([45]\d\d)\b/.exec(message)?.[1]
  return code === undefined ? undefined : Number(code)
}
