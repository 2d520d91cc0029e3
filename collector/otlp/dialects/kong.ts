/** Kong AI Gateway: one span a call with gen_ai names, and how the call was made under names of its own. */
import type { Dialect } from './dialect.ts'
import { extend } from './fields.ts'
import { genAiNames, genAiRequest } from './gen-ai.ts'

const names = extend(genAiNames, { reported_cost_usd: ['kong.gen_ai.llm.cost'] })

export const kong: Dialect = {
  name: 'kong',
  scope: /^kong\b/,
  elsewhere: true,
  matches: ({ name, attributes }) => name === 'kong.gen_ai' || attributes.has('kong.gen_ai.request.mode'),

  toRequest(span) {
    const request = genAiRequest(span, names)
    request.role = 'gateway'
    const mode = span.attributes.get('kong.gen_ai.request.mode')
    if (mode === 'stream' || mode === 'realtime') request.streamed = true
    return request
  },
}
