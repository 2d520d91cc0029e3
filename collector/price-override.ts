/** The user's own prices: which requests one holds for, and its rates. */
import { createHash } from 'node:crypto'
import { shifted } from '../records/decimal.ts'
import type { LlmRequest } from '../records/llm-request.ts'
import { flat, tokenPrice, type Price, type PriceRecord, type Rate } from '../records/price.ts'
import { normalProvider } from '../records/provider.ts'
import { pricedTier } from '../records/service-tier.ts'
import { matchFields, type PriceOverride } from './config.ts'
import { globMatcher } from './glob.ts'

export type MatchField = (typeof matchFields)[number]

export interface Override {
  record: PriceRecord
  /** What it looks at besides model, provider and tier. */
  fields: MatchField[]
  /** `names`: the model under every name that it may go by. */
  matches(request: LlmRequest, names: readonly string[]): boolean
  /** On its token rates; null when it says nothing about the tier. */
  multiplierOf(tier: string): number | null
}

export function compileOverride(override: PriceOverride): Override {
  const checks = matchFields.flatMap((field) => {
    const wanted = override[field]
    return wanted === undefined ? [] : [{ field, matches: matcherOf(field, wanted) }]
  })
  const record = recordOf(override)
  const { valid_from, valid_to } = record
  const multipliers = new Map(Object.entries(override.multipliers).map(([tier, value]) => [pricedTier(tier), value]))
  return {
    record,
    fields: checks.map(({ field }) => field),
    matches: (request, names) =>
      (valid_from === null || request.timestamp >= valid_from) &&
      (valid_to === null || request.timestamp < valid_to) &&
      checks.every(({ field, matches }) => valuesOf(field, request, names).some(matches)),
    multiplierOf(tier) {
      // A price for one tier is that tier's price; an hour costs the same whoever uses it.
      const settled = tier === 'standard' || override.service_tier !== undefined || record.price.provisioned !== null
      return multipliers.get(tier) ?? (settled ? 1 : null)
    },
  }
}

function valuesOf(field: MatchField, request: LlmRequest, names: readonly string[]): readonly string[] {
  if (field === 'model') return names
  // Either the vendor's word, or what it is priced as.
  if (field === 'service_tier') return [request.service_tier, pricedTier(request.service_tier)]
  return [request[field]]
}

function matcherOf(field: MatchField, wanted: string | string[]): (value: string) => boolean {
  const patterns = typeof wanted === 'string' ? [wanted] : wanted
  const spelled = field === 'provider' ? (name: string) => (name.includes('*') ? name : normalProvider(name)) : String
  const matchers = patterns.map((pattern) => globMatcher(spelled(pattern)))
  return (value) => matchers.some((matches) => matches(value))
}

function recordOf(override: PriceOverride): PriceRecord {
  const text = (wanted: string | string[] | undefined) =>
    typeof wanted === 'string' ? wanted : (wanted ?? []).join(', ')
  const { effective_from, effective_to } = override
  const price = override.hour_usd === undefined ? priceOf(override) : hourlyPrice(override, override.hour_usd)
  const valid = {
    valid_from: effective_from === undefined ? null : Date.parse(effective_from) * 1000,
    valid_to: effective_to === undefined ? null : Date.parse(effective_to) * 1000,
  }
  return {
    id: `override/${override.name}`,
    // Another rate under the same name is another version: stored costs keep the one that they were worked out with.
    version: `${override.set_on ?? 'config'}@${createHash('sha256')
      .update(JSON.stringify([price, valid]))
      .digest('hex')
      .slice(0, 8)}`,
    source: 'override',
    provider: text(override.provider),
    model: text(override.model),
    ...valid,
    price,
  }
}

type RateKey = 'input_usd' | 'output_usd' | 'cached_input_usd' | 'cache_write_usd' | 'reasoning_usd'

function priceOf(override: PriceOverride): Price {
  const perMillion = (usd: number) => (override.per === '1K' ? shifted(usd, 3) : usd)
  const rateOf = (key: RateKey, otherwise: RateKey): Rate | null => {
    const tiers = override.tiers.flatMap(({ above_input_tokens: start, [key]: usd }) =>
      usd === undefined ? [] : [{ start, usd: perMillion(usd) }],
    )
    if (override[key] === undefined && tiers.length === 0) return null
    return { usd: perMillion(override[key] ?? override[otherwise] ?? 0), tiers }
  }
  return tokenPrice({
    input: rateOf('input_usd', 'input_usd') ?? flat(0),
    output: rateOf('output_usd', 'output_usd') ?? flat(0),
    cached_input: rateOf('cached_input_usd', 'input_usd'),
    cache_write: rateOf('cache_write_usd', 'input_usd'),
    reasoning: rateOf('reasoning_usd', 'output_usd'),
    request_usd: override.request_usd ?? 0,
  })
}

/** What a token takes up of an hour that is paid for: dollars of the hour over the tokens that fit into it. */
function hourlyPrice(override: PriceOverride, hour_usd: number): Price {
  const { units = 1 } = override
  const capacity = override.capacity_tokens_per_minute ?? null
  // Units cancel out: twice as many cost twice as much and serve twice as many tokens.
  const share = flat(capacity === null ? 0 : Math.round((hour_usd * 1e12) / (capacity * 60)) / 1e6)
  const provisioned = { hour_usd, units, capacity_tokens_per_minute: capacity }
  return tokenPrice({ input: share, output: share, provisioned })
}
