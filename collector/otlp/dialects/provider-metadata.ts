/**
 * What vendors told the Vercel AI SDK beyond its own counts. Up to version 5 cache tokens stand only here, and the SDK's
 * input is the vendor's: Anthropic's leaves them out.
 */
import type { LlmRequest } from '../../../records/llm-request.ts'
import type { Attributes, AttributeValue } from '../../../records/span.ts'
import { integer, object } from './attributes.ts'

/** Fills cache tokens that the span does not name; true when its input is proven to leave them out. */
export function readProviderMetadata(attributes: Attributes, request: LlmRequest): boolean {
  const raw = attributes.get('ai.response.providerMetadata')
  // Most of it is about predictions and tiers: not worth parsing.
  if (raw === undefined || (typeof raw === 'string' && !/cache/i.test(raw))) return false
  const metadata = fieldsOf(object(attributes, 'ai.response.providerMetadata'))
  const anthropic = fieldsOf(metadata.get('anthropic'))
  const usage = fieldsOf(anthropic.get('usage'))
  const bedrock = fieldsOf(fieldsOf(metadata.get('bedrock')).get('usage'))
  const openai = fieldsOf(metadata.get('openai'))
  request.cached_input_tokens ??=
    integer(usage, ['cache_read_input_tokens']) ??
    integer(anthropic, ['cacheReadInputTokens']) ??
    integer(bedrock, ['cacheReadInputTokens']) ??
    integer(openai, ['cachedPromptTokens'])
  request.cache_write_tokens ??=
    integer(usage, ['cache_creation_input_tokens']) ??
    integer(anthropic, ['cacheCreationInputTokens']) ??
    integer(bedrock, ['cacheWriteInputTokens'])
  const uncached = integer(usage, ['input_tokens'])
  return uncached !== null && uncached === request.input_tokens
}

function fieldsOf(value: AttributeValue | undefined): Attributes {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
    ? new Map(Object.entries(value))
    : new Map()
}
