/** Looks for targets in files, DNS, at URLs and in Kubernetes, and says what there is whenever it changed. */
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { ScrapeMetrics } from '../metrics.ts'
import { providersOf, type DiscoveryConfig, type NamedProvider } from './config.ts'
import { startDnsProvider } from './dns.ts'
import { startFileProvider } from './file.ts'
import type { SourcedTarget } from './found-target.ts'
import { startHttpProvider } from './http.ts'
import { startKubernetesProvider } from './kubernetes/index.ts'
import { mergeTargets } from './merge.ts'
import type { Found, Provider, ProviderEvents } from './provider.ts'
import { ProviderReport, type ProviderState } from './report.ts'
import { createSift, gpuLabel, type DroppedTarget, type Sifted } from './sift.ts'
import type { LabelSet } from './relabel.ts'

export interface DiscoveryOptions {
  config: DiscoveryConfig
  clock: Clock
  log: Logger
  metrics: Pick<ScrapeMetrics, 'refusedTargets'>
  /** Addresses of targets that are configured: found again, they are no additional ones. */
  taken: () => ReadonlySet<string>
  /** All that there is now. Called once a provider answered, then at most every few seconds. */
  onTargets: (targets: readonly SourcedTarget[]) => void
  /** What the providers found and what became of it, after each change. */
  onStates: (states: readonly ProviderState[]) => void
}

export interface Discovery {
  /** Providers that stay keep what they found; the others stop or start. */
  reload(config: DiscoveryConfig): void
  /** How the providers are, in the configuration's order. */
  states(): ProviderState[]
  stop(): Promise<void>
}

/** Prometheus's pace: a rollout of many pods is a few changes, not hundreds. */
const changeEveryMs = 5_000
/** Label sets looked at in one go; other work comes between. */
const sliceSize = 50
const maxDroppedShown = 100

interface Entry {
  named: NamedProvider
  provider: Provider
  sift: (found: LabelSet) => Sifted
  found: Found
  report: ProviderReport
}

/** Of one provider. */
class Sum {
  targets = 0
  droppedCount = 0
  /** Some of the dropped ones. */
  readonly withGpus: DroppedTarget[] = []
  readonly dropped: DroppedTarget[] = []
}

/** Starts every provider; none of them can make it throw. */
export function startDiscovery(options: DiscoveryOptions): Discovery {
  const { clock, log, metrics } = options
  const entries = new Map<string, Entry>()
  const ending = new Set<Promise<void>>()
  let { config } = options
  let running = new Set<string>()
  let stopped = false
  let cancel: (() => void) | null = null
  let working: Promise<void> | null = null
  let stale = false
  let lastAt = -Infinity

  const end = (provider: Provider) => {
    const done = provider.stop().finally(() => ending.delete(done))
    ending.add(done)
  }

  const open = (named: NamedProvider, before: Entry | undefined): Entry => {
    const { name } = named
    const entry: Entry = {
      named,
      sift: createSift(named.config, name),
      found: before?.found ?? { labels: [], error: '' },
      report: before?.report ?? new ProviderReport(name, named.type, log),
      provider: { stop: () => Promise.resolve() },
    }
    // An event of one that was replaced comes too late.
    const current = () => !stopped && entries.get(name)?.provider === entry.provider
    entry.provider = start(named, clock, {
      found(found) {
        if (!current()) return
        ;(entries.get(name) ?? entry).found = found
        entry.report.answered(clock.now(), found)
        plan()
      },
      failed(error) {
        if (!current()) return
        entry.report.failed(error)
        plan()
      },
    })
    return entry
  }

  const apply = () => {
    const wanted = providersOf(config)
    for (const [name, { provider }] of entries)
      if (!wanted.some((named) => named.name === name)) {
        entries.delete(name)
        end(provider)
      }
    const before = new Map(entries)
    entries.clear()
    for (const named of wanted) {
      const old = before.get(named.name)
      if (old && sourceOf(old.named) === sourceOf(named))
        entries.set(named.name, { ...old, named, sift: createSift(named.config, named.name) })
      else {
        if (old) end(old.provider)
        entries.set(named.name, open(named, old?.named.type === named.type ? old : undefined))
      }
    }
  }

  /** Soon, and not too often. */
  const plan = () => {
    stale = true
    if (stopped || cancel || working) return
    // A clock that was set back must not make a change wait for the time that it was.
    const waitMs = Math.min(lastAt + changeEveryMs - clock.now(), changeEveryMs)
    if (waitMs <= 0) work()
    else
      cancel = clock.after(waitMs, () => {
        cancel = null
        work()
      })
  }

  const work = () => {
    lastAt = clock.now()
    stale = false
    working = merge()
      .catch((error: unknown) => log.error({ err: error }, 'discovery: internal error'))
      .finally(() => {
        working = null
        if (stale) plan()
      })
  }

  const merge = async () => {
    const found: SourcedTarget[] = []
    const sifted = new Map<Entry, Sum>()
    let looked = 0
    for (const entry of entries.values()) {
      const sum = new Sum()
      for (const labels of entry.found.labels) {
        if (++looked % sliceSize === 0) await new Promise((resolve) => setImmediate(resolve))
        const answer = entry.sift(labels)
        if ('target' in answer) {
          sum.targets += 1
          found.push(answer.target)
        } else {
          sum.droppedCount += 1
          const list = answer.labels[gpuLabel] ? sum.withGpus : sum.dropped
          if (list.length < maxDroppedShown) list.push(answer)
        }
      }
      sifted.set(entry, sum)
    }
    if (stopped) return
    const limit = config.max_targets
    const { targets, refused } = mergeTargets(found, { limit, taken: options.taken(), running })
    running = new Set(targets.map(({ url }) => url))
    for (const [entry, { targets: count, withGpus, dropped: others, droppedCount }] of sifted) {
      const dropped = [...withGpus, ...others].slice(0, maxDroppedShown)
      const tooMany = refused.get(entry.named.name) ?? 0
      const more = tooMany - entry.report.state.refused
      if (more > 0) metrics.refusedTargets.add(more, { provider: entry.named.name })
      entry.report.sifted({ targets: count - tooMany, dropped, droppedCount, refused: tooMany, limit })
    }
    options.onTargets(targets)
    options.onStates(states())
  }

  const states = () => [...entries.values()].map(({ report }) => report.state)

  apply()
  return {
    states,
    reload(next) {
      if (stopped) return
      config = next
      apply()
      // What is configured shows at once, whatever happened just before.
      cancel?.()
      cancel = null
      lastAt = -Infinity
      plan()
    },
    async stop() {
      stopped = true
      cancel?.()
      for (const { provider } of entries.values()) end(provider)
      await Promise.all([...ending, working])
    },
  }
}

function start(named: NamedProvider, clock: Clock, events: ProviderEvents): Provider {
  if (named.type === 'file') return startFileProvider(named.config, events, { clock })
  if (named.type === 'dns') return startDnsProvider(named.config, events, { clock })
  if (named.type === 'http') return startHttpProvider(named.config, events, { clock })
  return startKubernetesProvider(named.config, events, { clock })
}

/** What a provider asks, without what is made of its answers. */
function sourceOf({ type, config }: NamedProvider): string {
  const { scheme: _scheme, metrics_path: _path, target: _target, relabel_configs: _rules, ...source } = config
  return JSON.stringify([type, source])
}
