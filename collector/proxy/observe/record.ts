/** From what was seen of a call to its records: one request and the span that it is. Pure. */
import type { IncomingHttpHeaders } from 'node:http'
import { emptyRequest, type LlmRequest, type RequestStatus, tpotMs } from '../../../records/llm-request.ts'
import { memo } from '../../../records/memo.ts'
import { isVendorModel } from '../../../records/model-name.ts'
import { providerOfHost } from '../../../records/provider.ts'
import type { Attributes, Span } from '../../../records/span.ts'
import { nameModel, setTier } from '../../otlp/dialects/fields.ts'
import { normalFinishReason, statusOfError, statusOfFinish } from '../../otlp/dialects/outcome.ts'
import type { SeenCall } from '../../pipeline.ts'
import type { CallEnd, CallStart } from '../observer.ts'
import type { Estimated } from '../tokens/refine.ts'
import { addTexts, TextSample } from '../usage/estimate.ts'
import { errorOf } from '../usage/errors.ts'
import { at } from '../usage/json.ts'
import type { Facts, Route, UsageParser } from '../usage/parser.ts'
import type { Times } from './times.ts'
import type { TraceContext } from './trace-context.ts'
import type { Who } from './who.ts'

export interface SeenAll {
  start: CallStart
  end: CallEnd
  parser: UsageParser
  route: Route
  trace: TraceContext
  facts: Facts
  times: Times
  who: Who
  /** What the configuration of attribution names, with its values. */
  sources: readonly (readonly [string, string])[]
  api_key: string
  attempt: number
  /** Null: no answer began. */
  status: number | null
  headers: IncomingHttpHeaders
  /** The parsed request; undefined when not known. */
  requestBody: unknown
  /** The parsed answer, where it was no stream. */
  answerBody: unknown
  /** Every part of the answer was read. */
  answerRead: boolean
  upstream: { host: string; instance: string; kindProvider: string }
  /** The prompt as text; '' when none is stored. */
  input: string
}

const ourService = 'inferwatch-proxy'
const scope = { scope_name: 'inferwatch.proxy', scope_version: '1' }
const resourceOf = memo((service): Attributes => new Map([['service.name', service]]))
const maxName = 256
const maxMessage = 1_000

export function recordsOf(seen: SeenAll): { seen: SeenCall; estimated: Estimated } {
  const { start, end, route, trace, facts, times, who } = seen
  const request = emptyRequest()
  request.dialect = 'proxy'
  request.role = 'gateway'
  request.timestamp = Math.round(start.startedMs * 1000)
  request.duration_ms = Math.max(0, end.atMs - start.startedMs)
  request.trace_id = trace.trace_id
  request.span_id = trace.span_id
  request.parent_span_id = trace.parent_span_id
  request.endpoint = start.endpoint
  request.operation = route.operation
  request.instance = seen.upstream.instance
  Object.assign(request, who, { service: who.service || ourService })
  request.api_key = seen.api_key
  request.attempt = seen.attempt
  request.http_status = seen.status
  nameModel(request, name(route.model || facts.requested_model), name(facts.answered_model))
  request.provider = providerOf(seen, request.requested_model)
  request.request_id = name(facts.request_id)
  request.max_tokens = facts.max_tokens
  setTier(request, name(facts.service_tier), name(facts.asked_tier))
  copyTimes(request, facts, times)
  setOutcome(request, seen)
  const estimated = setTokens(request, seen)
  request.tpot_ms = tpotMs(request.duration_ms, request.ttft_ms, request.output_tokens)
  request.reported_cost_usd = facts.reported_cost_usd
  if (request.status !== 'error' && route.operation !== 'embeddings' && (seen.answerRead || facts.streamed))
    request.tool_call_count = facts.answer.toolCalls
  request.input = seen.input
  request.output = facts.answer.toString()
  request.attributes = ownAttributes(seen)
  return { seen: { span: spanOf(request, seen), request }, estimated }
}

const name = (text: string) => (text.length > maxName ? text.slice(0, maxName) : text)

/** Whom the upstream belongs to; of servers that anybody may run only what the answer or the model's name shows. */
function providerOf({ parser, facts, upstream }: SeenAll, model: string): string {
  const known = providerOfHost(upstream.host)
  if (known !== null) return known
  if (facts.server !== '') return facts.server
  if (upstream.kindProvider !== '') return upstream.kindProvider
  return parser.provider === 'openai' && !isVendorModel(model) ? '' : parser.provider
}

function copyTimes(request: LlmRequest, facts: Facts, times: Times): void {
  request.streamed = facts.streamed
  request.ttfb_ms = times.ttfb_ms
  request.ttft_ms = times.ttft_ms
  request.last_token_ms = times.last_token_ms
  request.itl_ms_counts = times.itl_ms_counts
  request.queue_ms = facts.queue_ms
  request.prefill_ms = facts.prefill_ms
  request.decode_ms = facts.decode_ms
}

const cutShort: Record<Exclude<CallEnd['how'], 'complete'>, RequestStatus> = {
  client_aborted: 'cancelled',
  upstream_aborted: 'error',
  upstream_unreachable: 'error',
  refused: 'error',
  timeout: 'timeout',
}

function setOutcome(request: LlmRequest, { end, status, facts, answerBody, headers, parser }: SeenAll): void {
  request.finish_reason = name(normalFinishReason(facts.finish_reason))
  const failed = status !== null && status >= 400
  if (failed) {
    const error = errorOf(answerBody, headers)
    facts.error_message ||= error.message
    request.error_type = name(error.type || facts.error_type || String(status))
    request.status = statusOfError(request.error_type, status, facts.error_message)
    // OpenAI's filter refuses a prompt, which is not the caller's error.
    if (request.error_type === 'content_filter') request.status = 'filtered'
  } else if (facts.error_type !== '') {
    request.error_type = name(facts.error_type)
    request.status = statusOfError(facts.error_type, null, facts.error_message)
  } else if (end.how === 'complete' || hasEnded(facts)) {
    request.status = statusOfFinish(request.finish_reason)
    if (request.status === 'error') request.error_type = parser.name === 'bedrock' ? facts.finish_reason : 'error'
  } else {
    const said = end.error ?? ''
    request.error_type = end.how === 'refused' && word.test(said) ? said : end.how
    request.status = end.how === 'refused' ? statusOfError(request.error_type, null, said) : cutShort[end.how]
  }
}

const word = /^[a-z_]{1,64}$/

/** Clients may close once they have what they wanted: the model had said that it was done. */
const hasEnded = (facts: Facts) => facts.finish_reason !== ''

/** Operations whose tokens are those of texts that we see. */
const counted = new Set(['chat', 'text_completion', 'generate_content', 'embeddings'])
const generating = new Set(['chat', 'text_completion', 'generate_content'])

/** The vendor's counts; where it gave none, or the answer was cut short before it did, an estimate, and of what. */
function setTokens(request: LlmRequest, { end, status, facts, route, parser, requestBody }: SeenAll): Estimated {
  const estimated: Estimated = { input: null, output: null }
  request.input_tokens = facts.input_tokens
  request.cached_input_tokens = facts.cached_input_tokens
  request.cache_write_tokens = facts.cache_write_tokens
  request.output_tokens = facts.output_tokens
  request.reasoning_tokens = facts.reasoning_tokens
  request.input_token_basis = facts.input_token_basis
  if (request.input_tokens !== null || request.output_tokens !== null) request.usage_source = 'reported'
  // What was refused costs nothing; of what never came nothing is known.
  if (status === null || status >= 400 || !counted.has(route.operation)) return estimated
  const open = end.how !== 'complete' && !hasEnded(facts)
  const seen = facts.answer.estimate.tokens
  // Counts in the middle of a stream are of what was generated until then, or only of its beginning.
  if (
    generating.has(route.operation) &&
    seen !== null &&
    (request.output_tokens === null || (open && request.output_tokens < seen))
  ) {
    request.output_tokens = seen
    estimated.output = facts.answer.sample
    request.usage_source = 'estimated'
  }
  if (request.input_tokens !== null) return estimated
  const estimate = new TextSample()
  addTexts(estimate, parser.input(requestBody))
  if (estimate.tokens === null) return estimated
  request.input_tokens = estimate.tokens
  request.usage_source = 'estimated'
  estimated.input = estimate
  return estimated
}

const maxMetadata = 16

/** What stands in no column: how the call ended, how large it was, what the client is, and the users' own metadata. */
function ownAttributes({ start, end, requestBody }: SeenAll): Map<string, string> {
  const attributes = new Map<string, string>()
  if (end.how !== 'complete') attributes.set('proxy.ended', end.how)
  attributes.set('http.request.body.size', String(end.requestBytes))
  attributes.set('http.response.body.size', String(end.responseBytes))
  const agent = start.headers['user-agent']
  if (agent !== undefined) attributes.set('user_agent.original', agent.slice(0, 200))
  const metadata = at(requestBody, 'metadata')
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return attributes
  for (const [key, value] of Object.entries(metadata).slice(0, maxMetadata)) {
    if (typeof value === 'string' && key.length <= 64 && value !== '')
      attributes.set(`metadata.${key}`, value.slice(0, 512))
  }
  return attributes
}

function spanOf(request: LlmRequest, { start, end, sources, upstream, facts }: SeenAll): Span {
  const attributes: Attributes = new Map()
  const set = (key: string, value: string | number | null) => {
    if (value !== null && value !== '') attributes.set(key, value)
  }
  set('gen_ai.operation.name', request.operation)
  set('gen_ai.provider.name', request.provider)
  set('gen_ai.request.model', request.requested_model)
  set('gen_ai.response.model', name(facts.answered_model))
  set('gen_ai.response.id', request.request_id)
  set('gen_ai.usage.input_tokens', request.input_tokens)
  set('gen_ai.usage.output_tokens', request.output_tokens)
  set('gen_ai.response.finish_reasons', request.finish_reason)
  set('http.request.method', start.method)
  set('http.response.status_code', request.http_status)
  set('url.path', pathOf(start.path))
  set('server.address', upstream.host)
  set('inferwatch.endpoint', request.endpoint)
  set('error.type', request.error_type)
  for (const [key, value] of sources) set(key, value)
  const failed = request.status !== 'ok' && request.status !== 'filtered'
  return {
    timestamp: request.timestamp,
    duration_ms: request.duration_ms ?? 0,
    trace_id: request.trace_id,
    span_id: request.span_id,
    parent_span_id: request.parent_span_id,
    name: `${request.operation} ${request.model || request.requested_model}`.trim(),
    kind: 'client',
    service: request.service,
    environment: request.environment,
    ...scope,
    status: failed ? 'error' : 'unset',
    status_message: failed ? (facts.error_message || end.error || '').slice(0, maxMessage) : '',
    attributes,
    resource_attributes: resourceOf(request.service),
    events: [],
    links: [],
    version: 0,
  }
}

/** Queries may hold keys, and are left out. */
const pathOf = (path: string) => (path.split('?', 1)[0] ?? '').slice(0, 512)
