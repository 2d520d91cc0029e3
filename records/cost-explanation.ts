/** Why a stored cost is what it is: tokens × rate = dollars, line by line, in exact decimals. */
import { decimalOf, picoOf, picoProduct, storedPico, usdText } from './decimal.ts'
import type { CostSource } from './llm-request.ts'
import { costOf, feeOf, inputParts, inputTotal, outputParts, rateAt, type CostPart, type PriceRecord } from './price.ts'
import type { Usage } from './price.ts'
import type { EpochMicros } from './span.ts'

/** A request as stored; amounts are decimal texts, dollars. */
export interface StoredCost extends Usage {
  timestamp_us: EpochMicros
  trace_id: string
  span_id: string
  provider: string
  model: string
  service_tier: string
  cost_source: CostSource
  cost_usd: string | null
  input_cost_usd: string | null
  output_cost_usd: string | null
  cache_savings_usd: string | null
  reported_cost_usd: string | null
  price_id: string
  price_version: string
}

export interface CostLine {
  part: CostPart['part'] | 'request'
  /** Null for what is paid by the request. */
  tokens: number | null
  rate_usd: string
  per: '1M tokens' | 'request'
  /** The rate is the one of requests above so many input tokens; null when it has no such step. */
  above_input_tokens: number | null
  /** On the rate, for the service tier: `0.5`; `1` as usual. */
  multiplier: string
  /** tokens × rate × multiplier, rounded to a pico-dollar. */
  cost_usd: string
}

export interface CostExplanation {
  request: StoredCost
  /** Empty when no price of ours says anything about it. */
  lines: CostLine[]
  /** Of the lines; null without any. */
  sum_usd: string | null
  /** What the price gives today from the stored tokens; null where it says nothing. */
  recomputed: Record<ComparedField, string | null> | null
  /** Whether every amount that this price decided is stored to the last digit as recomputed; null when there is none to compare. */
  matches: boolean | null
  price: Omit<PriceRecord, 'price'> | null
  /** Why the cost is not the sum of the lines, or cannot be explained; empty when it is. */
  reason: string
}

const compared = ['cost_usd', 'input_cost_usd', 'output_cost_usd', 'cache_savings_usd'] as const
type ComparedField = (typeof compared)[number]

/** `record` is the price that the request names, null when it names none or its rates were not kept. */
export function explainCost(request: StoredCost, record: PriceRecord | null): CostExplanation {
  const reason = reasonOf(request, record)
  if (record === null)
    return { request, lines: [], sum_usd: null, recomputed: null, matches: null, price: null, reason }
  const { price, ...named } = record
  const cost = costOf(price, request)
  const lines = cost === null ? [] : linesOf(record, request)
  const recomputed = cost && {
    // Half of the usage gives no cost, and what was reported instead is not ours.
    cost_usd: isOurs(request) ? stored(cost.cost_usd) : request.cost_usd,
    input_cost_usd: stored(cost.input_cost_usd),
    output_cost_usd: stored(cost.output_cost_usd),
    cache_savings_usd: stored(cost.cache_savings_usd),
  }
  return {
    request,
    lines,
    sum_usd: lines.length === 0 ? null : usdText(lines.reduce((sum, line) => sum + picoOf(line.cost_usd), 0n)),
    recomputed,
    matches: recomputed && compared.every((field) => recomputed[field] === request[field]),
    price: named,
    reason,
  }
}

const isOurs = ({ cost_source, cost_usd }: StoredCost) =>
  cost_source === 'catalogue' || (cost_source === 'provisioned' && cost_usd !== null)

function linesOf({ price }: PriceRecord, request: StoredCost): CostLine[] {
  const total = inputTotal(request)
  const multiplier = decimalText(price.multiplier)
  const parts = [...(inputParts(price, request) ?? []), ...(outputParts(price, request) ?? [])]
  const lines = parts.map(({ part, tokens, rate }): CostLine => {
    const { usd, above } = rateAt(rate, total)
    const pico = picoProduct([usd, price.multiplier, tokens], -6)
    return {
      part,
      tokens,
      rate_usd: decimalText(usd),
      per: '1M tokens',
      above_input_tokens: above,
      multiplier,
      cost_usd: usdText(pico),
    }
  })
  if (price.request_usd > 0)
    lines.push({
      part: 'request',
      tokens: null,
      rate_usd: decimalText(price.request_usd),
      per: 'request',
      above_input_tokens: null,
      multiplier: '1',
      cost_usd: usdText(BigInt(feeOf(price))),
    })
  return lines
}

function reasonOf(request: StoredCost, record: PriceRecord | null): string {
  const { cost_source, price_id, price_version, service_tier, model } = request
  const noUsage = request.input_tokens === null && request.output_tokens === null
  if (cost_source === 'reported')
    return `The client reported this cost: ${record ? 'only a part of its tokens is known' : 'no price of ours fits the request'}`
  if (cost_source === 'gpu') return 'The cost comes from hours of GPUs, not from tokens'
  if (price_id !== '' && record === null)
    return `The rates of ${price_id} (${price_version}) were not kept: inferwatch reprice works the cost out anew and keeps them`
  if (cost_source === 'provisioned' && request.cost_usd === null)
    return noUsage
      ? 'The client reported no tokens; the throughput is paid by the hour'
      : 'The throughput is paid by the hour, and its capacity_tokens_per_minute is not configured: the share of one request is unknown'
  if (cost_source === 'provisioned')
    return 'The throughput is paid by the hour: the cost is the share of its capacity that these tokens take up'
  if (cost_source === 'catalogue') return ''
  if (noUsage) return 'The client reported no tokens'
  if (record) return 'The client reported only a part of the tokens: the sum is not the whole cost'
  if (service_tier !== '') return `No price is known for ${model || 'no model name'} at service tier ${service_tier}`
  return `No price is known for ${model || 'no model name'}`
}

const stored = (usd: number | null) => (usd === null ? null : usdText(storedPico(usd)))

/** All digits of a double, without an exponent: `0.075`, `0.0000003`. */
export function decimalText(value: number): string {
  const { digits, scale } = decimalOf(value)
  if (scale <= 0) return String(digits * 10n ** BigInt(-scale))
  const text = String(digits).padStart(scale + 1, '0')
  return `${text.slice(0, -scale)}.${text.slice(-scale)}`.replace(/\.?0+$/, '')
}
