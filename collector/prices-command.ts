/** What `inferwatch prices` and `inferwatch reprice` do: they compose lists, storage and a progress bar. */
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'
import { rateAt, type PriceRecord } from '../records/price.ts'
import { decimalText } from '../records/cost-explanation.ts'
import { durationMs, durationPattern } from '../records/duration.ts'
import type { Db } from '../storage/client.ts'
import { modelsInUse } from '../storage/queries/models-in-use.ts'
import type { PricesConfig } from './config.ts'
import { barProgress } from '../storage/progress.ts'
import { parseTimestamp } from './import/timestamp.ts'
import { joined, readPagePrices } from './page-prices.ts'
import { createPriceFinder, type Finding } from './price-finder.ts'
import { importPriceList, loadCatalogues, PriceListError } from './price-list.ts'
import { reprice, summaryText } from './reprice.ts'
import { textTable } from '../storage/text-table.ts'

export interface RepriceFlags {
  since: string
  until?: string
  model?: string
  provider?: string
  dryRun?: boolean
}

export interface PricesContext {
  prices: PricesConfig
  data_dir: string
}

/** A word that a command was given cannot be understood; the message is one line that says what is expected. */
export class RepriceError extends Error {
  override name = 'RepriceError'
}

/** With those that were set on the settings page. */
function pricesOf({ prices, data_dir }: PricesContext): PricesConfig {
  return joined(prices, readPagePrices(data_dir))
}

/** Stores LiteLLM's list for this data directory; returns what to print. Throws PriceListError. */
export function pricesImport(file: string, dataDir: string): string {
  const { version, models, path, skipped } = importPriceList(file, dataDir)
  const left = Object.entries(skipped).flatMap(([why, count]) =>
    count > 0 ? [`${count} ${why.replaceAll('_', ' ')}`] : [],
  )
  return [
    `${version}: ${models} models, in ${path}`,
    ...(left.length > 0 ? [`left out: ${left.join(', ')}`] : []),
  ].join('\n')
}

/** The prices of the models that were called in the last 30 days, the busiest first, as lines to print. */
export async function pricesList(context: PricesContext, db: Db, now_ms = Date.now()): Promise<string[]> {
  const find = createPriceFinder(pricesOf(context), cataloguesOf(context.data_dir))
  const used = await modelsInUse(db, { from: now_ms - 30 * 86_400_000, to: now_ms })
  const rows = used.map(({ requests, ...labels }) => {
    const request: LlmRequest = { ...emptyRequest(), ...labels, timestamp: now_ms * 1000 }
    const used = [labels.provider || '-', labels.model || '-', labels.service_tier, String(requests)]
    return used.concat(describe(find(request)))
  })
  const heading = ['provider', 'model', 'tier', 'requests', 'input', 'output', 'price', 'version']
  return textTable([heading, ...rows])
}

function describe({ record, reason }: Finding): string[] {
  if (record === null) return ['unknown', 'unknown', (reason ?? '').replaceAll('_', ' '), '']
  return [rateText(record, 'input'), rateText(record, 'output'), record.id, record.version]
}

/** Dollars per 1M tokens. */
function rateText({ price }: PriceRecord, part: 'input' | 'output'): string {
  const { provisioned, multiplier } = price
  if (provisioned && provisioned.capacity_tokens_per_minute === null)
    return `${provisioned.hour_usd * provisioned.units}/h`
  const { usd } = rateAt(price[part], 0)
  return decimalText(Number((usd * multiplier).toPrecision(12)))
}

/** Works costs out anew and returns what to print. Throws RepriceError before anything is touched. */
export async function repriceCommand(flags: RepriceFlags, context: PricesContext, db: Db): Promise<string> {
  const now = Date.now()
  const from = pointInTime('--since', flags.since, now)
  const to = flags.until === undefined ? now : pointInTime('--until', flags.until, now)
  if (from >= to) throw new RepriceError('--since must be before --until')
  const { model, provider, dryRun = false } = flags
  const summary = await reprice({
    db,
    prices: pricesOf(context),
    catalogues: cataloguesOf(context.data_dir),
    scope: { from, to, model, provider },
    dryRun,
    progress: barProgress(),
  })
  const { unpriced_before, unpriced_after } = summary
  return [
    `${dryRun ? 'would change ' : ''}${summaryText(summary)}`,
    `without a known cost: ${unpriced_before} → ${unpriced_after}`,
  ].join('\n')
}

function cataloguesOf(dataDir: string) {
  return loadCatalogues(dataDir, (message) => {
    throw new PriceListError(message)
  })
}

/** Epoch ms of a date, a time, or how long ago. */
function pointInTime(option: string, text: string, now: number): number {
  if (durationPattern.test(text)) return now - durationMs(text)
  const micros = parseTimestamp(text, () => 0)
  if (micros === null)
    throw new RepriceError(
      `${option}: "${text}" is no time; expected 2026-11-01, 2026-11-01T06:00:00Z or how long ago, as 30d`,
    )
  return Math.floor(micros / 1000)
}
