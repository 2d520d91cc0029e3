/** Langfuse's observations: exports of its pages and API (camelCase), and of its blob storage (snake_case). */
import { emptyRequest, type LlmRequest } from '../../../records/llm-request.ts'
import { BadRow, type Clock } from '../bad-row.ts'
import { hexId } from '../identity.ts'
import { setDuration, setFailure, setSuccess, setTtft, setUsageSource } from './fields.ts'
import type { RequestFormat } from './format.ts'
import { at, contentOf, fill, textOf, type JsonObject, type NamedRow } from './named-row.ts'

const start = ['startTime', 'start_time'] as const
const usage = ['usageDetails', 'usage_details'] as const

export const langfuse: RequestFormat = {
  name: 'langfuse',
  kind: 'requests',
  time: start,
  matches: (columns) =>
    columns.has('type') &&
    ((columns.has('traceId') && columns.has('startTime') && columns.has('usageDetails')) ||
      (columns.has('trace_id') && columns.has('start_time') && columns.has('usage_details'))),

  toRequest(row, clock) {
    const type = row.text('type').toUpperCase()
    if (type === '')
      throw new BadRow('type_missing', 'type is empty; a file of observations is expected, not of traces')
    if (type !== 'GENERATION' && type !== 'EMBEDDING') return { skipped: 'not_a_generation' }
    const request = emptyRequest()
    request.timestamp = row.time(start, clock)
    request.operation = type === 'EMBEDDING' ? 'embeddings' : 'chat'
    readIds(row, request)
    readTimes(row, request, clock)
    readNames(row, request)
    readUsage(row, request)
    readOutcome(row, request)
    request.input = contentOf(row.value('input'))
    request.output = contentOf(row.value('output'))
    readAttributes(row, request)
    return request
  },
}

function readIds(row: NamedRow, request: LlmRequest): void {
  const id = row.text('id')
  if (id === '') throw new BadRow('id_missing', 'id is empty')
  request.span_id = hexId(id, 16)
  request.trace_id = hexId(row.text('traceId', 'trace_id') || `langfuse:${id}`, 32)
  const parent = row.text('parentObservationId', 'parent_observation_id')
  if (parent !== '') request.parent_span_id = hexId(parent, 16)
}

function readTimes(row: NamedRow, request: LlmRequest, clock: Clock): void {
  setDuration(request, row.maybeTime(['endTime', 'end_time'], clock))
  const first = row.maybeTime(['completionStartTime', 'completion_start_time'], clock)
  setTtft(request, first === null ? null : (first - request.timestamp) / 1000)
}

function readNames(row: NamedRow, request: LlmRequest): void {
  request.model = row.text('model', 'providedModelName', 'provided_model_name')
  // Langfuse itself keeps no provider; what came by OpenTelemetry or LangChain says one.
  const metadata = row.value('metadata')
  const named = ['ls_provider', 'provider']
  const attributes = at(metadata, 'attributes') as JsonObject | undefined
  request.provider = textOf(
    attributes?.['gen_ai.provider.name'] ??
      attributes?.['gen_ai.system'] ??
      named.map((name) => at(metadata, name)).find(Boolean),
  )
  const environment = row.text('environment')
  request.environment = environment === 'default' ? '' : environment
  request.user_id = row.text('userId', 'user_id')
  request.session_id = row.text('sessionId', 'session_id')
  request.prompt_name = row.text('promptName', 'prompt_name')
  request.prompt_version = row.text('promptVersion', 'prompt_version')
  const parameters = row.value('modelParameters', 'model_parameters')
  const limit = at(parameters, 'max_completion_tokens') ?? at(parameters, 'max_tokens')
  if (/^\d+$/.test(textOf(limit))) fill(request, 'max_tokens', limit, 'modelParameters.max_tokens')
}

const inputParts = /^(?:input_|cache_(?:read|creation|write)_input_tokens)/
const outputParts = /^output_/
const readParts = /^(?:input_cached|input_cache_read|cache_read_input_tokens)/
const writeParts = /^(?:input_cache_(?:creation|write)|cache_(?:creation|write)_input_tokens)/
const reasoningParts = /^output_reasoning/

/** Counts are a partition: `input` is without what `input_cached_tokens` counts, `output` without reasoning. */
function readUsage(row: NamedRow, request: LlmRequest): void {
  const counts = Object.entries(row.object(...usage)).map(([name, value]) => [name, countOf(value, name)] as const)
  const sum = (parts: RegExp) => {
    const some = counts.filter(([name]) => parts.test(name))
    return some.length === 0 ? null : some.reduce((total, [, value]) => total + value, 0)
  }
  const named = (name: string) => counts.find(([known]) => known === name)?.[1] ?? null
  const [input, output, total] = [named('input'), named('output'), named('total')]
  const [inputRest, outputRest] = [sum(inputParts), sum(outputParts)]
  request.cached_input_tokens = sum(readParts)
  request.cache_write_tokens = sum(writeParts)
  request.reasoning_tokens = sum(reasoningParts)
  // Whoever reported a provider's own totals has the parts in them: then the total is that of the two.
  const inTotals = total !== null && (inputRest ?? 0) + (outputRest ?? 0) > 0 && total === (input ?? 0) + (output ?? 0)
  request.input_tokens = inTotals ? input : plus(input, inputRest)
  request.output_tokens = inTotals ? output : plus(output, outputRest)
  if ((request.cached_input_tokens ?? 0) + (request.cache_write_tokens ?? 0) > 0)
    request.input_token_basis = inTotals ? 'inclusive' : 'exclusive'
  if (counts.length === 0) {
    row.fill(request, 'input_tokens', 'inputUsage', 'promptTokens', 'prompt_tokens')
    row.fill(request, 'output_tokens', 'outputUsage', 'completionTokens', 'completion_tokens')
  }
  // Langfuse counts itself where a client did not.
  const provided = row.text('providedUsageDetails', 'provided_usage_details')
  setUsageSource(request, provided === '{}' ? 'estimated' : 'reported')
  const cost = at(row.object('costDetails', 'cost_details'), 'total')
  fill(request, 'reported_cost_usd', cost ?? row.text('totalCost', 'total_cost'), 'costDetails.total')
}

function countOf(value: unknown, name: string): number {
  const scratch = emptyRequest()
  fill(scratch, 'input_tokens', value, `usageDetails.${name}`)
  return scratch.input_tokens ?? 0
}

const plus = (a: number | null, b: number | null) => (a === null && b === null ? null : (a ?? 0) + (b ?? 0))

function readOutcome(row: NamedRow, request: LlmRequest): void {
  if (row.text('level').toUpperCase() !== 'ERROR') return setSuccess(request)
  setFailure(request, '', null, row.text('statusMessage', 'status_message'))
  // Failed calls come with zeros, whatever they cost.
  if (request.reported_cost_usd === 0) request.reported_cost_usd = null
  if (request.input_tokens === 0 && request.output_tokens === 0) {
    request.input_tokens = request.output_tokens = null
    request.usage_source = ''
  }
}

/** Of metadata only single values: what instrumentation put there may hold prompts. */
function readAttributes(row: NamedRow, request: LlmRequest): void {
  const attribute = (name: string, value: unknown) => {
    const text = contentOf(value)
    if (text !== '') request.attributes.set(name, text)
  }
  attribute('langfuse.observation.name', row.text('name'))
  attribute('langfuse.observation.status_message', row.text('statusMessage', 'status_message'))
  attribute('langfuse.trace.name', row.text('traceName', 'trace_name'))
  attribute('langfuse.trace.tags', row.text('traceTags', 'trace_tags', 'tags'))
  attribute('langfuse.version', row.text('version'))
  attribute('langfuse.release', row.text('release'))
  const metadata = row.value('metadata')
  if (metadata === null || typeof metadata !== 'object' || Array.isArray(metadata)) return
  for (const [name, value] of Object.entries(metadata))
    if (typeof value !== 'object') attribute(`langfuse.observation.metadata.${name}`, value)
}
