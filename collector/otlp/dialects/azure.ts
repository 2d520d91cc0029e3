/** Azure's AI Inference SDKs: gen_ai names with one span event a message, and a deployment's name for a model. */
import type { Dialect } from './dialect.ts'
import { genAi, genAiNames, genAiRequest } from './gen-ai.ts'

export const azure: Dialect = {
  name: 'azure',

  matches(span) {
    const { attributes, scope_name } = span
    const ours =
      attributes.get('gen_ai.system') === 'az.ai.inference' ||
      scope_name === '@azure-rest/ai-inference' ||
      scope_name.startsWith('azure.ai.inference')
    return ours && genAi.matches(span)
  },

  toRequest(span) {
    const request = genAiRequest(span, genAiNames)
    request.provider ||= 'azure.ai.inference'
    return request
  },
}
