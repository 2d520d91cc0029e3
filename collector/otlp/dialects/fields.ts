/** From attribute names to request fields: a dialect lists its names per field, in order of preference, as data. */
import { emptyRequest, type LlmRequest } from '../../../records/llm-request.ts'
import { modelName } from '../../../records/model-name.ts'
import { normalProvider, providerOfHost } from '../../../records/provider.ts'
import type { Attributes, Span } from '../../../records/span.ts'
import { boolean, integer, firstOf, identifier, number } from './attributes.ts'
import { normalFinishReason } from './outcome.ts'

const identifierFields = [
  'request_id',
  'region',
  'user_id',
  'team',
  'feature',
  'session_id',
  'api_key',
  'variant',
  'endpoint',
  'prompt_name',
  'prompt_version',
] as const
const countFields = [
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'max_tokens',
] as const

export type FieldName =
  | (typeof identifierFields)[number]
  | (typeof countFields)[number]
  | 'provider'
  | 'requested_model'
  | 'response_model'
  | 'finish_reason'
  | 'streamed'
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
  for (const field of identifierFields) {
    const found = identifier(attributes, names[field])
    if (found !== '') request[field] = found
  }
  for (const field of countFields) request[field] = integer(attributes, names[field])
  request.provider = provider(attributes, names.provider)
  nameModel(request, identifier(attributes, names.requested_model), identifier(attributes, names.response_model))
  request.finish_reason = finishReason(attributes, names.finish_reason)
  request.streamed = boolean(attributes, names.streamed) ?? false
  request.reported_cost_usd = number(attributes, names.reported_cost_usd)
  const seconds = number(attributes, names.ttft_seconds)
  setTtft(span, request, seconds === null ? number(attributes, names.ttft_ms) : seconds * 1000)
  request.instance = instance(attributes)
  return request
}

/** The model that answered, as far as the client says, else the one asked for. */
export function nameModel(request: LlmRequest, requested: string, answered: string): void {
  const { model, version } = modelName(answered === '' ? requested : answered)
  request.requested_model = requested
  request.model = model
  request.model_version = version
}

/** Time to first token in ms; nonsense (not after the start, or after the end) is unknown. Only streams have one. */
export function setTtft(span: Span, request: LlmRequest, ttftMs: number | null): void {
  if (ttftMs === null || !(ttftMs > 0) || ttftMs > span.duration_ms) return
  request.ttft_ms = ttftMs
  request.streamed = true
}

/** When the first of a kind of event came, in ms after the span's start; null without such an event. */
export function firstEventMs(span: Span, names: ReadonlySet<string>): number | null {
  let first: number | null = null
  for (const event of span.events) {
    if (names.has(event.name) && (first === null || event.timestamp < first)) first = event.timestamp
  }
  return first === null ? null : (first - span.timestamp) / 1000
}

/**
 * Clients that report input without the cached part: the total is rebuilt. `known` says that this client does so; for
 * the others parts that sum to more than the total are the proof.
 */
export function includeCacheInInput(request: LlmRequest, known: boolean): void {
  const parts = Math.max(request.cached_input_tokens ?? 0, 0) + Math.max(request.cache_write_tokens ?? 0, 0)
  if (request.input_tokens === null || request.input_tokens < 0 || parts === 0) return
  if (known || parts > request.input_tokens) request.input_tokens += parts
}

/** Some clients write zeros where the vendor reported nothing: no call has an empty prompt and an empty answer. */
export function forgetZeroUsage(request: LlmRequest): void {
  if (request.input_tokens !== 0 || (request.output_tokens ?? 0) !== 0) return
  for (const field of countFields) if (field !== 'max_tokens') request[field] = null
  if (request.reported_cost_usd === 0) request.reported_cost_usd = null
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

/** OpenAI's SDK calls half the world's APIs, and its instrumentations name them all openai: there the host knows better. */
function provider(attributes: Attributes, names: readonly string[]): string {
  const said = normalProvider(identifier(attributes, names))
  if (said !== '' && said !== 'openai') return said
  return providerOfHost(identifier(attributes, serverAddress)) ?? said
}

/** host:port as the client addressed it: joins with the scraped server of that address. */
function instance(attributes: Attributes): string {
  const address = identifier(attributes, serverAddress)
  if (address === '') return ''
  const port = integer(attributes, serverPort)
  return port === null ? address : `${address}:${port}`
}

const serverAddress = ['server.address', 'net.peer.name']
const serverPort = ['server.port', 'net.peer.port']
