/** Scrapes every configured target into `gpu_samples`, `server_samples`, `metric_samples` and `targets`. */
import type { Logger } from 'pino'
import { durationMs } from '../../records/duration.ts'
import type { Target } from '../../records/server-sample.ts'
import type { Db } from '../../storage/client.ts'
import type { EndpointConfig, ScrapeConfig } from '../config.ts'
import type { Spool } from '../spool/index.ts'
import { systemClock, type Clock } from './clock.ts'
import { GpuClaims } from './gpu-claims.ts'
import { TargetLoop, targetSettings, type LoopLimits } from './loop.ts'
import { scrapeMetrics } from './metrics.ts'
import { localGpus } from './nvidia-smi/local.ts'
import { NvidiaSmi, findNvidiaSmi } from './nvidia-smi/run.ts'

export interface ScraperOptions {
  config: ScrapeConfig
  endpoints: readonly EndpointConfig[]
  spool: Pick<Spool, 'append'>
  db: Pick<Db, 'insert'>
  log: Logger
  clock?: Clock
  fetch?: typeof fetch
}

export interface Scraper {
  /** Ends what is under way; nothing is stored after it resolves. Idempotent. */
  stop(): Promise<void>
  /** The newest health of every target, in the configuration's order. */
  targets(): Target[]
  /** Takes a new configuration: targets that stay keep their counters, the others stop or start. */
  reload(config: ScrapeConfig, endpoints: readonly EndpointConfig[]): void
}

/** Starts one loop per target; each is scraped at once. Never throws on what a target does. */
export function startScraper(options: ScraperOptions): Scraper {
  const { spool, db, log, clock = systemClock, fetch = globalThis.fetch } = options
  const services = { spool, db, log, clock, fetch, metrics: scrapeMetrics(), claims: new GpuClaims() }
  const loops = new Map<string, { loop: TargetLoop; limits: string }>()
  const ending = new Set<Promise<void>>()
  const stopping = new AbortController()
  const { signal } = stopping
  let nvidiaSmiWorks = false
  let current = { config: options.config, endpoints: options.endpoints }

  const end = (loop: TargetLoop, removed: boolean) => {
    const done = loop.stop(removed).finally(() => ending.delete(done))
    ending.add(done)
  }

  /** A driver that is not loaded is no target that is down: only what answered once is one. */
  const tryNvidiaSmi = async (limits: LoopLimits) => {
    try {
      await new NvidiaSmi('nvidia-smi', limits).page(signal)
      nvidiaSmiWorks = true
      if (!signal.aborted) apply(current.config, current.endpoints)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (!signal.aborted) log.info({ error: message }, 'scrape: GPUs of this host are not read')
    }
  }

  const apply = (config: ScrapeConfig, endpoints: readonly EndpointConfig[]) => {
    current = { config, endpoints }
    const local = localGpus(config, findNvidiaSmi())
    const isTried = local?.tentative === true && !nvidiaSmiWorks
    if (isTried) void tryNvidiaSmi(limitsOf(config))
    const localTargets = local && !isTried ? [{ url: local.url, kind: 'nvidia-smi', labels: {} }] : []
    const targets = [...config.targets, ...localTargets]
    const wanted = new Map(targets.map((target) => [target.url, targetSettings(target, endpoints)]))
    if (wanted.size < targets.length) log.warn('scrape.targets names a url twice: the last one is used')
    for (const [url, { loop }] of loops)
      if (!wanted.has(url)) {
        loops.delete(url)
        end(loop, true)
      }
    for (const [url, settings] of wanted) {
      const limits = limitsOf(config, url === local?.url ? local.interval : undefined)
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
      loop.start()
    }
  }

  apply(options.config, options.endpoints)
  return {
    targets: () => [...loops.values()].map(({ loop }) => loop.target),
    reload(config, endpoints) {
      if (!signal.aborted) apply(config, endpoints)
    },
    async stop() {
      stopping.abort()
      for (const { loop } of loops.values()) end(loop, false)
      await Promise.all(ending)
    },
  }
}

function limitsOf(config: ScrapeConfig, interval = config.interval): LoopLimits {
  return {
    intervalMs: Math.max(durationMs(interval), 100),
    timeoutMs: Math.max(durationMs(config.timeout), 1),
    maxBytes: config.max_bytes,
    maxSeries: config.max_series,
  }
}
