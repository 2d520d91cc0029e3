/** The calls under way: counted, bounded, timed, waited for at the end. */
import { metrics } from '@opentelemetry/api'
import { durationMs } from '../../records/duration.ts'
import type { ProxyConfig } from '../config.ts'
import type { CallEnd } from './observer.ts'
import type { Refusal } from './refusal.ts'
import { type Entry, Roll } from './roll.ts'
import type { Upstream } from './upstream.ts'

/** What a call may take, in ms. */
export interface Patience {
  connect: number
  headers: number
  idle: number
}

/** A call as those see it who wait for it. */
export interface Ongoing extends Entry {
  readonly upstream: Upstream
  /** Ends it where its patience is over. `now` is performance.now(). */
  check(now: number, patience: Patience): void
  /** Ends it as if the upstream had gone. */
  cut(): void
}

/** Patience is checked this often; a call may take as much longer. */
const checkMs = 1_000
/** A call that is cut ends as soon as its connections have closed. */
const cutMs = 1_000

export class Calls {
  private readonly active = new Roll<Ongoing>()
  /** By endpoint. */
  private readonly ended = new Map<string, Partial<Record<CallEnd['how'], number>>>()
  private config: ProxyConfig
  private patience: Patience
  private timer: NodeJS.Timeout
  private stopping = false
  private emptied: (() => void) | null = null

  constructor(config: ProxyConfig) {
    this.config = config
    this.patience = patienceOf(config)
    this.timer = this.startChecking()
    const meter = metrics.getMeter('inferwatch')
    meter
      .createObservableGauge('inferwatch.proxy.active_calls', {
        description: 'Calls that the proxy is passing on',
        unit: '{call}',
      })
      .addCallback((result) => result.observe(this.active.size))
    meter
      .createObservableCounter('inferwatch.proxy.calls', { description: 'Calls by how they ended', unit: '{call}' })
      .addCallback((result) => {
        for (const [endpoint, outcomes] of this.ended)
          for (const [outcome, calls] of Object.entries(outcomes)) result.observe(calls, { endpoint, outcome })
      })
  }

  reload(config: ProxyConfig): void {
    this.config = config
    this.patience = patienceOf(config)
    clearInterval(this.timer)
    this.timer = this.startChecking()
  }

  /** Why there is no room for another call; null when there is. */
  full({ active, endpoint }: Upstream): Refusal | null {
    const { max_concurrent, max_concurrent_per_endpoint } = this.config
    if (this.stopping) return { code: 'stopping', message: 'is stopping' }
    if (this.active.size >= max_concurrent)
      return { code: 'too_many_requests', message: `${max_concurrent} calls are under way (proxy.max_concurrent)` }
    if (active >= max_concurrent_per_endpoint)
      return {
        code: 'too_many_requests',
        message: `${active} calls to ${endpoint.name} are under way (proxy.max_concurrent_per_endpoint)`,
      }
    return null
  }

  add(call: Ongoing): void {
    call.upstream.active++
    this.active.add(call)
  }

  remove(call: Ongoing): void {
    if (!this.active.delete(call)) return
    call.upstream.active--
    if (this.active.size === 0) this.emptied?.()
  }

  count(endpoint: string, outcome: CallEnd['how']): void {
    let outcomes = this.ended.get(endpoint)
    if (!outcomes) this.ended.set(endpoint, (outcomes = {}))
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }

  /** Lets no further call begin, and waits for the others for at most `limitMs`; what is left then is cut. Idempotent. */
  async stop(limitMs: number): Promise<void> {
    this.stopping = true
    await this.empty(limitMs)
    clearInterval(this.timer)
    for (const call of this.active.all()) call.cut()
    // Their ends are told before this one.
    await this.empty(cutMs)
  }

  private async empty(limitMs: number): Promise<void> {
    if (this.active.size === 0 || limitMs <= 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.emptied = resolve
    const timer = setTimeout(resolve, limitMs)
    await promise
    clearTimeout(timer)
  }

  private startChecking(): NodeJS.Timeout {
    const { connect, headers, idle } = this.patience
    const every = Math.min(checkMs, Math.max(10, Math.min(connect, headers, idle) / 4))
    return setInterval(() => {
      const now = performance.now()
      for (const call of this.active.all()) call.check(now, this.patience)
    }, every).unref()
  }
}

function patienceOf({ timeouts }: ProxyConfig): Patience {
  const { connect, headers, idle } = timeouts
  return { connect: durationMs(connect), headers: durationMs(headers), idle: durationMs(idle) }
}
