/**
 * The arithmetic of prices. Rates are dollars per 1M tokens; each kind of token costs a whole number of pico-dollars (1e-12 USD),
 * worked out exactly and rounded once, half up. A double holds their sum exactly up to 9,000 USD a request, and the `requests`
 * table stores to the same digit.
 */
import { picoProduct } from './decimal.ts'
import type { EpochMicros } from './span.ts'

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

/** Throughput that is paid by the hour, used or not. */
export interface Provisioned {
  /** Dollars per hour of one unit. */
  hour_usd: number
  units: number
  /** Tokens, input and output together, that one unit can serve; null when nobody said. */
  capacity_tokens_per_minute: number | null
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
  /** On every token rate, not on `request_usd`: 0.5 for half price in a batch. */
  multiplier: number
  /** Null: paid by the token. Otherwise the rates are the share of an hour that a token takes up. */
  provisioned: Provisioned | null
}

/** A price under its name, as table `prices` keeps it: enough to work a stored cost out again. */
export interface PriceRecord {
  /** `<provider>/<model>` of a catalogue or `override/<name>`; with the version it names exactly one set of rates. */
  id: string
  version: string
  /** The list that it stands in. */
  source: 'override' | 'genai-prices' | 'litellm'
  provider: string
  model: string
  valid_from: EpochMicros | null
  /** The first moment at which it no longer holds. */
  valid_to: EpochMicros | null
  price: Price
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

/** One kind of token of one request. */
export interface CostPart {
  part: 'input' | 'cached_input' | 'cache_write' | 'output' | 'reasoning'
  tokens: number
  rate: Rate
  pico: number
}

/** One flat rate. */
export function flat(usd: number): Rate {
  return { usd, tiers: [] }
}

/** A price by the token, of which only some rates are special. */
export function tokenPrice(rates: Pick<Price, 'input' | 'output'> & Partial<Price>): Price {
  const plain = { cached_input: null, cache_write: null, reasoning: null, request_usd: 0, multiplier: 1 }
  return { ...plain, provisioned: null, ...rates }
}

/** What a call costs; null when neither token count is known, since absent usage is not free. */
export function costOf(price: Price, usage: Usage): Cost | null {
  const input = inputParts(price, usage)
  const output = outputParts(price, usage)
  if (input === null && output === null) return null
  const inputPico = input && sumOf(input)
  const outputPico = output && sumOf(output)
  const fee = feeOf(price)
  return {
    cost_usd: ((inputPico ?? 0) + (outputPico ?? 0) + fee) / 1e12,
    input_cost_usd: inputPico === null ? null : (inputPico + fee) / 1e12,
    output_cost_usd: outputPico === null ? null : outputPico / 1e12,
    cache_savings_usd: savings(price, usage, inputPico),
  }
}

/** Uncached, cached and written input at their rates; null when the input is unknown. */
export function inputParts(price: Price, usage: Usage): CostPart[] | null {
  if (!isPriced(price) || known(usage.input_tokens) === null) return null
  const total = inputTotal(usage)
  const cached = known(usage.cached_input_tokens) ?? 0
  const written = known(usage.cache_write_tokens) ?? 0
  const parts = [part(price, 'input', price.input, total - cached - written, total)]
  if (cached > 0) parts.push(part(price, 'cached_input', price.cached_input ?? price.input, cached, total))
  if (written > 0) parts.push(part(price, 'cache_write', price.cache_write ?? price.input, written, total))
  return parts
}

/** Output, with reasoning apart where that has a rate of its own; null when the output is unknown. */
export function outputParts(price: Price, usage: Usage): CostPart[] | null {
  const output = known(usage.output_tokens)
  if (!isPriced(price) || output === null) return null
  const total = inputTotal(usage)
  const reasoning = price.reasoning === null ? 0 : Math.min(known(usage.reasoning_tokens) ?? 0, output)
  const parts = [part(price, 'output', price.output, output - reasoning, total)]
  if (price.reasoning && reasoning > 0) parts.push(part(price, 'reasoning', price.reasoning, reasoning, total))
  return parts
}

/** Pico-dollars of a request, whatever its tokens. */
export function feeOf({ request_usd }: Price): number {
  return request_usd === 0 ? 0 : Number(picoProduct([request_usd]))
}

/** The rate that holds for a request of so many input tokens; `above` is the tier's limit, null for the lowest. */
export function rateAt(rate: Rate, inputTokens: number): { usd: number; above: number | null } {
  let [usd, above]: [number, number | null] = [rate.usd, null]
  for (const tier of rate.tiers) if (inputTokens > tier.start) [usd, above] = [tier.usd, tier.start]
  return { usd, above }
}

/** Telemetry that leaves cached tokens out of the total shows when the parts exceed it: the total is then rebuilt. */
export function inputTotal(usage: Usage): number {
  const input = known(usage.input_tokens) ?? 0
  const parts = (known(usage.cached_input_tokens) ?? 0) + (known(usage.cache_write_tokens) ?? 0)
  return parts > input ? input + parts : input
}

/** A price by the hour says something about tokens only when its capacity is known. */
function isPriced({ provisioned }: Price): boolean {
  return provisioned === null || provisioned.capacity_tokens_per_minute !== null
}

function part(price: Price, name: CostPart['part'], rate: Rate, tokens: number, inputTokens: number): CostPart {
  const { usd } = rateAt(rate, inputTokens)
  return { part: name, tokens, rate, pico: picoOfTokens(usd, tokens, price.multiplier) }
}

function savings(price: Price, usage: Usage, inputPico: number | null): number | null {
  if (inputPico === null || (usage.cached_input_tokens === null && usage.cache_write_tokens === null)) return null
  const total = inputTotal(usage)
  return (part(price, 'input', price.input, total, total).pico - inputPico) / 1e12
}

/** What is no count of tokens, negative or broken, is unknown. */
function known(tokens: number | null): number | null {
  return tokens !== null && tokens >= 0 && Number.isInteger(tokens) ? tokens : null
}

/** Rates of at most six decimals, nearly all, are whole pico-dollars a token: doubles then do the same as decimals. */
function picoOfTokens(usdPerMillion: number, tokens: number, multiplier: number): number {
  const each = Math.round(usdPerMillion * 1e6)
  const product = each * tokens
  if (multiplier === 1 && each / 1e6 === usdPerMillion && product <= Number.MAX_SAFE_INTEGER) return product
  return Number(picoProduct([usdPerMillion, multiplier, tokens], -6))
}

function sumOf(parts: readonly CostPart[]): number {
  let pico = 0
  for (const part of parts) pico += part.pico
  return pico
}
