/**
 * LangSmith's export: gen_ai names of an old vintage, guessed providers, strings and JSON for everything else. Errors keep
 * the status ok, with an exception after the span's end and zeros for usage.
 */
import { integer, objectFields } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { type FieldNames, readFields } from './fields.ts'
import { genAiContent, genAiNames } from './gen-ai.ts'
import { settleUsage } from './usage.ts'

const names: FieldNames = {
  ...genAiNames,
  // gen_ai.system is guessed from the model's name.
  provider: ['langsmith.metadata.ls_provider', ...genAiNames.provider],
  requested_model: [...genAiNames.requested_model, 'langsmith.metadata.ls_model_name'],
  max_tokens: [...genAiNames.max_tokens, 'langsmith.metadata.ls_max_tokens'],
  streamed: ['langsmith.request.streaming', ...genAiNames.streamed],
}

export const langSmith: Dialect = {
  name: 'langsmith',

  matches({ attributes }) {
    const kind = attributes.get('langsmith.span.kind')
    return kind === 'llm' || kind === 'embedding'
  },

  toRequest(span) {
    const { attributes } = span
    const request = readFields(span, names)
    request.role = 'framework'
    request.operation = attributes.get('langsmith.span.kind') === 'embedding' ? 'embeddings' : 'chat'
    const usage = objectFields(attributes, 'langsmith.usage_metadata')
    if (usage) {
      request.input_tokens ??= integer(usage, ['input_tokens'])
      request.output_tokens ??= integer(usage, ['output_tokens'])
    }
    const input =
      objectFields(attributes, 'gen_ai.usage.input_token_details') ??
      (usage && objectFields(usage, 'input_token_details'))
    if (input) {
      request.cached_input_tokens ??= integer(input, ['cache_read'])
      request.cache_write_tokens ??= integer(input, ['cache_creation'])
    }
    const output =
      objectFields(attributes, 'gen_ai.usage.output_token_details') ??
      (usage && objectFields(usage, 'output_token_details'))
    if (output) request.reasoning_tokens ??= integer(output, ['reasoning'])
    settleUsage(request, { total: integer(attributes, ['gen_ai.usage.total_tokens']) })
    Object.assign(request, genAiContent(attributes))
    return request
  },
}
