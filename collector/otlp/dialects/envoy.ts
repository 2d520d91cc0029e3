/** Envoy AI Gateway: OpenInference by default, gen_ai when asked for. Either way a gateway speaks, not a client. */
import type { Dialect } from './dialect.ts'
import { genAi } from './gen-ai.ts'
import { openInference } from './openinference.ts'

export const envoy: Dialect = {
  name: 'envoy',
  scope: /^envoyproxy\/ai-gateway/,
  matches: (span) => openInference.matches(span) || genAi.matches(span),

  toRequest(span) {
    const request = (openInference.matches(span) ? openInference : genAi).toRequest(span)
    request.role = 'gateway'
    return request
  },
}
