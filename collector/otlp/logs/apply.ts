/** What log events tell of a call that its span does not: messages, usage, and how it ended. Pure. */
import type { LogEvent } from '../../../records/log-event.ts'
import { emptyRequest, tpotMs, type LlmRequest } from '../../../records/llm-request.ts'
import type { Span } from '../../../records/span.ts'
import { attributesSpan } from '../attributes-span.ts'
import { genAi } from '../dialects/gen-ai.ts'
import { normalFinishReason, readOutcome } from '../dialects/outcome.ts'
import { isAnswer, isDetails, isException, isPrompt, messagesOf, unlessHollow } from './messages.ts'

/**
 * Fills in place what the request lacks; what its span says stands. `events` are those of the request's spans, in any order.
 * Costs are not touched: a request that gained tokens is to be priced again.
 */
export function applyLogEvents(request: LlmRequest, events: readonly LogEvent[]): void {
  const told = events.toSorted((a, b) => a.timestamp - b.timestamp || a.version - b.version)
  for (const event of told.filter(isDetails)) applyDetails(request, event)
  applyMessages(request, told)
  const exception = told.findLast(isException)
  if (exception) applyException(request, exception)
}

/**
 * Whether the events of a span that never came tell of a call that was begun and not answered. OpenTelemetry's instrumentation
 * of openai never ends the span of a stream that is dropped: its prompt is all that there is.
 */
export function loneCall(events: readonly LogEvent[]): boolean {
  return events.some(isPrompt) && !events.some((event) => isAnswer(event) || isDetails(event) || isException(event))
}

const textFields = ['request_id', 'provider', 'operation', 'session_id', 'service_tier', 'finish_reason'] as const
const inputFields = ['input_tokens', 'cached_input_tokens', 'cache_write_tokens'] as const
const outputFields = ['output_tokens', 'reasoning_tokens'] as const

/** The newer conventions put a whole call into one event, with the names that spans have. */
function applyDetails(request: LlmRequest, event: LogEvent): void {
  const told = genAi.toRequest(spanOf(event, request))
  for (const field of textFields) if (request[field] === '') request[field] = told[field]
  if (request.model === '') {
    request.model = told.model
    request.model_version = told.model_version
  }
  request.requested_model ||= told.requested_model
  const tokensKnown = request.input_tokens !== null || request.output_tokens !== null
  if (request.input_tokens === null) {
    for (const field of inputFields) request[field] = told[field]
    request.input_token_basis = told.input_token_basis
  }
  if (request.output_tokens === null) for (const field of outputFields) request[field] = told[field]
  if (!tokensKnown) request.usage_source = told.usage_source
  request.max_tokens ??= told.max_tokens
  if (request.ttft_ms === null && told.ttft_ms !== null) {
    request.ttft_ms = told.ttft_ms
    request.streamed = true
  }
  request.tpot_ms ??= tpotMs(request.duration_ms, request.ttft_ms, request.output_tokens)
  if (request.input === '') request.input = unlessHollow(told.input)
  if (request.output === '') request.output = unlessHollow(told.output)
}

/** A framework and the SDK below it may both tell of one conversation: that of one span is taken, the request's own first. */
function applyMessages(request: LlmRequest, events: readonly LogEvent[]): void {
  const bySpan = Map.groupBy(events, (event) => event.span_id)
  const own = bySpan.get(request.span_id)
  const others = [...bySpan].filter(([id]) => id !== request.span_id).map(([, group]) => group)
  for (const group of own ? [own, ...others] : others) {
    const { input, output, finish_reason } = messagesOf(group)
    request.input ||= input
    request.output ||= output
    if (request.finish_reason === '' && finish_reason !== '') finish(request, normalFinishReason(finish_reason))
  }
}

function finish(request: LlmRequest, reason: string): void {
  request.finish_reason = reason
  if (request.status !== 'ok') return
  const told = { ...emptyRequest(), finish_reason: reason }
  readOutcome(attributesSpan(new Map()), told)
  request.status = told.status
}

function applyException(request: LlmRequest, event: LogEvent): void {
  const told = emptyRequest()
  const { timestamp, attributes } = event
  readOutcome(
    { ...spanOf(event, request), status: 'error', events: [{ timestamp, name: 'exception', attributes }] },
    told,
  )
  if (request.status === 'ok' || request.status === 'error') request.status = told.status
  request.error_type ||= told.error_type
  request.http_status ??= told.http_status
}

/** The event's attributes as the span that dialects read. */
function spanOf({ attributes, resource_attributes, scope_name }: LogEvent, request: LlmRequest): Span {
  const duration_ms = request.duration_ms ?? Number.MAX_SAFE_INTEGER
  return attributesSpan(attributes, { duration_ms, resource_attributes, scope_name })
}
