/** LiteLLM's spend logs: table LiteLLM_SpendLogs, and what /spend/logs answers with. */
import { emptyRequest, type LlmRequest } from '../../../records/llm-request.ts'
import { providerOfHost } from '../../../records/provider.ts'
import { BadRow, type Clock } from '../bad-row.ts'
import { readRequestBody, readResponseBody, specialTier } from './body.ts'
import { identify, setDuration, setFailure, setInputBasis, setSuccess, setTtft, setUsageSource } from './fields.ts'
import type { RequestFormat, Skipped } from './format.ts'
import { at, contentOf, fill, textOf, type JsonObject, type NamedRow } from './named-row.ts'

/** Its call types, of which most have a twin that begins with an a. */
const operations = new Map([
  ['completion', 'chat'],
  ['responses', 'chat'],
  ['anthropic_messages', 'chat'],
  ['embedding', 'embeddings'],
])
/** Calls of tools, files and stores: no model answers them. */
const otherCalls = /(?:^|_)(?:mcp|files?|vector_stores?)(?:_|$)/

export const litellm: RequestFormat = {
  name: 'litellm',
  kind: 'requests',
  time: ['startTime', 'start_time'],
  matches: (columns) =>
    columns.has('request_id') && columns.has('call_type') && columns.has('spend') && columns.has('api_key'),

  toRequest(row, clock) {
    const id = row.text('request_id')
    if (id === '')
      throw new BadRow(
        'request_id_missing',
        'request_id is empty; /spend/logs sums days up unless asked with summarize=false',
      )
    const metadata = row.object('metadata')
    const skipped = otherThanModelCall(row)
    if (skipped) return skipped
    const request = emptyRequest()
    request.timestamp = row.time(litellm.time, clock)
    request.role = 'gateway'
    identify(request, 'litellm', id)
    readTimes(row, request, clock)
    readNames(row, request, metadata)
    readUsage(row, request, metadata)
    readContent(row, request, metadata)
    readOutcome(row, request, metadata)
    readAttributes(row, request, metadata)
    return request
  },
}

function otherThanModelCall(row: NamedRow): Skipped | null {
  const paid = Number(row.text('spend')) > 0
  if (otherCalls.test(row.text('call_type')) && !paid) return { skipped: 'not_a_model_call' }
  // Turned away at the door, such as for a wrong key.
  return row.text('model', 'model_group') === '' && !paid ? { skipped: 'no_model' } : null
}

/** The first token's time is that of the end when nothing was streamed. */
function readTimes(row: NamedRow, request: LlmRequest, clock: Clock): void {
  setDuration(request, row.maybeTime(['endTime', 'end_time'], clock))
  const first = row.maybeTime(['completionStartTime', 'completion_start_time'], clock)
  setTtft(request, first === null ? null : (first - request.timestamp) / 1000)
}

function readNames(row: NamedRow, request: LlmRequest, metadata: JsonObject): void {
  request.model = row.text('model')
  request.requested_model = row.text('model_group')
  const base = URL.parse(row.text('api_base'))
  const path = request.model.split('/')
  request.provider =
    row.text('custom_llm_provider') ||
    (base && providerOfHost(base.hostname)) ||
    (path.length > 1 ? (path[0] ?? '') : '')
  request.instance = base?.host ?? ''
  const call = row.text('call_type')
  const plain = call.replace(
    /^a(?=completion|text_completion|embedding|responses|rerank|moderation|speech|transcription|generate|image)/,
    '',
  )
  request.operation = operations.get(plain) ?? plain
  // The customer that a key's owner calls for is the user; who owns the key is kept beside.
  request.user_id = row.text('end_user', 'user') || textOf(metadata['user_api_key_user_id'])
  request.team = textOf(metadata['user_api_key_team_alias']) || row.text('team_id')
  request.api_key = textOf(metadata['user_api_key_alias']) || row.text('api_key')
  request.session_id = row.text('session_id')
}

function readUsage(row: NamedRow, request: LlmRequest, metadata: JsonObject): void {
  row.fill(request, 'input_tokens', 'prompt_tokens')
  row.fill(request, 'output_tokens', 'completion_tokens')
  row.fill(request, 'reported_cost_usd', 'spend')
  // The table has zeros where nothing is known: no usage, and models that it has no price of.
  if (request.input_tokens === 0 && (request.output_tokens ?? 0) === 0)
    request.input_tokens = request.output_tokens = null
  request.cache_hit = /^true$/i.test(row.text('cache_hit'))
  if (request.reported_cost_usd === 0 && !request.cache_hit) request.reported_cost_usd = null
  const detail = (target: 'cached_input_tokens' | 'cache_write_tokens' | 'reasoning_tokens', ...paths: string[]) => {
    for (const path of paths)
      for (const part of ['additional_usage_values', 'usage_object'])
        if (request[target] === null) fill(request, target, at(metadata[part], path), `metadata.${part}.${path}`)
  }
  detail('cached_input_tokens', 'cache_read_input_tokens', 'prompt_tokens_details.cached_tokens')
  detail('cache_write_tokens', 'cache_creation_input_tokens', 'prompt_tokens_details.cache_creation_tokens')
  detail('reasoning_tokens', 'completion_tokens_details.reasoning_tokens')
  setInputBasis(request, 'inclusive')
  setUsageSource(request)
  request.service_tier = specialTier(textOf(at(metadata, 'usage_object.service_tier')))
}

/** Prompts are in `messages` or, in later versions, in the body of the request. */
function readContent(row: NamedRow, request: LlmRequest, metadata: JsonObject): void {
  request.input = contentOf(row.value('messages'))
  for (const body of [row.value('proxy_server_request'), metadata['proxy_server_request']])
    readRequestBody(request, body)
  readResponseBody(request, row.value('response'))
}

function readOutcome(row: NamedRow, request: LlmRequest, metadata: JsonObject): void {
  const status = row.text('status') || textOf(metadata['status'])
  const error = metadata['error_information']
  if (status !== 'failure') return setSuccess(request)
  const code = Number(textOf(at(error, 'error_code')))
  setFailure(
    request,
    textOf(at(error, 'error_class')),
    Number.isInteger(code) ? code : null,
    textOf(at(error, 'error_message')),
  )
  const message = textOf(at(error, 'error_message'))
  if (message !== '') request.attributes.set('error.message', message)
}

function readAttributes(row: NamedRow, request: LlmRequest, metadata: JsonObject): void {
  const attribute = (name: string, value: unknown) => {
    const text = contentOf(value)
    if (text !== '') request.attributes.set(name, text)
  }
  attribute('litellm.request_tags', row.text('request_tags'))
  attribute('litellm.key_owner', row.text('end_user') === '' ? '' : row.text('user'))
  attribute('litellm.organization_id', row.text('organization_id'))
  for (const [name, value] of Object.entries((metadata['spend_logs_metadata'] ?? {}) as JsonObject))
    attribute(`metadata.${name}`, value)
  const retries = Number(textOf(metadata['attempted_retries']))
  if (Number.isInteger(retries) && retries > 0 && retries < 1000) request.attempt = retries + 1
}
