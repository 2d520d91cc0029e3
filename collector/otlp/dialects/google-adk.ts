/**
 * Google's Agent Development Kit: `call_llm` spans that name the kit as the system, whoever serves the model. Its older
 * versions report Gemini's candidates as output, without their thoughts.
 */
import { normalProvider } from '../../../records/provider.ts'
import type { Attributes } from '../../../records/span.ts'
import { text } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { extend } from './fields.ts'
import { genAiNames, genAiRequest } from './gen-ai.ts'

const oldReasoning = 'gen_ai.usage.experimental.reasoning_tokens'
const names = extend(genAiNames, {
  cached_input_tokens: ['gen_ai.usage.experimental.cached_tokens'],
  reasoning_tokens: [oldReasoning],
})

export const googleAdk: Dialect = {
  name: 'google_adk',
  scope: /^gcp\.vertex\.agent$/,

  matches({ attributes, name }) {
    return name === 'call_llm' || attributes.get('gen_ai.operation.name') === 'generate_content'
  },

  toRequest(span) {
    const { attributes } = span
    const reasoningApart = attributes.has(oldReasoning) && !attributes.has('gen_ai.usage.reasoning.output_tokens')
    const request = genAiRequest(span, names, { reasoningApart })
    request.role = 'framework'
    // Models of others are asked for through LiteLLM, by its names: `anthropic/claude-sonnet-4`.
    const vendor = /^(\w+)\/(?!.*\/models\/)/.exec(request.requested_model)?.[1]
    if (vendor !== undefined && vendor !== 'models') request.provider = normalProvider(vendor)
    request.input ||= contentOf(attributes, 'gcp.vertex.agent.llm_request')
    request.output ||= contentOf(attributes, 'gcp.vertex.agent.llm_response')
    return request
  },
}

/** With content switched off it writes empty objects. */
function contentOf(attributes: Attributes, name: string): string {
  const content = text(attributes, [name])
  return content === '{}' ? '' : content
}
