/** Finds what is wrong or missing in spans and can be put right where they come from: the inbox of the page "Ingest". */
import { clientName, pricedName, type IssueSeverity } from '../records/ingest-issue.ts'
import type { LlmRequest } from '../records/llm-request.ts'
import { isSelfHosted } from '../records/provider.ts'
import type { LogEvent } from '../records/log-event.ts'
import type { Span } from '../records/span.ts'
import { createSkewCheck, type Skew } from './clock-skew.ts'
import type { IssueLog } from './issues.ts'

const source = 'spans'
/** Clocks that are kept by NTP agree within milliseconds; less than this is no fault, and orders nothing wrongly that matters. */
const maxSkewMicros = 5e6

/** What a model reads and writes as text, and is paid for by the token. */
const countsTokens = new Set(['', 'chat', 'text_completion', 'generate_content', 'embeddings'])
/** Clients that are known to count without cached tokens: all of their calls are put right, whatever the counts prove. */
const countsWithoutCache = /^@traceloop\/instrumentation-anthropic$|^langfuse|^ai$/
const outputNames = [
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.completion_tokens',
  'llm.usage.completion_tokens',
  'llm.token_count.completion',
]

type Place = Pick<Span, 'trace_id' | 'span_id'>

export interface InboxOptions {
  /** Why a span that is no request looks like a call of a model; null when it does not. */
  unmappedCall?: (span: Span) => string | null
}

export interface Inbox {
  /** Once per span, priced, with the request that it became. The span's version is its time of receipt. Cheap when all is well. */
  observe(span: Span, request: LlmRequest | null): void
  /** Once per call of which events came as logs, and no span. */
  logsAlone(event: Pick<LogEvent, 'scope_name' | 'trace_id' | 'span_id'>): void
}

export function createInbox(issues: IssueLog, { unmappedCall = () => null }: InboxOptions = {}): Inbox {
  const note = (span: Place, severity: IssueSeverity, reason: string, subject: string, example = '') =>
    issues.add(source, reason, 1, example, { subject, severity, span })

  function observeCall(span: Span, request: LlmRequest): void {
    const { input_tokens, output_tokens, streamed } = request
    const counted = input_tokens !== null || output_tokens !== null
    if (request.status === 'ok') {
      if (streamed && request.ttft_ms === null) note(span, 'hint', 'no_ttft', clientOf(span))
      if (!counted && countsTokens.has(request.operation))
        note(span, 'problem', streamed ? 'no_stream_usage' : 'no_usage', clientOf(span))
    }
    if (request.usage_source === 'estimated') note(span, 'hint', 'estimated_usage', clientOf(span))
    if (counted && request.cost_source === 'unknown' && request.price_id === '') noteUnpriced(span, request)
    if (
      request.cached_input_tokens !== null ||
      request.cache_write_tokens !== null ||
      request.reasoning_tokens !== null
    )
      observeParts(span, request)
  }

  function noteUnpriced(span: Span, request: LlmRequest): void {
    const model = request.model || request.requested_model
    if (model === '') return note(span, 'problem', 'no_model', clientOf(span))
    const severity = isSelfHosted(request.provider) ? 'hint' : 'problem'
    const subject = pricedName(request.provider, model)
    if (request.service_tier === '') note(span, severity, 'unpriced_model', subject)
    else note(span, severity, 'unpriced_tier', subject, `service tier ${request.service_tier}`)
  }

  /** Parts that say how their totals were meant. */
  function observeParts(span: Span, request: LlmRequest): void {
    const { input_tokens: input, output_tokens: output, reasoning_tokens: reasoning } = request
    const cached = request.cached_input_tokens ?? 0
    const written = request.cache_write_tokens ?? 0
    if (input !== null && cached + written > input)
      note(
        span,
        'problem',
        'cache_exceeds_input',
        clientOf(span),
        `${cached} cached, ${written} written, ${input} in all`,
      )
    else if (request.input_token_basis === 'exclusive' && !countsWithoutCache.test(span.scope_name))
      note(span, 'hint', 'input_without_cache', clientOf(span))
    if (output === null || reasoning === null) return
    if (reasoning > output)
      note(span, 'problem', 'reasoning_exceeds_output', clientOf(span), `${reasoning} of ${output} output tokens`)
    else if (reasoning > (reportedOutput(span) ?? output))
      note(span, 'hint', 'output_without_reasoning', clientOf(span))
  }

  const skewOf = createSkewCheck(maxSkewMicros)

  function observeClock(span: Span): void {
    const aheadMicros = span.timestamp + span.duration_ms * 1000 - span.version
    if (aheadMicros > maxSkewMicros)
      note(span, 'problem', 'clock_ahead', serviceOf(span.service), `ended ${seconds(aheadMicros)} after it came`)
    const skew = skewOf(span)
    if (skew)
      note(span, 'problem', 'clock_skew', `${serviceOf(skew.caller)} → ${serviceOf(skew.callee)}`, wordsOf(skew))
  }

  return {
    observe(span, request) {
      observeClock(span)
      if (request) return observeCall(span, request)
      const why = span.attributes.size === 0 ? null : unmappedCall(span)
      if (why !== null) note(span, 'problem', 'unmapped_call', clientOf(span), why)
    },
    logsAlone(event) {
      note(event, 'hint', 'logs_alone', clientName(event.scope_name, ''))
    },
  }
}

const clientOf = ({ scope_name, scope_version }: Span) => clientName(scope_name, scope_version)

const serviceOf = (service: string) => service || 'unnamed service'

const wordsOf = ({ earlyMicros }: Skew) =>
  earlyMicros > 0
    ? `began ${seconds(earlyMicros)} before it was called`
    : `began ${seconds(-earlyMicros)} after its caller had the answer`

const seconds = (micros: number) => `${Math.round(micros / 1e6)} s`

/** Output tokens as the client wrote them, before reasoning was added. */
function reportedOutput({ attributes }: Span): number | null {
  for (const name of outputNames) {
    const value = attributes.get(name)
    if (typeof value === 'number') return value
  }
  return null
}
