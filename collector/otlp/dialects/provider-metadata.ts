/**
 * What vendors told the Vercel AI SDK beyond its own counts. Up to version 5 cache tokens stand only here, and the SDK's
 * input is the vendor's: Anthropic's leaves them out.
 */
import type { LlmRequest } from '../../../records/llm-request.ts'
import type { Attributes } from '../../../records/span.ts'
import { fieldsOf, integer, object } from './attributes.ts'

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

/** The tier that OpenAI says it served. */
export function servedTier(attributes: Attributes): string {
  const raw = attributes.get('ai.response.providerMetadata')
  if (typeof raw !== 'string' || !raw.includes('"serviceTier"')) return ''
  return /"serviceTier"\s{0,8}:\s{0,8}"(\w{1,64})"/.exec(raw)?.[1] ?? ''
}
