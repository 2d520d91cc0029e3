/** Spans that look like a call of a model and that no dialect takes: a gap to close, here or in a client. */
import type { Attributes, Span } from '../../../records/span.ts'
import { textOf } from './attributes.ts'
import { hasAny, isAroundCalls } from './gen-ai.ts'

/** Vocabularies that say by themselves that a span is a parent or other work. */
const kinds = [
  'ai.operationId',
  'openinference.span.kind',
  'traceloop.span.kind',
  'langfuse.observation.type',
  'langsmith.span.kind',
  'gen_ai.span.kind',
  'gen_ai.agent.name',
  'agent_name',
  'gen_ai.tool.name',
  'mcp.method.name',
  'litellm.call_type',
  'hidden_params',
  'db.system',
  'db.system.name',
]
const tokens = [
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.prompt_tokens',
  'llm.usage.total_tokens',
  'llm.usage.prompt_tokens',
  'llm.token_count.prompt',
  'llm.token_count.total',
]
const models = ['gen_ai.request.model', 'gen_ai.response.model', 'llm.model_name', 'llm.request.model']
const messages = [
  'gen_ai.input.messages',
  'gen_ai.prompt',
  'gen_ai.prompt.0.content',
  'llm.input_messages.0.message.content',
]

/**
 * Why a span that requestOf answered with null looks like a call all the same; null when it does not. Pure and cheap; the
 * reasons are few, whatever clients send.
 */
export function unmappedCall({ attributes, name }: Span): string | null {
  const seen = evidence(attributes)
  if (seen === null || name === 'raw_gen_ai_request') return null
  const operation = attributes.get('gen_ai.operation.name') ?? attributes.get('llm.request.type')
  if (isAroundCalls(operation) || hasAny(attributes, kinds)) return null
  if (operation === undefined) return `${seen} without gen_ai.operation.name and provider`
  const word = textOf(operation) ?? ''
  return `${seen} with unknown operation "${/^[\w.-]{1,40}$/.test(word) ? word : '…'}"`
}

function evidence(attributes: Attributes): string | null {
  if (hasAny(attributes, tokens)) return 'token counts'
  if (hasAny(attributes, models)) return 'a model'
  return hasAny(attributes, messages) ? 'messages' : null
}
