/** For tests of discovery: what a provider said, time that flies, and what discovery makes of it all. */
import { pino } from 'pino'
import { expect } from 'vitest'
import type { Clock } from '../clock.ts'
import { discoveryConfig } from './config.ts'
import type { SourcedTarget } from './found-target.ts'
import { startDiscovery, type Discovery } from './index.ts'
import type { Provider, ProviderEvents, ProviderServices } from './provider.ts'
import type { LabelSet } from './relabel.ts'

export const until = (holds: () => boolean) => expect.poll(holds, { interval: 5, timeout: 20_000 }).toBe(true)

/** A thousand times as fast as the wall's. */
export function fastClock(factor = 1_000): Clock {
  const began = Date.now()
  return {
    now: () => began + (Date.now() - began) * factor,
    after(ms, task) {
      const timer = setTimeout(task, ms / factor)
      return () => clearTimeout(timer)
    },
  }
}

export interface Heard {
  labels: readonly LabelSet[]
  /** The newest; empty when all is well. */
  error: string
  /** Everything that was ever wrong. */
  errors: string[]
  /** How often something was found. */
  times: number
  addresses: () => string[]
}

export function hear(
  start: (events: ProviderEvents, services: ProviderServices) => Provider,
  clock: Clock = fastClock(),
): { heard: Heard; provider: Provider } {
  const heard: Heard = {
    labels: [],
    error: '',
    errors: [],
    times: 0,
    addresses: () => heard.labels.map((labels) => labels['__address__'] ?? '').toSorted(),
  }
  const note = (error: string) => {
    heard.error = error
    if (error !== '') heard.errors.push(error)
  }
  const events: ProviderEvents = {
    found(found) {
      heard.labels = found.labels
      heard.times += 1
      note(found.error)
    },
    failed: note,
  }
  return { heard, provider: start(events, { clock }) }
}

export interface Discovered {
  discovery: Discovery
  targets: readonly SourcedTarget[]
  changes: number
  urls: () => string[]
}

export function discover(
  config: object,
  { clock = fastClock(), taken = [] }: { clock?: Clock; taken?: string[] } = {},
): Discovered {
  const result: Omit<Discovered, 'discovery'> = {
    targets: [],
    changes: 0,
    urls: () => result.targets.map(({ url }) => url),
  }
  const discovery = startDiscovery({
    config: discoveryConfig.parse(config),
    clock,
    log: pino({ level: 'silent' }),
    metrics: { refusedTargets: { add: () => undefined } },
    taken: () => new Set(taken),
    onTargets(targets) {
      result.targets = targets
      result.changes += 1
    },
    onStates: () => undefined,
  })
  return Object.assign(result, { discovery })
}
