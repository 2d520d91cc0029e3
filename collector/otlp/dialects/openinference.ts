/** OpenInference (Arize Phoenix and its instrumentations, Envoy AI Gateway): `llm.*` with flattened messages. */
import type { Attributes } from '../../../records/span.ts'
import { boolean, identifier, integer, number, objectFields, text } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { extend, nameModel, readFields, setTier } from './fields.ts'
import { genAiNames } from './gen-ai.ts'
import { readLangChain } from './langchain.ts'
import { unflatten } from './messages.ts'
import { settleUsage } from './usage.ts'

const names = extend(genAiNames, {
  provider: ['llm.provider', 'llm.system'],
  requested_model: ['llm.request.model_name'],
  // llm.model_name is the answering model where the client knows it, else the one asked for.
  response_model: ['llm.response.model_name', 'llm.model_name', 'embedding.model_name'],
  input_tokens: ['llm.token_count.prompt'],
  output_tokens: ['llm.token_count.completion'],
  cached_input_tokens: ['llm.token_count.prompt_details.cache_read'],
  cache_write_tokens: ['llm.token_count.prompt_details.cache_write', 'llm.token_count.prompt_details.cache_creation'],
  reasoning_tokens: ['llm.token_count.completion_details.reasoning'],
  finish_reason: ['llm.finish_reason'],
})

const none: Attributes = new Map()
const wrappers = new Set(['message', 'tool_call', 'message_content'])

export const openInference: Dialect = {
  name: 'openinference',
  scope: /^@arizeai\/openinference-|^openinference\.instrumentation\./,
  elsewhere: true,

  matches({ attributes }) {
    const kind = attributes.get('openinference.span.kind')
    return kind === 'LLM' || kind === 'EMBEDDING'
  },

  toRequest(span) {
    const { attributes } = span
    const request = readFields(span, names)
    request.operation = attributes.get('openinference.span.kind') === 'EMBEDDING' ? 'embeddings' : 'chat'
    if (request.request_id === '') request.request_id = responseId(attributes)
    const asked = objectFields(attributes, 'llm.invocation_parameters')
    if (asked) {
      const model = identifier(asked, ['model', 'model_name'])
      if (request.requested_model === '' && model !== '') {
        nameModel(request, model, identifier(attributes, names.response_model))
      }
      request.streamed ||= boolean(asked, ['stream']) ?? false
      request.max_tokens ??= integer(asked, ['max_tokens', 'max_completion_tokens', 'max_output_tokens'])
    }
    if (request.service_tier === '') setTier(request, servedTier(attributes), text(asked ?? none, ['service_tier']))
    settleUsage(request, { total: number(attributes, ['llm.token_count.total']) })
    request.input = unflatten(attributes, 'llm.input_messages.', wrappers) || text(attributes, ['input.value'])
    request.output = unflatten(attributes, 'llm.output_messages.', wrappers) || text(attributes, ['output.value'])
    if (span.scope_name.includes('langchain')) readLangChain(attributes, request)
    return request
  },
}

/** The vendor's id leads the raw answer; the rest of it need not be parsed. */
function responseId(attributes: Attributes): string {
  const output = attributes.get('output.value')
  if (typeof output !== 'string') return ''
  return /^\s{0,8}\{\s{0,8}"id"\s{0,8}:\s{0,8}"([\w.:-]{1,200})"/.exec(output)?.[1] ?? ''
}

/** The raw answer names the tier that served it. Inside of messages its quotes would be escaped. */
function servedTier(attributes: Attributes): string {
  const output = attributes.get('output.value')
  if (typeof output !== 'string' || !output.includes('"service_tier"')) return ''
  return /"service_tier"\s{0,8}:\s{0,8}"(\w{1,64})"/.exec(output)?.[1] ?? ''
}
