/** Scrapes every configured target into `gpu_samples`, `server_samples`, `metric_samples` and `targets`. */
import type { Logger } from 'pino'
import { durationMs } from '../../records/duration.ts'
import type { Target } from '../../records/server-sample.ts'
import type { Db } from '../../storage/client.ts'
import type { EndpointConfig, ScrapeConfig } from '../config.ts'
import type { Spool } from '../spool/index.ts'
import { systemClock, type Clock } from './clock.ts'
import { Connections } from './connections.ts'
import { gathering } from './gather.ts'
import { TargetLoop, targetSettings, type LoopLimits } from './loop.ts'
import { scrapeMetrics } from './metrics.ts'

export interface ScraperOptions {
  config: ScrapeConfig
  endpoints: readonly EndpointConfig[]
  spool: Pick<Spool, 'append'>
  db: Pick<Db, 'insert'>
  log: Logger
  clock?: Clock
  /** Rows of all targets are appended at most this often, in ms. */
  gatherMs?: number
}

export interface Scraper {
  /** Ends what is under way; nothing is stored after it resolves. Idempotent. */
  stop(): Promise<void>
  /** The newest health of every target, in the configuration's order. */
  targets(): Target[]
  /** Takes a new configuration: targets that stay keep their counters, the others stop or start. */
  reload(config: ScrapeConfig, endpoints: readonly EndpointConfig[]): void
}

/** So many targets are scraped at once when they start, and as many again every tenth of a second. */
const startTogether = 20

/** Starts one loop per target. Never throws on what a target does. */
export function startScraper(options: ScraperOptions): Scraper {
  const { db, log, clock = systemClock, gatherMs = 250 } = options
  const connections = new Connections()
  const spool = gathering(options.spool, gatherMs)
  const services = { spool, db, log, clock, connections, metrics: scrapeMetrics() }
  const loops = new Map<string, { loop: TargetLoop; limits: string }>()
  const ending = new Set<Promise<void>>()
  let stopped = false

  const end = (loop: TargetLoop, removed: boolean) => {
    const done = loop.stop(removed).finally(() => ending.delete(done))
    ending.add(done)
  }

  const apply = (config: ScrapeConfig, endpoints: readonly EndpointConfig[]) => {
    const limits = limitsOf(config)
    const wanted = new Map(config.targets.map((target) => [target.url, targetSettings(target, config, endpoints)]))
    if (wanted.size < config.targets.length) log.warn('scrape.targets names a url twice: the last one is used')
    for (const [url, { loop }] of loops)
      if (!wanted.has(url)) {
        loops.delete(url)
        end(loop, true)
      }
    let starting = 0
    for (const [url, settings] of wanted) {
      const running = loops.get(url)
      loops.delete(url)
      if (running?.limits === JSON.stringify(limits)) {
        running.loop.update(settings)
        loops.set(url, running)
        continue
      }
      if (running) end(running.loop, false)
      const loop = new TargetLoop(url, settings, limits, services)
      loops.set(url, { loop, limits: JSON.stringify(limits) })
      loop.start(Math.min(Math.floor(starting++ / startTogether) * 100, limits.intervalMs))
    }
  }

  apply(options.config, options.endpoints)
  return {
    targets: () => [...loops.values()].map(({ loop }) => loop.target),
    reload(config, endpoints) {
      if (!stopped) apply(config, endpoints)
    },
    async stop() {
      stopped = true
      for (const { loop } of loops.values()) end(loop, false)
      await Promise.all(ending)
      connections.close()
    },
  }
}

function limitsOf(config: ScrapeConfig): LoopLimits {
  return {
    intervalMs: Math.max(durationMs(config.interval), 100),
    timeoutMs: Math.max(durationMs(config.timeout), 1),
    maxBytes: config.max_bytes,
    maxSeries: config.max_series,
  }
}
