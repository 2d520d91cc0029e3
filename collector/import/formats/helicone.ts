/** Helicone's requests: what its export tool writes, and what /v1/request/query answers with. */
import { emptyRequest, type LlmRequest } from '../../../records/llm-request.ts'
import { providerOfHost } from '../../../records/provider.ts'
import { BadRow } from '../bad-row.ts'
import { readRequestBody, readResponseBody } from './body.ts'
import { identify, setFailure, setInputBasis, setSuccess, setTtft, setUsageSource } from './fields.ts'
import type { RequestFormat } from './format.ts'
import { at, textOf, type NamedRow } from './named-row.ts'

/** Its names of providers that have other ones here. */
const providers: Record<string, string> = {
  x: 'x_ai',
  vertex: 'gcp.vertex_ai',
  'google-ai-studio': 'gcp.gemini',
}
/** Names that say nothing: the address tells more. */
const unnamed = new Set(['', 'custom', 'helicone', 'local'])
/** States that stand in place of an HTTP status. */
const [pending, cancelled, threat] = [-2, -3, -4]
const noReference = /^[0-]*$/

export const helicone: RequestFormat = {
  name: 'helicone',
  kind: 'requests',
  time: ['request_created_at', 'created_at', 'response_created_at'],
  matches: (columns) =>
    columns.has('response_status') && (columns.has('request_created_at') || columns.has('response_created_at')),

  toRequest(row, clock) {
    const id = row.text('request_id', 'response_id')
    if (id === '') throw new BadRow('request_id_missing', 'request_id is empty')
    const status = statusOf(row)
    if (status === pending) return { skipped: 'pending' }
    const request = emptyRequest()
    request.timestamp = row.time(helicone.time, clock)
    request.role = 'gateway'
    identify(request, 'helicone', id)
    row.fill(request, 'duration_ms', 'delay_ms', 'latency')
    const first = row.text('time_to_first_token')
    setTtft(request, first === '' ? null : Number(first))
    readNames(row, request)
    readUsage(row, request)
    readRequestBody(request, row.value('request_body'))
    const response = row.value('response_body')
    readResponseBody(request, response)
    readOutcome(request, status, response)
    readProperties(row, request)
    return request
  },
}

function statusOf(row: NamedRow): number | null {
  const text = row.text('response_status', 'status')
  if (text === '') return null
  const code = Number(text)
  if (!Number.isInteger(code))
    throw new BadRow('http_status_not_a_number', `response_status ${JSON.stringify(text)} is not a number`)
  return code
}

function readNames(row: NamedRow, request: LlmRequest): void {
  request.model = row.text('response_model', 'model', 'request_model', 'model_override')
  request.requested_model = row.text('request_model', 'model_override')
  const target = URL.parse(row.text('target_url'))
  const provider = row.text('provider').toLowerCase()
  request.provider = unnamed.has(provider)
    ? ((target && providerOfHost(target.hostname)) ?? '')
    : (providers[provider] ?? provider)
  request.instance = target?.host ?? ''
  request.operation = /embeddings/.test(row.text('request_path') || (target?.pathname ?? '')) ? 'embeddings' : 'chat'
  request.user_id = row.text('request_user_id', 'helicone_user', 'user_id')
  request.prompt_name = row.text('prompt_id')
  request.prompt_version = row.text('prompt_version')
}

function readUsage(row: NamedRow, request: LlmRequest): void {
  row.fill(request, 'input_tokens', 'prompt_tokens')
  row.fill(request, 'output_tokens', 'completion_tokens')
  row.fill(request, 'cached_input_tokens', 'prompt_cache_read_tokens')
  row.fill(request, 'cache_write_tokens', 'prompt_cache_write_tokens')
  row.fill(request, 'reasoning_tokens', 'reasoning_tokens')
  row.fill(request, 'reported_cost_usd', 'costUSD', 'cost_usd', 'cost')
  if (request.input_tokens === 0 && (request.output_tokens ?? 0) === 0)
    request.input_tokens = request.output_tokens = null
  request.cache_hit = !noReference.test(row.text('cache_reference_id')) || /^true$/i.test(row.text('cached'))
  // Zero is written for models without a price, too.
  if (request.reported_cost_usd === 0 && !request.cache_hit) request.reported_cost_usd = null
  setInputBasis(request, inputBasis(request, Number(row.text('total_tokens'))))
  setUsageSource(request)
}

/** Counts stand as the provider gave them: Anthropic's are without cached tokens; of others the total tells. */
function inputBasis(request: LlmRequest, total: number): 'inclusive' | 'exclusive' {
  const { input_tokens: input, output_tokens: output, cached_input_tokens: read, cache_write_tokens: written } = request
  if (request.provider === 'anthropic') return 'exclusive'
  return total > 0 && total === (input ?? 0) + (output ?? 0) + (read ?? 0) + (written ?? 0) ? 'exclusive' : 'inclusive'
}

function readOutcome(request: LlmRequest, status: number | null, response: unknown): void {
  if (status === cancelled) request.status = 'cancelled'
  else if (status === threat) request.status = 'filtered'
  else if (status !== null && (status < 100 || status >= 400)) {
    const type = textOf(at(response, 'error.type') ?? at(response, 'error.code'))
    const message = textOf(at(response, 'error.message'))
    setFailure(request, type, status, message)
    if (message !== '') request.attributes.set('error.message', message)
  } else {
    request.http_status = status
    setSuccess(request)
  }
}

/** Fields that people commonly name as properties of their requests, in lower case. */
const propertyFields = {
  team: 'team',
  feature: 'feature',
  environment: 'environment',
  'helicone-session-id': 'session_id',
  'helicone-prompt-id': 'prompt_name',
} as const
const propertyColumn = 'helicone-property-'

function readProperties(row: NamedRow, request: LlmRequest): void {
  const properties: [string, unknown][] = Object.entries(row.object('request_properties', 'properties'))
  for (const column of row.columns)
    if (column.toLowerCase().startsWith(propertyColumn))
      properties.push([column.slice(propertyColumn.length), row.text(column)])
  for (const [name, value] of properties) {
    const text = textOf(value)
    if (text === '') continue
    const known = name.toLowerCase()
    if (Object.hasOwn(propertyFields, known)) request[propertyFields[known as keyof typeof propertyFields]] ||= text
    else request.attributes.set(`helicone.property.${name}`, text)
  }
  for (const name of ['country_code', 'request_path'])
    if (row.text(name) !== '') request.attributes.set(`helicone.${name}`, row.text(name))
}
