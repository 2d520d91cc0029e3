/** Scrapes every configured target into `gpu_samples`, `server_samples`, `metric_samples` and `targets`. */
import type { Logger } from 'pino'
import { durationMs } from '../../records/duration.ts'
import type { Target } from '../../records/server-sample.ts'
import type { Db } from '../../storage/client.ts'
import type { EndpointConfig, ScrapeConfig } from '../config.ts'
import type { Spool } from '../spool/index.ts'
import { systemClock, type Clock } from './clock.ts'
import { Connections } from './connections.ts'
import { staticSource, type SourcedTarget } from './discovery/found-target.ts'
import { startDiscovery } from './discovery/index.ts'
import { addressOf } from './discovery/merge.ts'
import type { ProviderState } from './discovery/report.ts'
import { createStateStore } from './discovery/state-store.ts'
import { gathering } from './gather.ts'
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
  /** Rows of all targets are appended at most this often, in ms. */
  gatherMs?: number
}

export interface Scraper {
  /** Ends what is under way; nothing is stored after it resolves. Idempotent. */
  stop(): Promise<void>
  /** The newest health of every target: those of the configuration in its order, then the discovered ones. */
  targets(): Target[]
  /** How the providers of discovered targets are. */
  providers(): ProviderState[]
  /** Takes a new configuration: targets that stay keep their counters, the others stop or start. */
  reload(config: ScrapeConfig, endpoints: readonly EndpointConfig[]): void
}

/** So many targets are scraped at once when they start, and as many again every tenth of a second. */
const startTogether = 20

/** Starts one loop per target. Never throws on what a target or a provider does. */
export function startScraper(options: ScraperOptions): Scraper {
  const { db, log, clock = systemClock, gatherMs = 500 } = options
  const connections = new Connections()
  const spool = gathering(options.spool, gatherMs)
  const services = { spool, db, log, clock, connections, metrics: scrapeMetrics(), claims: new GpuClaims() }
  const loops = new Map<string, { loop: TargetLoop; limits: string; source: string }>()
  const ending = new Set<Promise<void>>()
  const stopping = new AbortController()
  const { signal } = stopping
  let nvidiaSmiWorks = false
  let nvidiaSmiTried = false
  let tryingNvidiaSmi = false
  let { config, endpoints } = options
  let discovered: readonly SourcedTarget[] = []

  const end = (loop: TargetLoop, why?: string) => {
    const done = loop.stop(why).finally(() => ending.delete(done))
    ending.add(done)
  }
  const configured = () => new Map(config.targets.map((target) => [addressOf(target.url), target]))

  /** A driver that is not loaded is no target that is down: only what answered once is one. */
  const tryNvidiaSmi = async (limits: LoopLimits) => {
    if (tryingNvidiaSmi) return
    tryingNvidiaSmi = true
    try {
      await new NvidiaSmi('nvidia-smi', limits).page(signal)
      nvidiaSmiWorks = true
      if (!signal.aborted) apply()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (!signal.aborted) log.info({ error: message }, 'scrape: GPUs of this host are not read')
    } finally {
      tryingNvidiaSmi = false
    }
  }

  /** The nvidia-smi of this host, once it is known to work, and how often it is asked. */
  const localTarget = (): { target: SourcedTarget; interval: string | undefined } | null => {
    const local = localGpus(config, findNvidiaSmi())
    if (!local) return null
    if (local.tentative && !nvidiaSmiWorks) {
      if (!nvidiaSmiTried) void tryNvidiaSmi(limitsOf(config))
      nvidiaSmiTried = true
      return null
    }
    const target = { url: local.url, kind: 'nvidia-smi', labels: {}, source: staticSource }
    return { target, interval: local.interval }
  }

  const apply = () => {
    const local = localTarget()
    const taken = configured()
    const fixed = [...taken.values()].map((target) => Object.assign({ source: staticSource }, target))
    const found = discovered.filter(({ url }) => !taken.has(addressOf(url)))
    const all = [...fixed, ...(local ? [local.target] : []), ...found]
    const wanted = new Map(all.map((target) => [target.url, target]))
    for (const [url, { loop, source }] of loops)
      if (!wanted.has(url)) {
        loops.delete(url)
        end(loop, source === staticSource ? 'no longer configured' : 'no longer discovered')
      }
    let starting = 0
    for (const [url, target] of wanted) {
      const { source } = target
      const limits = limitsOf(config, url === local?.target.url ? local.interval : undefined)
      const settings = targetSettings(target, config, endpoints)
      const running = loops.get(url)
      loops.delete(url)
      if (running?.limits === JSON.stringify(limits)) {
        running.loop.update(settings)
        loops.set(url, { ...running, source })
        continue
      }
      if (running) end(running.loop)
      const loop = new TargetLoop(url, settings, limits, services)
      loops.set(url, { loop, limits: JSON.stringify(limits), source })
      loop.start(Math.min(Math.floor(starting++ / startTogether) * 100, limits.intervalMs))
    }
  }
  const warnOfDoubles = () => {
    if (configured().size < config.targets.length)
      log.warn('scrape.targets names an address twice: the last one is used')
  }

  warnOfDoubles()
  apply()
  const states = createStateStore({ db, clock, log })
  const discovery = startDiscovery({
    config: config.discovery,
    clock,
    log,
    metrics: services.metrics,
    taken: () => new Set(configured().keys()),
    onTargets(targets) {
      discovered = targets
      if (!signal.aborted) apply()
    },
    onStates: (all) => states.keep(all),
  })
  return {
    targets: () => [...loops.values()].map(({ loop }) => loop.target),
    providers: () => discovery.states(),
    reload(nextConfig, nextEndpoints) {
      if (signal.aborted) return
      config = nextConfig
      endpoints = nextEndpoints
      nvidiaSmiTried = false
      warnOfDoubles()
      apply()
      discovery.reload(config.discovery)
    },
    async stop() {
      stopping.abort()
      for (const { loop } of loops.values()) end(loop)
      await Promise.all([...ending, discovery.stop(), states.stop()])
      connections.close()
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
