/**
 * The Vercel AI SDK 4 to 6, and 7 with its legacy telemetry: `ai.*` beside some `gen_ai.*`. Parents (`ai.generateText`)
 * sum up their steps, so only the `do…` children count. Version 7 proper speaks gen_ai.
 */
import type { Attributes, Span } from '../../../records/span.ts'
import { number, text, textOf } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { extend, readFields, setTier, setTtft } from './fields.ts'
import { genAiNames } from './gen-ai.ts'
import { answer } from './messages.ts'
import { readProviderMetadata, servedTier } from './provider-metadata.ts'
import { settleUsage } from './usage.ts'

const names = extend(genAiNames, {
  provider: ['ai.model.provider'],
  requested_model: ['ai.model.id'],
  response_model: ['ai.response.model'],
  request_id: ['ai.response.id'],
  input_tokens: ['ai.usage.inputTokens', 'ai.usage.promptTokens', 'ai.usage.tokens'],
  output_tokens: ['ai.usage.outputTokens', 'ai.usage.completionTokens'],
  cached_input_tokens: ['ai.usage.cachedInputTokens', 'ai.usage.inputTokenDetails.cacheReadTokens'],
  cache_write_tokens: ['ai.usage.inputTokenDetails.cacheWriteTokens'],
  reasoning_tokens: ['ai.usage.reasoningTokens', 'ai.usage.outputTokenDetails.reasoningTokens'],
  max_tokens: ['ai.settings.maxOutputTokens', 'ai.settings.maxTokens'],
  finish_reason: ['ai.response.finishReason'],
  // The attribute, not the event's time: version 7's legacy telemetry stamps the event at the span's end.
  ttft_ms: ['ai.response.msToFirstChunk', 'ai.stream.msToFirstChunk'],
})

export const vercelAi: Dialect = {
  name: 'vercel_ai',
  scope: /^ai$/,
  elsewhere: true,

  matches({ attributes }) {
    const operation = attributes.get('ai.operationId')
    return typeof operation === 'string' && /\.do(?:Generate|Stream|Embed)$/.test(operation)
  },

  toRequest(span) {
    const { attributes } = span
    const request = readFields(span, names)
    request.role = 'framework'
    const operation = text(attributes, ['ai.operationId'])
    request.operation = operation.endsWith('.doEmbed') ? 'embeddings' : 'chat'
    if (operation.endsWith('.doStream')) request.streamed = true
    if (request.ttft_ms === null) setTtft(span, request, ttftOfEvent(span))
    if (request.service_tier === '') setTier(request, servedTier(attributes), '')
    const exclusive = readProviderMetadata(attributes, request)
    settleUsage(request, { exclusive, total: number(attributes, ['ai.usage.totalTokens']) })
    request.input = input(attributes)
    request.output = answer(
      text(attributes, ['ai.response.text', 'ai.response.object']),
      attributes.get('ai.response.toolCalls'),
    )
    return request
  },
}

/** Embedded values come as a list of JSON strings: one JSON list of them. */
function input(attributes: Attributes): string {
  const prompt = text(attributes, ['ai.prompt.messages', 'ai.prompt'])
  if (prompt !== '') return prompt
  const values = attributes.get('ai.values')
  return Array.isArray(values) ? `[${values.map((value) => textOf(value) ?? 'null').join(',')}]` : ''
}

/** Older versions set it on the event alone. */
function ttftOfEvent(span: Span): number | null {
  const event = span.events.find(({ name }) => name === 'ai.stream.firstChunk')
  return event ? number(event.attributes, ['ai.response.msToFirstChunk', 'ai.stream.msToFirstChunk']) : null
}
