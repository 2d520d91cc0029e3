/**
 * OpenTelemetry's GenAI conventions, all vintages at once: one package may mix two of them, so current names are asked
 * before deprecated ones and no version is ever looked at. Also what the Vercel AI SDK 7 emits.
 */
import type { LlmRequest } from '../../../records/llm-request.ts'
import type { Attributes, AttributeValue, Span } from '../../../records/span.ts'
import { number, text } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { type FieldNames, readFields } from './fields.ts'
import { eventMessages, withSystem } from './messages.ts'
import { settleUsage, type UsageFacts } from './usage.ts'

export const genAiNames: FieldNames = {
  provider: ['gen_ai.provider.name', 'gen_ai.system'],
  requested_model: ['gen_ai.request.model'],
  response_model: ['gen_ai.response.model'],
  request_id: ['gen_ai.response.id'],
  input_tokens: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'gen_ai.response.prompt_tokens'],
  output_tokens: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'gen_ai.response.completion_tokens'],
  cached_input_tokens: [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'gen_ai.usage.cached_tokens',
    'gen_ai.usage.details.cache_read_tokens',
    'gen_ai.usage.details.cache_read_input_tokens',
  ],
  cache_write_tokens: [
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'gen_ai.usage.cache_write_tokens',
    'gen_ai.usage.details.cache_write_tokens',
    'gen_ai.usage.details.cache_creation_input_tokens',
  ],
  reasoning_tokens: [
    'gen_ai.usage.reasoning.output_tokens',
    'gen_ai.usage.reasoning_tokens',
    'gen_ai.usage.details.reasoning_tokens',
  ],
  max_tokens: ['gen_ai.request.max_tokens'],
  finish_reason: ['gen_ai.response.finish_reasons', 'gen_ai.response.finish_reason'],
  streamed: ['gen_ai.request.stream', 'gen_ai.is_streaming', 'llm.is_streaming'],
  response_tier: [
    'openai.response.service_tier',
    'gen_ai.response.service_tier',
    'gen_ai.openai.response.service_tier',
    'anthropic.response.service_tier',
  ],
  request_tier: [
    'openai.request.service_tier',
    'gen_ai.request.service_tier',
    'gen_ai.openai.request.service_tier',
    'anthropic.request.service_tier',
  ],
  attempt: ['inferwatch.attempt'],
  reported_cost_usd: ['gen_ai.usage.cost', 'gen_ai.cost.total_cost', 'llm.cost.total', 'litellm.cost.total'],
  // The AI SDK 7 uses the metric's name as a span attribute.
  ttft_seconds: ['gen_ai.response.time_to_first_chunk', 'gen_ai.client.operation.time_to_first_chunk'],
  ttft_ms: [],
}

/** Operations that call a model once. */
const calls: Record<string, string> = {
  chat: 'chat',
  chat_completion: 'chat',
  call_llm: 'chat',
  text_completion: 'text_completion',
  completion: 'text_completion',
  generate_content: 'generate_content',
  generate: 'generate',
  embeddings: 'embeddings',
  embedding: 'embeddings',
}

/** Operations around calls, which repeat or sum up what their children report, and other work. */
const others = new Set(
  (
    'invoke_agent create_agent agent_step invoke_workflow workflow task execute_task execute_tool tool chain step plan ' +
    'retrieval rerank retrieve fetch_response search_memory create_memory update_memory delete_memory guardrail evaluate ' +
    'record_usage'
  ).split(' '),
)

/** Attributes of dialects that tell parents apart by themselves: with one of these, gen_ai names prove nothing. */
const parents = [
  'ai.operationId',
  'openinference.span.kind',
  'traceloop.span.kind',
  'langfuse.observation.type',
  'langsmith.span.kind',
]

export const genAi: Dialect = {
  name: 'gen_ai',

  matches({ attributes, name }) {
    if (!isGenAiCall(attributes) || name === 'raw_gen_ai_request' || hasAny(attributes, parents)) return false
    const kind = attributes.get('gen_ai.span.kind')
    return kind === undefined || kind === 'LLM' || kind === 'EMBEDDING'
  },

  toRequest: (span) => genAiRequest(span, genAiNames),
}

/** Whether gen_ai names say that this is one call of a model. */
export function isGenAiCall(attributes: Attributes): boolean {
  const operation = attributes.get('gen_ai.operation.name') ?? attributes.get('llm.request.type')
  if (operation === undefined) return isModelCall(attributes)
  if (typeof operation !== 'string' || others.has(operation)) return false
  // What the conventions name nothing for, LiteLLM names after itself: moderation, files.
  return Object.hasOwn(calls, operation) || (isModelCall(attributes) && !operation.startsWith('litellm.'))
}

/** Whether an operation is known to be none: it sums up calls, or is other work. */
export function isAroundCalls(operation: AttributeValue | undefined): boolean {
  return typeof operation === 'string' && others.has(operation)
}

/** A request in these names, for the dialects that differ from the conventions by a few of them. */
export function genAiRequest(span: Span, names: FieldNames, facts: UsageFacts = {}): LlmRequest {
  const request = readFields(span, names)
  const { attributes } = span
  request.operation = operationOf(text(attributes, operationNames))
  settleUsage(request, { total: number(attributes, totalNames), ...facts })
  const content = genAiContent(attributes)
  request.input = content.input
  request.output = content.output
  if (request.input === '' || request.output === '') {
    const events = eventMessages(span)
    request.input ||= events.input
    request.output ||= events.output
  }
  return request
}

const operationNames = ['gen_ai.operation.name']
const totalNames = ['gen_ai.usage.total_tokens', 'llm.usage.total_tokens']

/** OTel's name of an operation: `embedding` → `embeddings`; unknown ones stay, absent is chat's default of the past. */
export function operationOf(operation: string): string {
  if (operation === '') return 'chat'
  return (Object.hasOwn(calls, operation) ? calls[operation] : undefined) ?? operation
}

/** Messages on the span itself. */
export function genAiContent(attributes: Attributes): { input: string; output: string } {
  return {
    input: withSystem(text(attributes, systemNames), text(attributes, inputNames)),
    output: text(attributes, outputNames),
  }
}

const systemNames = ['gen_ai.system_instructions']
const inputNames = ['gen_ai.input.messages', 'gen_ai.prompt']
const outputNames = ['gen_ai.output.messages', 'gen_ai.completion']

/** Without an operation's name: both who and what was called. */
function isModelCall(attributes: Attributes): boolean {
  return (
    (attributes.has('gen_ai.system') || attributes.has('gen_ai.provider.name')) &&
    (attributes.has('gen_ai.request.model') || attributes.has('gen_ai.response.model'))
  )
}

export function hasAny(attributes: Attributes, names: readonly string[]): boolean {
  return names.some((name) => attributes.has(name))
}
