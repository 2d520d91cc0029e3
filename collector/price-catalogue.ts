/** Lists of prices, and the bundled one: @pydantic/genai-prices. Looking a model up walks rules for some 10 µs: callers remember the answer. */
import { createRequire } from 'node:module'
import {
  calcPrice,
  waitForUpdate,
  type ModelInfo,
  type ModelPrice,
  type Provider,
  type TieredPrices,
} from '@pydantic/genai-prices'
import { flat, tokenPrice, type Price, type PriceRecord, type Rate } from '../records/price.ts'
import { catalogueProvider, normalProvider } from '../records/provider.ts'
import type { EpochMicros } from '../records/span.ts'
import type { catalogueNames } from './config.ts'

export interface ListPrice {
  /** `<provider>/<model>` of the catalogue. */
  id: string
  /** Who sells it, folded as `LlmRequest.provider` is. */
  provider: string
  model: string
  price: Price
  /** Tokens; null when the list does not say. */
  context_window: number | null
  /** True when the price depends on date or time of day; all such boundaries fall on whole minutes. */
  varies: boolean
}

export interface Catalogue {
  name: (typeof catalogueNames)[number]
  /** `genai-prices@<version>`. */
  version: string
  /**
   * The price of a model as the vendor names it, at a time; provider null lets the name alone decide. `tier` is `standard` or
   * one that the list has rates for. Null: not listed.
   */
  find(provider: string | null, model: string, at: EpochMicros, tier: string): ListPrice | null
  /** Every model with the price that holds at a time, at the standard tier. */
  list(at: EpochMicros): Promise<DatedPrice[]>
}

/** Epoch µs; null: from ever, for ever. A price that changes with the time of day has no dates. */
export type DatedPrice = ListPrice & Pick<PriceRecord, 'valid_from' | 'valid_to'>

/** Never throws: what the catalogue cannot read it does not list. */
export function createCatalogue(): Catalogue {
  return {
    name: 'genai-prices',
    version: `genai-prices@${packageVersion()}`,
    find(provider, model, at, tier) {
      const id = provider === null ? null : catalogueProvider(provider)
      // It has no rates of service tiers, and its own folding of providers mistakes some.
      if (tier !== 'standard' || (provider !== null && id === null)) return null
      try {
        const found = calcPrice({ input_tokens: 0, output_tokens: 0 }, model, {
          ...(id === null ? {} : { providerId: id }),
          timestamp: new Date(at / 1000),
        })
        return found && listPrice(found)
      } catch {
        return null
      }
    },
    async list(at) {
      // Nothing updates it: these are the prices that the package came with.
      const providers = (await waitForUpdate()) ?? []
      return providers.flatMap((provider) => provider.models.flatMap((model) => datedPrice(provider, model, at)))
    },
  }
}

function datedPrice(provider: Provider, { id }: ModelInfo, at: EpochMicros): DatedPrice[] {
  const found = calcPrice({ input_tokens: 0, output_tokens: 0 }, id, {
    providerId: provider.id,
    timestamp: new Date(at / 1000),
  })
  const listed = found && listPrice(found)
  // Another model's rule matches that name first: this one's price is never used.
  if (!found || !listed || found.model.id !== id) return []
  const { prices } = found.model
  if (!Array.isArray(prices)) return [{ ...listed, valid_from: null, valid_to: null }]
  const starts = prices.flatMap(({ constraint }) =>
    constraint?.type === 'start_date' ? [Date.parse(constraint.start_date) * 1000] : [],
  )
  const latest = Math.max(...starts.filter((start) => start <= at))
  const next = Math.min(...starts.filter((start) => start > at))
  return [
    {
      ...listed,
      valid_from: Number.isFinite(latest) ? latest : null,
      valid_to: Number.isFinite(next) ? next : null,
    },
  ]
}

function listPrice(found: { provider: Provider; model: ModelInfo; model_price: ModelPrice }): ListPrice | null {
  const rates = found.model_price
  const input = rate(rates['input_mtok'])
  const output = rate(rates['output_mtok'])
  // Priced by the hour, page or image: tokens say nothing about it.
  if (input === null && output === null) return null
  const { prices } = found.model
  // One id names one set of rates: a model with several has them numbered.
  const chosen = Array.isArray(prices) ? `#${prices.findIndex((one) => one.prices === rates) + 1}` : ''
  return {
    id: `${found.provider.id}/${found.model.id}${chosen}`,
    provider: normalProvider(found.provider.id),
    model: found.model.id,
    context_window: found.model.context_window ?? null,
    varies: Array.isArray(prices),
    price: tokenPrice({
      input: input ?? flat(0),
      output: output ?? flat(0),
      cached_input: rate(rates['cache_read_mtok']),
      cache_write: rate(rates['cache_write_mtok']),
      reasoning: rate(rates['output_reasoning_mtok']),
      request_usd: (rate(rates['requests_kcount'])?.usd ?? 0) / 1000,
    }),
  }
}

function rate(listed: number | TieredPrices | undefined): Rate | null {
  if (listed === undefined) return null
  if (typeof listed === 'number') return flat(listed)
  const tiers = listed.tiers.map(({ start, price }) => ({ start, usd: price })).sort((a, b) => a.start - b.start)
  return { usd: listed.base, tiers }
}

function packageVersion(): string {
  const require = createRequire(import.meta.url)
  // The package exports no package.json: it lies one folder above its entry.
  const { version } = require(require.resolve('@pydantic/genai-prices').replace(/dist[/\\].*$/, 'package.json')) as {
    version: string
  }
  return version
}
