/** Token counts as clients report them, brought to one meaning: totals, and nulls where nothing was counted. */
import type { LlmRequest } from '../../../records/llm-request.ts'

const counts = [
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
] as const

export interface UsageFacts {
  /** This client is known to leave cached tokens out of its input, however small they are. */
  exclusive?: boolean
  /** The client's own sum of everything, which may prove that it does. */
  total?: number | null
  /** This client is known to leave reasoning out of its output. */
  reasoningApart?: boolean
  /** This client is known to count by itself instead of asking the server. */
  estimated?: boolean
}

/** To be called once every count is read: rebuilds totals and says how they were counted. */
export function settleUsage(
  request: LlmRequest,
  { exclusive = false, total = null, reasoningApart = false, estimated = false }: UsageFacts = {},
) {
  forgetZeroUsage(request)
  includeCache(request, exclusive, total)
  includeReasoning(request, reasoningApart)
  if (isKnown(request.input_tokens) || isKnown(request.output_tokens))
    request.usage_source = estimated ? 'estimated' : 'reported'
}

/** Some clients write zeros where the vendor reported nothing: no call has an empty prompt and an empty answer. */
function forgetZeroUsage(request: LlmRequest): void {
  if (request.input_tokens === 0 && (request.output_tokens ?? 0) === 0)
    for (const field of counts) request[field] = null
  if (request.reported_cost_usd === 0 && request.input_tokens === null && request.output_tokens === null)
    request.reported_cost_usd = null
}

/** OTel's input has cached and written tokens in it; parts that sum to more than it prove that this client's has not. */
function includeCache(request: LlmRequest, exclusive: boolean, total: number | null): void {
  const { input_tokens: input, output_tokens: output } = request
  const parts = positive(request.cached_input_tokens) + positive(request.cache_write_tokens)
  if (!isKnown(input) || parts === 0) return
  const proven = parts > input || (total !== null && total === input + positive(output) + parts)
  request.input_token_basis = exclusive || proven ? 'exclusive' : 'inclusive'
  if (request.input_token_basis === 'exclusive') request.input_tokens = input + parts
}

/** The same for reasoning: Gemini's candidates come without their thoughts. */
function includeReasoning(request: LlmRequest, apart: boolean): void {
  const { output_tokens: output, reasoning_tokens: reasoning } = request
  if (isKnown(output) && isKnown(reasoning) && (apart || reasoning > output)) request.output_tokens = output + reasoning
}

/** Clients send nonsense too: the pipeline makes it unknown and counts it. */
function isKnown(count: number | null): count is number {
  return count !== null && count >= 0
}

function positive(count: number | null): number {
  return isKnown(count) ? count : 0
}
