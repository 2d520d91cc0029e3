/**
 * The arithmetic of prices. Rates are dollars per 1M tokens; amounts are worked out in whole pico-dollars (1e-12 USD),
 * which a double holds exactly up to 9,000 USD a request, and the `requests` table stores to the same digit.
 */

/** A rate that depends on the size of the request: above `start` input tokens the whole request costs `usd`. */
export interface Tier {
  start: number
  usd: number
}

/** Dollars per 1M tokens. `tiers` rise by `start`. */
export interface Rate {
  usd: number
  tiers: readonly Tier[]
}

/** The rates of one model. Cached and written tokens without a rate of their own cost what input costs. */
export interface Price {
  input: Rate
  output: Rate
  cached_input: Rate | null
  cache_write: Rate | null
  /** Reasoning tokens where they differ from other output. */
  reasoning: Rate | null
  /** Dollars per request on top. */
  request_usd: number
}

/** Tokens as LlmRequest counts them: input with cached and written ones in it, output with reasoning in it. */
export interface Usage {
  input_tokens: number | null
  cached_input_tokens: number | null
  cache_write_tokens: number | null
  output_tokens: number | null
  reasoning_tokens: number | null
}

export interface Cost {
  cost_usd: number
  /** Null when the client reported no such tokens. */
  input_cost_usd: number | null
  output_cost_usd: number | null
  /** Against the rate of uncached input; negative when writing cost more than reading saved; null when unknown. */
  cache_savings_usd: number | null
}

/** One flat rate. */
export function flat(usd: number): Rate {
  return { usd, tiers: [] }
}

/** A rate that a vendor prints per 1K tokens: 0.003 per 1K is 3 per 1M. */
export function perThousand(usd: number): Rate {
  return flat(Math.round(usd * 1e12) / 1e9)
}

/** What a call costs; null when neither token count is known, since absent usage is not free. */
export function costOf(price: Price, usage: Usage): Cost | null {
  const input = known(usage.input_tokens)
  const output = known(usage.output_tokens)
  if (input === null && output === null) return null
  const inputPico = input === null ? null : inputCost(price, usage, input)
  const outputPico = output === null ? null : outputCost(price, usage, output, inputTotal(usage))
  const fee = Math.round(price.request_usd * 1e12)
  return {
    cost_usd: ((inputPico ?? 0) + (outputPico ?? 0) + fee) / 1e12,
    input_cost_usd: inputPico === null ? null : (inputPico + fee) / 1e12,
    output_cost_usd: outputPico === null ? null : outputPico / 1e12,
    cache_savings_usd: savings(price, usage, inputPico),
  }
}

/** Telemetry that leaves cached tokens out of the total shows when the parts exceed it: the total is then rebuilt. */
function inputTotal(usage: Usage): number {
  const input = known(usage.input_tokens) ?? 0
  const parts = (known(usage.cached_input_tokens) ?? 0) + (known(usage.cache_write_tokens) ?? 0)
  return parts > input ? input + parts : input
}

function inputCost(price: Price, usage: Usage, input: number): number {
  const total = inputTotal(usage)
  const cached = known(usage.cached_input_tokens) ?? 0
  const written = known(usage.cache_write_tokens) ?? 0
  return (
    pico(price.input, Math.max(total, input) - cached - written, total) +
    pico(price.cached_input ?? price.input, cached, total) +
    pico(price.cache_write ?? price.input, written, total)
  )
}

function outputCost(price: Price, usage: Usage, output: number, inputTokens: number): number {
  const reasoning = price.reasoning === null ? 0 : Math.min(known(usage.reasoning_tokens) ?? 0, output)
  const plain = pico(price.output, output - reasoning, inputTokens)
  return price.reasoning === null ? plain : plain + pico(price.reasoning, reasoning, inputTokens)
}

function savings(price: Price, usage: Usage, inputPico: number | null): number | null {
  if (inputPico === null || (usage.cached_input_tokens === null && usage.cache_write_tokens === null)) return null
  const total = inputTotal(usage)
  return (pico(price.input, total, total) - inputPico) / 1e12
}

/** Negative counts and such are no counts. */
function known(tokens: number | null): number | null {
  return tokens !== null && tokens >= 0 ? tokens : null
}

/** Whole pico-dollars of `tokens` at a rate; `inputTokens` chooses the tier. */
function pico(rate: Rate, tokens: number, inputTokens: number): number {
  let usd = rate.usd
  for (const tier of rate.tiers) if (inputTokens > tier.start) usd = tier.usd
  return Math.round(usd * 1e6 * tokens)
}
