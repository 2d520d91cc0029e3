/** Cloudflare AI Gateway: provider and content under names of its own, the users' metadata as attributes. */
import { text } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { extend } from './fields.ts'
import { genAiNames, genAiRequest } from './gen-ai.ts'

const names = extend(genAiNames, { provider: ['gen_ai.model.provider'] })

export const cloudflare: Dialect = {
  name: 'cloudflare',
  matches: ({ attributes }) => attributes.has('gen_ai.model.provider') && attributes.has('gen_ai.request.model'),

  toRequest(span) {
    const request = genAiRequest(span, names)
    request.role = 'gateway'
    request.input ||= text(span.attributes, ['gen_ai.prompt_json'])
    request.output ||= text(span.attributes, ['gen_ai.completion_json'])
    return request
  },
}
