/** vLLM's own span of a request: what the engine measured, in seconds, and no model in most versions. */
import type { Span } from '../../../records/span.ts'
import { identifier, number } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { extend, isWithin, nameModel } from './fields.ts'
import { genAiNames, genAiRequest } from './gen-ai.ts'

const names = extend(genAiNames, { request_id: ['gen_ai.request.id'] })

export const vllm: Dialect = {
  name: 'vllm',
  scope: /^vllm\b/,
  elsewhere: true,

  matches({ attributes, name, scope_name }) {
    return name === 'llm_request' && (scope_name.startsWith('vllm') || attributes.has('gen_ai.latency.e2e'))
  },

  toRequest(span) {
    const request = genAiRequest(span, names)
    request.role = 'engine'
    request.provider ||= 'vllm'
    request.request_id = responseId(request.request_id)
    if (request.model === '') nameModel(request, '', identifier(span.resource_attributes, resourceModels))
    // The engine knows its first token of every request, streamed or not.
    const ttft = milliseconds(span, 'gen_ai.latency.time_to_first_token')
    if (isWithin(span, ttft)) request.ttft_ms = ttft
    request.queue_ms = milliseconds(span, 'gen_ai.latency.time_in_queue')
    request.prefill_ms = milliseconds(span, 'gen_ai.latency.time_in_model_prefill')
    request.decode_ms = milliseconds(span, 'gen_ai.latency.time_in_model_decode')
    return request
  },
}

/** The id that clients see: the engine's own has a number of the prompt or a suffix behind it. */
function responseId(requestId: string): string {
  return /^((?:chat)?cmpl-[0-9a-f]{32})-\w{1,8}$/.exec(requestId)?.[1] ?? requestId
}

const resourceModels = ['gen_ai.response.model', 'gen_ai.request.model', 'vllm.model', 'model_name', 'model']

function milliseconds(span: Span, name: string): number | null {
  const seconds = number(span.attributes, [name])
  return seconds === null ? null : seconds * 1000
}
