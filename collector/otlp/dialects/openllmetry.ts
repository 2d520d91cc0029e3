/**
 * OpenLLMetry (Traceloop): gen_ai names with its own beside them. The legacy form flattens messages into
 * `gen_ai.prompt.N.*`; the newer one follows OTel's conventions but for cache tokens and cost of a few.
 */
import type { Attributes, Span } from '../../../records/span.ts'
import { firstOf, number, text } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { extend, readFields } from './fields.ts'
import { genAiContent, genAiNames, operationOf } from './gen-ai.ts'
import { unflatten } from './messages.ts'
import { normalFinishReason } from './outcome.ts'
import { settleUsage } from './usage.ts'

const names = extend(genAiNames, {
  requested_model: ['llm.request.model'],
  response_model: ['llm.response.model'],
  provider: ['llm.vendor'],
  input_tokens: ['llm.usage.prompt_tokens'],
  output_tokens: ['llm.usage.completion_tokens'],
  reasoning_tokens: ['llm.usage.reasoning_tokens'],
  max_tokens: ['llm.request.max_tokens'],
  finish_reason: ['llm.response.finish_reason', 'llm.response.stop_reason', 'gen_ai.completion.0.finish_reason'],
})

const flat = new Set<string>()
/** Any one of these marks a span of the legacy form. */
const legacyMarks = [
  'llm.request.type',
  'gen_ai.prompt.0.role',
  'gen_ai.prompt.0.content',
  'gen_ai.completion.0.content',
  'llm.usage.total_tokens',
]

export const openLlmetry: Dialect = {
  name: 'openllmetry',

  matches({ attributes, scope_name }) {
    if (!namesModel(attributes)) return false
    if (attributes.has('traceloop.span.kind') || attributes.has('openinference.span.kind')) return false
    if (!scope_name.startsWith('@traceloop/') && !legacyMarks.some((mark) => attributes.has(mark))) return false
    return !notCalls.has(text(attributes, ['gen_ai.operation.name', 'llm.request.type']))
  },

  toRequest(span) {
    const { attributes } = span
    const request = readFields(span, names)
    request.operation = operationOf(text(attributes, ['gen_ai.operation.name', 'llm.request.type']))
    settleUsage(request, {
      exclusive: excludesCache(span),
      total: number(attributes, ['llm.usage.total_tokens', 'gen_ai.usage.total_tokens']),
      estimated: request.streamed && estimatesStreams(span),
    })
    const content = genAiContent(attributes)
    request.input = content.input || unflatten(attributes, 'gen_ai.prompt.', flat)
    request.output = content.output || unflatten(attributes, 'gen_ai.completion.', flat)
    if (request.finish_reason === '') {
      request.finish_reason = normalFinishReason(firstOf(attributes.get('gen_ai.completion.0.finish_reason')))
    }
    return request
  },
}

/** Its Anthropic instrumentation for JavaScript passes on Anthropic's count, which leaves cached tokens out. */
function excludesCache(span: Span): boolean {
  return span.scope_name === '@traceloop/instrumentation-anthropic'
}

/** Its OpenAI instrumentation for JavaScript never reads a stream's usage: what it reports it counted by itself. */
function estimatesStreams(span: Span): boolean {
  return span.scope_name === '@traceloop/instrumentation-openai'
}

const notCalls = new Set(['rerank', 'execute_tool', 'invoke_agent', 'workflow', 'task', 'agent', 'tool'])

function namesModel(attributes: Attributes): boolean {
  return (
    attributes.has('gen_ai.request.model') ||
    attributes.has('gen_ai.response.model') ||
    attributes.has('llm.request.model')
  )
}
