/** The usage object of OpenAI's APIs, with what other servers and vendors add to it. */
import { at, numberAt, textAt } from './json.ts'
import { type Facts, setInput } from './parser.ts'

/** Fills the token counts; does nothing without a usage object. */
export function readUsage(usage: unknown, facts: Facts): void {
  if (typeof usage !== 'object' || usage === null) return
  const input = numberAt(usage, 'prompt_tokens') ?? numberAt(usage, 'input_tokens')
  const details = at(usage, 'prompt_tokens_details') ?? at(usage, 'input_tokens_details')
  const cached =
    numberAt(details, 'cached_tokens') ??
    // DeepSeek, Moonshot
    numberAt(usage, 'prompt_cache_hit_tokens') ??
    numberAt(usage, 'cached_tokens')
  setInput(facts, input, cached, numberAt(details, 'cache_write_tokens'))
  const output = numberAt(usage, 'completion_tokens') ?? numberAt(usage, 'output_tokens')
  const outputDetails = at(usage, 'completion_tokens_details') ?? at(usage, 'output_tokens_details')
  const reasoning = numberAt(outputDetails, 'reasoning_tokens') ?? numberAt(usage, 'reasoning_tokens')
  facts.reasoning_tokens = reasoning ?? facts.reasoning_tokens
  facts.output_tokens = output ?? facts.output_tokens
  // xAI counts reasoning beside the completion, which only the total shows.
  if (output !== null && input !== null && reasoning && numberAt(usage, 'total_tokens') === input + output + reasoning)
    facts.output_tokens = output + reasoning
  // OpenRouter
  facts.reported_cost_usd = numberAt(usage, 'cost') ?? facts.reported_cost_usd
  // Groq, in seconds.
  facts.queue_ms = inMs(numberAt(usage, 'queue_time')) ?? facts.queue_ms
  facts.prefill_ms = inMs(numberAt(usage, 'prompt_time')) ?? facts.prefill_ms
  facts.decode_ms = inMs(numberAt(usage, 'completion_time')) ?? facts.decode_ms
}

/** What stands around the usage in an answer or in a chunk of one, vLLM's, SGLang's, llama.cpp's and Groq's extras among it. */
export function readEnvelope(body: unknown, facts: Facts): void {
  facts.request_id ||= textAt(body, 'id')
  facts.answered_model ||= textAt(body, 'model')
  facts.service_tier = textAt(body, 'service_tier') || facts.service_tier
  readUsage(at(body, 'usage') ?? at(body, 'x_groq', 'usage'), facts)
  const timings = at(body, 'timings')
  if (timings === undefined) return
  facts.server = 'llama.cpp'
  facts.prefill_ms = numberAt(timings, 'prompt_ms') ?? facts.prefill_ms
  facts.decode_ms = numberAt(timings, 'predicted_ms') ?? facts.decode_ms
}

/** An error that stands in the middle of a stream. */
export function readStreamError(data: unknown, facts: Facts): boolean {
  const error = at(data, 'error')
  if (error === undefined || error === null) return false
  facts.error_type = textAt(error, 'code') || textAt(error, 'type') || 'error'
  facts.error_message = textAt(error, 'message') || (typeof error === 'string' ? error : '')
  return true
}

const inMs = (seconds: number | null) => (seconds === null ? null : seconds * 1000)
