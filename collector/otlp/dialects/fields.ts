/** From attribute names to request fields: a dialect lists its names per field, in order of preference, as data. */
import { emptyRequest, type LlmRequest } from '../../../records/llm-request.ts'
import { memo } from '../../../records/memo.ts'
import { modelName } from '../../../records/model-name.ts'
import { normalProvider, providerOfHost } from '../../../records/provider.ts'
import type { Attributes, Span } from '../../../records/span.ts'
import { boolean, integer, firstOf, identifier, number } from './attributes.ts'
import { normalFinishReason } from './outcome.ts'
import { roleOfScope } from './roles.ts'

const countFields = [
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'max_tokens',
] as const

export type FieldName =
  | (typeof countFields)[number]
  | 'provider'
  | 'requested_model'
  | 'response_model'
  | 'request_id'
  | 'finish_reason'
  | 'streamed'
  | 'response_tier'
  | 'request_tier'
  | 'attempt'
  | 'reported_cost_usd'
  | 'ttft_seconds'
  | 'ttft_ms'

export type FieldNames = Readonly<Record<FieldName, readonly string[]>>

/** A vocabulary of its own laid over another: other clients' names are asked after those of `base`. */
export function extend(base: FieldNames, more: Partial<FieldNames>): FieldNames {
  const names: Record<string, readonly string[]> = { ...base }
  for (const [field, list] of Object.entries(more)) names[field] = [...(names[field] ?? []), ...list]
  return names as FieldNames
}

/** A request with every field whose name stands on the span; absent ones stay unknown. */
export function readFields(span: Span, names: FieldNames): LlmRequest {
  const { attributes } = span
  const request = emptyRequest()
  request.role = roleOfScope(span.scope_name)
  request.request_id = identifier(attributes, names.request_id)
  for (const field of countFields) request[field] = integer(attributes, names[field])
  const host = hostOf(identifier(attributes, serverAddress))
  request.provider = provider(identifier(attributes, names.provider), host)
  nameModel(request, identifier(attributes, names.requested_model), identifier(attributes, names.response_model))
  request.finish_reason = finishReason(attributes, names.finish_reason)
  request.streamed = boolean(attributes, names.streamed) ?? false
  setTier(request, identifier(attributes, names.response_tier), identifier(attributes, names.request_tier))
  request.attempt = attempt(attributes, names.attempt)
  request.reported_cost_usd = number(attributes, names.reported_cost_usd)
  const seconds = number(attributes, names.ttft_seconds)
  setTtft(span, request, seconds === null ? number(attributes, names.ttft_ms) : seconds * 1000)
  if (request.ttft_ms === null) setTtft(span, request, firstTokenMs(span))
  request.instance = instance(attributes, host)
  return request
}

/** The model that answered, as far as the client says, else the one asked for. */
export function nameModel(request: LlmRequest, requested: string, answered: string): void {
  const { model, version } = modelName(answered === '' ? requested : answered)
  request.requested_model = requested
  request.model = model
  request.model_version = version
}

/** The tier that served the call, else the one asked for; the usual one has no name. */
export function setTier(request: LlmRequest, served: string, asked: string): void {
  request.service_tier = normalTier(served === '' ? asked : served)
}

const usualTiers = new Set(['default', 'standard', 'auto', 'standard_only', 'on_demand'])
const normalTier = memo((tier) => {
  const word = tier.trim().toLowerCase()
  return usualTiers.has(word) ? '' : word
})

/** Time to first token in ms; nonsense (not after the start, or after the end) is unknown. Only streams have one. */
export function setTtft(span: Span, request: LlmRequest, ttftMs: number | null): void {
  if (!isWithin(span, ttftMs)) return
  request.ttft_ms = ttftMs
  request.streamed = true
}

/** Whether so many ms after its start a span was still under way. */
export function isWithin(span: Span, ms: number | null): ms is number {
  return ms !== null && ms > 0 && ms <= span.duration_ms
}

/** Events that clients record at every chunk, or at the first: OpenInference for Python, Envoy, OpenLLMetry for Python. */
const tokenEvents = new Set([
  'First Token Stream Event',
  'llm.content.completion.chunk',
  'gen_ai.content.completion.chunk',
])

/** When the first token came by the span's events, in ms after its start; null without such an event. */
function firstTokenMs(span: Span): number | null {
  let first: number | null = null
  for (const event of span.events) {
    if (tokenEvents.has(event.name) && (first === null || event.timestamp < first)) first = event.timestamp
  }
  return first === null ? null : (first - span.timestamp) / 1000
}

function finishReason(attributes: Attributes, names: readonly string[]): string {
  for (const name of names) {
    const value = attributes.get(name)
    if (value === undefined) continue
    const found = firstOf(value)
    if (found !== '') return normalFinishReason(found)
  }
  return ''
}

/** 1 unless a client says that it tried before. */
function attempt(attributes: Attributes, names: readonly string[]): number {
  const said = integer(attributes, names)
  if (said !== null && said >= 1) return Math.min(said, 255)
  const resent = integer(attributes, resendCounts)
  return resent !== null && resent >= 1 ? Math.min(resent + 1, 255) : 1
}

/** OpenAI's SDK calls half the world's APIs, and its instrumentations name them all openai: there the host knows better. */
function provider(name: string, host: string): string {
  const folded = normalProvider(name)
  const said = noProviders.has(folded) ? '' : folded
  if (said !== '' && said !== 'openai') return said
  return providerOfHost(host.includes(':') ? host.slice(0, host.indexOf(':')) : host) ?? said
}

/** host:port as the client addressed it: joins with the scraped server of that address. */
function instance(attributes: Attributes, host: string): string {
  if (host === '') return ''
  const port = integer(attributes, serverPort)
  return port === null || Number.isNaN(port) ? host : `${host}:${port}`
}

/** Some write a whole URL where a host is asked for. */
function hostOf(address: string): string {
  return /^https?:\/\/([^/?#@]+)/i.exec(address)?.[1] ?? address
}

/** What frameworks write where they do not know. */
const noProviders = new Set(['langchain', 'unknown', 'none', 'other'])
const serverAddress = ['server.address', 'net.peer.name']
const serverPort = ['server.port', 'net.peer.port']
const resendCounts = ['http.request.resend_count']
