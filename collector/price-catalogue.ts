/**
 * The bundled catalogue of list prices, @pydantic/genai-prices. Looking a model up walks its rules for some 10 µs, so
 * callers remember the answer.
 */
import { createRequire } from 'node:module'
import { calcPrice, type ModelInfo, type ModelPrice, type Provider, type TieredPrices } from '@pydantic/genai-prices'
import { flat, type Price, type Rate } from '../records/price.ts'
import type { EpochMicros } from '../records/span.ts'

export interface ListPrice {
  price: Price
  /** `<provider>/<model>` of the catalogue. */
  id: string
  /** True when the price depends on date or time of day; all such boundaries fall on whole minutes. */
  varies: boolean
}

export interface Catalogue {
  /** `genai-prices@<version>`. */
  version: string
  /** The price of a model as the vendor names it, at a time; provider null lets the name alone decide. Null: not listed. */
  find(provider: string | null, model: string, at: EpochMicros): ListPrice | null
}

/** Never throws: what the catalogue cannot read it does not list. */
export function createCatalogue(): Catalogue {
  return {
    version: `genai-prices@${packageVersion()}`,
    find(provider, model, at) {
      try {
        const found = calcPrice({ input_tokens: 0, output_tokens: 0 }, model, {
          ...(provider === null ? {} : { providerId: provider }),
          timestamp: new Date(at / 1000),
        })
        return found && listPrice(found)
      } catch {
        return null
      }
    },
  }
}

function listPrice(found: { provider: Provider; model: ModelInfo; model_price: ModelPrice }): ListPrice | null {
  const rates = found.model_price
  const input = rate(rates['input_mtok'])
  const output = rate(rates['output_mtok'])
  // Priced by the hour, page or image: tokens say nothing about it.
  if (input === null && output === null) return null
  return {
    id: `${found.provider.id}/${found.model.id}`,
    varies: Array.isArray(found.model.prices),
    price: {
      input: input ?? flat(0),
      output: output ?? flat(0),
      cached_input: rate(rates['cache_read_mtok']),
      cache_write: rate(rates['cache_write_mtok']),
      reasoning: rate(rates['output_reasoning_mtok']),
      request_usd: (rate(rates['requests_kcount'])?.usd ?? 0) / 1000,
    },
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
