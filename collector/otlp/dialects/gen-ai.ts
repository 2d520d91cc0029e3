/**
 * OpenTelemetry's GenAI conventions, all vintages at once: one package may mix two of them, so current names are asked
 * before deprecated ones and no version is ever looked at. Also what Anthropic's SDK and the Vercel AI SDK 7 emit.
 */
import type { Attributes } from '../../../records/span.ts'
import { text } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { extend, type FieldNames, forgetZeroUsage, includeCacheInInput, readFields } from './fields.ts'
import { eventMessages, withSystem } from './messages.ts'

/** Names that users and frameworks put on spans of any dialect. */
const contextNames: FieldNames = {
  provider: [],
  requested_model: [],
  response_model: [],
  request_id: [],
  input_tokens: [],
  cached_input_tokens: [],
  cache_write_tokens: [],
  output_tokens: [],
  reasoning_tokens: [],
  max_tokens: [],
  finish_reason: [],
  streamed: [],
  reported_cost_usd: [],
  ttft_seconds: [],
  ttft_ms: [],
  endpoint: ['inferwatch.endpoint'],
  region: ['inferwatch.region', 'cloud.region', 'aws.region'],
  user_id: ['user.id', 'enduser.id'],
  session_id: ['session.id', 'gen_ai.conversation.id'],
  team: ['inferwatch.team', 'team'],
  feature: ['inferwatch.feature', 'feature'],
  variant: ['inferwatch.variant', 'variant', 'feature_flag.result.variant'],
  api_key: ['inferwatch.api_key'],
  prompt_name: ['gen_ai.prompt.name'],
  prompt_version: ['gen_ai.prompt.version'],
}

export const genAiNames = extend(contextNames, {
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
  finish_reason: ['gen_ai.response.finish_reasons', 'gen_ai.response.finish_reason', 'anthropic.message.stop_reason'],
  streamed: ['gen_ai.request.stream', 'gen_ai.is_streaming', 'llm.is_streaming', 'langsmith.request.streaming'],
  reported_cost_usd: ['gen_ai.usage.cost', 'gen_ai.cost.total_cost', 'llm.cost.total', 'litellm.cost.total'],
  // The AI SDK 7 uses the metric's name as a span attribute.
  ttft_seconds: ['gen_ai.response.time_to_first_chunk', 'gen_ai.client.operation.time_to_first_chunk'],
})

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
    'retrieval rerank retrieve fetch_response search_memory create_memory update_memory delete_memory guardrail evaluate'
  ).split(' '),
)

/** Attributes of dialects that tell parents apart by themselves: with one of these, gen_ai names prove nothing. */
const parents = ['ai.operationId', 'openinference.span.kind', 'traceloop.span.kind', 'langfuse.observation.type']

export const genAi: Dialect = {
  name: 'gen_ai',

  matches({ attributes, name }) {
    const operation = attributes.get('gen_ai.operation.name') ?? attributes.get('llm.request.type')
    if (operation === undefined) {
      return isModelCall(attributes) && name !== 'raw_gen_ai_request' && !hasAny(attributes, parents)
    }
    if (typeof operation !== 'string' || others.has(operation)) return false
    if (!Object.hasOwn(calls, operation) && !isModelCall(attributes)) return false
    return !hasAny(attributes, parents) && isLangSmithCall(attributes)
  },

  toRequest(span) {
    const request = readFields(span, genAiNames)
    const { attributes } = span
    const operation = text(attributes, ['gen_ai.operation.name'])
    request.operation = operationOf(operation)
    includeCacheInInput(request, false)
    forgetZeroUsage(request)
    const content = genAiContent(attributes)
    request.input = content.input
    request.output = content.output
    if (request.input === '' || request.output === '') {
      const events = eventMessages(span)
      request.input ||= events.input
      request.output ||= events.output
    }
    return request
  },
}

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

/** LangSmith gives chains and tools an operation of their children. */
function isLangSmithCall(attributes: Attributes): boolean {
  const kind = attributes.get('langsmith.span.kind')
  return kind === undefined || kind === 'llm' || kind === 'embedding'
}

function hasAny(attributes: Attributes, names: readonly string[]): boolean {
  return names.some((name) => attributes.has(name))
}
