/**
 * Prices that people set on the settings page: one file in the data directory, replaced as a whole. They stand after those of the
 * configuration, which they cannot override.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { errorCode } from '../records/error-code.ts'
import { priceOverride, type PriceOverride, type PricesConfig } from './config.ts'
import { PriceListError } from './price-list.ts'
import { remedyOf, replaceFile } from './replace-file.ts'

const pagePrice = z.strictObject({
  id: z.string().min(1),
  /** Epoch ms. */
  set_at: z.number(),
  set_by: z.string(),
  price: priceOverride,
})
const pagePrices = z.strictObject({ prices: z.array(pagePrice) })
export type PagePrice = z.infer<typeof pagePrice>

const fileOf = (dataDir: string) => join(dataDir, 'prices', 'page.json')

/** In the order in which they are looked at; none where there is no file. Throws PriceListError. */
export function readPagePrices(dataDir: string): PagePrice[] {
  const path = fileOf(dataDir)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const code = errorCode(cause)
    if (code === 'ENOENT') return []
    throw new PriceListError(`${path} cannot be read (${code}): give this user rights to it`, { cause })
  }
  try {
    return inOrder(pagePrices.parse(JSON.parse(text)).prices)
  } catch (cause) {
    throw new PriceListError(`${path} is no list of prices: restore it, or move it away and set them again`, { cause })
  }
}

/** Durably. Throws PriceListError. */
export function writePagePrices(dataDir: string, prices: readonly PagePrice[]): void {
  const path = fileOf(dataDir)
  try {
    replaceFile(path, `${JSON.stringify({ prices }, null, 2)}\n`)
  } catch (cause) {
    const code = errorCode(cause)
    throw new PriceListError(`${path} cannot be written (${code}): ${remedyOf(code)}`, { cause })
  }
}

/** The configured prices and, after them, those of the page; `onProblem` hears when these cannot be read: they are left out then. */
export function withPagePrices(
  config: PricesConfig,
  dataDir: string,
  onProblem: (message: string) => void,
): PricesConfig {
  try {
    return joined(config, readPagePrices(dataDir))
  } catch (error) {
    if (!(error instanceof PriceListError)) throw error
    onProblem(error.message)
    return config
  }
}

export function joined(config: PricesConfig, set: readonly PagePrice[]): PricesConfig {
  const own = set.map(({ price }): PriceOverride => ({ ...price, set_on: 'page' }))
  return own.length === 0 ? config : { ...config, overrides: [...config.overrides, ...own] }
}

/** Of two that hold, the one that names a provider counts, then the one that begins later, then the one that was set later. */
export function inOrder(prices: readonly PagePrice[]): PagePrice[] {
  const begin = ({ price }: PagePrice) => (price.effective_from === undefined ? 0 : Date.parse(price.effective_from))
  const named = ({ price }: PagePrice) => (price.provider === undefined ? 0 : 1)
  return prices.toSorted((a, b) => named(b) - named(a) || begin(b) - begin(a) || b.set_at - a.set_at)
}
