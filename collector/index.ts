/** The collector: what comes in is decoded, priced, redacted and made durable here; storage gets it from the spool. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Target } from '../records/server-sample.ts'
import type { Db } from '../storage/client.ts'
import type { ContentMode, EndpointConfig, IngestConfig, PricesConfig, ScrapeConfig, SpoolConfig } from './config.ts'
import { IssueLog, startIssueFlusher } from './issues.ts'
import { requestOf } from './otlp/dialects/index.ts'
import { startOtlpHttp } from './otlp/http.ts'
import { createPipeline } from './pipeline.ts'
import { startPriceBook } from './price-book.ts'
import { loadCatalogues } from './price-list.ts'
import { createPricer } from './pricing.ts'
import { startProvisionedCosts } from './provisioned.ts'
import { createRedactor } from './redact.ts'
import { systemClock, type Clock } from './scrape/clock.ts'
import { startScraper } from './scrape/index.ts'
import { startSpool, type Spool, type SpoolStats } from './spool/index.ts'

export { SpoolFull, type Batch, type Spool, type SpoolStats } from './spool/index.ts'

export interface CollectorConfig {
  ingest: IngestConfig
  content: ContentMode
  spool: SpoolConfig
  scrape: ScrapeConfig
  prices: PricesConfig
  endpoints: EndpointConfig[]
}

export interface CollectorOptions {
  config: CollectorConfig
  /** The spool lives in `spool/` below it. */
  dataDir: string
  db: Db
  /** host:port of the OTLP/HTTP receiver; port 0 picks a free one. */
  listen: string
  log: Logger
  clock?: Clock
}

export interface Collector {
  /** For what else writes rows: imports, demo traffic. */
  spool: Spool
  /** host:port that the OTLP/HTTP receiver is bound to. */
  otlpAddress: string
  stats(): CollectorStats
  /** Whether rows are taken: false with the reason while the spool is at its limit or the disk is full. */
  ready(): { ok: boolean; reason: string }
  /** The newest health of every scrape target. */
  targets(): Target[]
  /** Takes a new configuration, the spool's apart, for what comes in from now on. */
  reload(config: CollectorConfig): void
  /** Resolves once everything acknowledged so far can be queried. */
  drained(): Promise<void>
  /** Stops taking in, makes what was taken durable, drains for at most `limitMs`. Idempotent. */
  stop(limitMs?: number): Promise<void>
}

export interface CollectorStats {
  spool: SpoolStats
  /** Items refused, dropped or cut since start, by `source reason`. */
  issues: Record<string, number>
}

/** Starts the spool (replaying a former run), the receiver and the scraper. Throws when one cannot start, with none left running. */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const { config, dataDir, db, listen, log, clock = systemClock } = options
  const issues = new IssueLog()
  const spool = await startSpool({
    dir: join(dataDir, 'spool'),
    config: config.spool,
    db,
    log,
    clock: () => clock.now(),
    onRejected: (reason, rows, example) => issues.add('spool', reason, rows, example),
  })
  const book = startPriceBook(db, log)
  const provisioned = startProvisionedCosts({ config: config.prices, db, log, clock: () => clock.now() })
  const pricerOf = (prices: PricesConfig) =>
    createPricer(prices, {
      catalogues: loadCatalogues(dataDir, (message) => log.warn(message)),
      onPrice: (record) => book.add(record),
    })
  const flusher = startIssueFlusher(issues, spool, log, { clock: () => clock.now() })
  const pipelineOf = ({ endpoints, prices, content }: CollectorConfig) =>
    createPipeline({
      spool,
      issues,
      endpoints,
      requestOf,
      price: pricerOf(prices),
      redactor: createRedactor(content),
      clock: () => clock.now(),
    })
  let pipeline = pipelineOf(config)

  const stopSpool = async (limitMs?: number) => {
    await flusher.stop()
    await Promise.all([spool.stop(limitMs), book.stop(limitMs), provisioned.stop(limitMs)])
  }
  const receiver = await startOtlpHttp({
    listen,
    config: config.ingest,
    accept: (decoded) => pipeline(decoded),
    issues,
    log,
    clock: () => clock.now(),
  }).catch(async (error: unknown) => {
    await stopSpool(0)
    throw error
  })
  const scraper = startScraper({ config: config.scrape, endpoints: config.endpoints, spool, db, log, clock })

  const stats = () => ({ spool: spool.stats(), issues: issues.counts() })
  let stopped: Promise<void> | null = null
  return {
    spool,
    otlpAddress: receiver.address,
    stats,
    ready() {
      const { bytes, max_bytes, reason, no_room } = spool.stats()
      if (no_room) return { ok: false, reason: no_room }
      if (bytes < max_bytes) return { ok: true, reason: '' }
      return {
        ok: false,
        reason: `the spool is full (${bytes} of ${max_bytes} bytes): ${reason || 'ClickHouse is behind'}`,
      }
    },
    targets: () => scraper.targets(),
    reload(next) {
      pipeline = pipelineOf(next)
      provisioned.reload(next.prices)
      receiver.reload(next.ingest)
      scraper.reload(next.scrape, next.endpoints)
    },
    drained: () => spool.drained(),
    stop(limitMs) {
      stopped ??= Promise.all([receiver.stop(limitMs), scraper.stop()]).then(() => stopSpool(limitMs))
      return stopped
    },
  }
}
