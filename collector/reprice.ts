/** Works out the costs of stored requests anew, with the prices of now: in pages of a bounded number of rows, oldest first. */
import { randomUUID } from 'node:crypto'
import { counted } from '../records/counted.ts'
import { picoOf, storedPico, usdText } from '../records/decimal.ts'
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'
import type { PriceRecord } from '../records/price.ts'
import type { Db } from '../storage/client.ts'
import {
  annotateRepricing,
  recordRepricing,
  requestsToPrice,
  rowsPerStep,
  storeCosts,
  type RepricedCost,
  type RepriceScope,
  type Repricing,
  type RowRange,
  type StoredPricing,
  type StoredRequest,
} from '../storage/queries/reprice.ts'
import { storePrices } from '../storage/queries/prices.ts'
import type { PricesConfig } from './config.ts'
import { noProgress, type Progress } from '../storage/progress.ts'
import type { Catalogue } from './price-catalogue.ts'
import { createPricer } from './pricing.ts'

export interface RepriceOptions {
  db: Db
  prices: PricesConfig
  catalogues: readonly Catalogue[]
  scope: RepriceScope
  /** Only counts what would change. */
  dryRun?: boolean
  progress?: Progress
  /** Most rows that are held at a time, unless more came within one second. */
  pageRows?: number
}

/** What a run did, or would do. */
export type RepriceSummary = Repricing & { unpriced_before: number; unpriced_after: number }

/** Throws StorageError; pages that are done stay, and the same run again goes over the rest. */
export async function reprice(options: RepriceOptions): Promise<RepriceSummary> {
  const { db, prices, catalogues, scope, dryRun = false, progress = noProgress, pageRows = 20_000 } = options
  const used = new Map<string, PriceRecord>()
  const price = createPricer(prices, {
    catalogues,
    onPrice: (record) => used.set(`${record.id}\n${record.version}`, record),
  })
  const sums = { rows: 0, changed: 0, before: 0n, after: 0n, unpriced_before: 0, unpriced_after: 0 }
  const record = newRecord(scope, catalogues)
  const ranges = await pagesOf(db, scope, pageRows)
  if (!dryRun) await recordRepricing(db, record)

  progress.start(ranges.reduce((total, { rows }) => total + rows, 0))
  let seen = 0
  for (const [page, { from, to, rows }] of ranges.entries()) {
    const costs: RepricedCost[] = []
    for (const stored of await requestsToPrice(db, { ...scope, from, to })) {
      const next = pricingOf(stored, price)
      sums.rows += 1
      sums.before += stored.cost_usd === null ? 0n : picoOf(stored.cost_usd)
      sums.after += next.cost_usd === null ? 0n : picoOf(next.cost_usd)
      sums.unpriced_before += stored.cost_usd === null ? 1 : 0
      sums.unpriced_after += next.cost_usd === null ? 1 : 0
      if (!isSame(stored, next)) costs.push(newCost(stored, next))
    }
    sums.changed += costs.length
    if (!dryRun) {
      await storePrices(db, [...used.values()])
      used.clear()
      await storeCosts(db, { ...scope, from, to }, `${record.id}-${page}`, costs)
    }
    seen += rows
    progress.update(seen, sums.rows)
  }
  progress.stop()

  const done: Repricing = {
    ...record,
    rows: sums.rows,
    changed: sums.changed,
    cost_before: usdText(sums.before),
    cost_after: usdText(sums.after),
    finished_at: new Date(),
  }
  if (!dryRun) {
    await recordRepricing(db, done)
    await annotateRepricing(db, done, summaryText(done))
  }
  return { ...done, unpriced_before: sums.unpriced_before, unpriced_after: sums.unpriced_after }
}

/** `1,234 of 5,678 requests: $12.5 → $11.75`. */
export function summaryText({ rows, changed, cost_before, cost_after }: Repricing): string {
  return `${changed.toLocaleString('en-US')} of ${counted(rows, 'request')}: $${cost_before} → $${cost_after}`
}

function newRecord({ from, to, model = '', provider = '' }: RepriceScope, catalogues: readonly Catalogue[]): Repricing {
  return {
    id: randomUUID(),
    since: new Date(from),
    until: new Date(to),
    model,
    provider,
    rows: 0,
    changed: 0,
    cost_before: '0',
    cost_after: '0',
    price_version: ['config', ...catalogues.map(({ version }) => version)].join(', '),
    started_at: new Date(),
    finished_at: null,
  }
}

const steps_ms = [3_600_000, 60_000, 1_000]

/** Ranges that hold at most so many rows each; a second is not divided. */
async function pagesOf(db: Db, scope: RepriceScope, pageRows: number, level = 0): Promise<RowRange[]> {
  const step = steps_ms[level] ?? 1_000
  const pages: RowRange[] = []
  for (const range of await rowsPerStep(db, scope, step)) {
    const last = pages.at(-1)
    if (range.rows > pageRows && level < steps_ms.length - 1)
      pages.push(...(await pagesOf(db, { ...scope, from: range.from, to: range.to }, pageRows, level + 1)))
    else if (last && last.rows + range.rows <= pageRows)
      Object.assign(last, { to: range.to, rows: last.rows + range.rows })
    else pages.push(range)
  }
  return pages
}

function pricingOf(stored: StoredRequest, price: (request: LlmRequest) => void): StoredPricing {
  const { timestamp_us, ...columns } = stored
  const request: LlmRequest = { ...emptyRequest(), ...columns, timestamp: timestamp_us, ...unpriced }
  price(request)
  const text = (usd: number | null) => (usd === null ? null : usdText(storedPico(usd)))
  const { cost_source, price_id, price_version, context_window } = request
  return {
    cost_usd: text(request.cost_usd),
    input_cost_usd: text(request.input_cost_usd),
    output_cost_usd: text(request.output_cost_usd),
    cache_savings_usd: text(request.cache_savings_usd),
    cost_source,
    price_id,
    price_version,
    context_window,
  }
}

const unpriced = { cost_usd: null, input_cost_usd: null, output_cost_usd: null, cache_savings_usd: null }

function isSame(stored: StoredPricing, next: StoredPricing): boolean {
  return (Object.keys(next) as (keyof StoredPricing)[]).every((key) => stored[key] === next[key])
}

function newCost({ timestamp_us, trace_id, span_id, version }: StoredRequest, next: StoredPricing): RepricedCost {
  return { timestamp: timestamp_us, trace_id, span_id, read_version: version, ...next }
}
