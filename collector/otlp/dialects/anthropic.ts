/** The spans that Anthropic's own SDKs make: the newest gen_ai names, and the finish reason under one of its own. */
import type { Dialect } from './dialect.ts'
import { extend } from './fields.ts'
import { genAiNames, genAiRequest, isGenAiCall } from './gen-ai.ts'

const names = extend(genAiNames, {
  request_id: ['anthropic.request.id'],
  finish_reason: ['anthropic.message.stop_reason'],
})

export const anthropic: Dialect = {
  name: 'anthropic',
  scope: /^com\.anthropic\.sdk\./,
  matches: ({ attributes }) => isGenAiCall(attributes),
  toRequest: (span) => genAiRequest(span, names),
}
