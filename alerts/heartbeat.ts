/**
 * The dead-man's switch: an address outside that is pinged for as long as alerts work. It raises the alarm when pings stop coming:
 * because this process is gone, because rules are not evaluated, or because notifications don't get out.
 */
import type { Logger } from 'pino'
import { durationMs } from '../records/duration.ts'
import type { Clock } from './clock.ts'
import type { AlertsConfig, HeartbeatConfig } from './config.ts'
import { refuseReserved } from './notify/address.ts'
import { DeliveryError } from './notify/notifier.ts'
import type { ChannelStatus, RuleStatus } from './status.ts'

const timeoutMs = 10_000
/** Intervals that a group may be behind. */
const lateIntervals = 3
const shortestLateMs = 60_000
/** Attempts in a row that failed, with something still to be told. */
const stuckFailures = 3
/** Where attempts are rare, since the vendor asked for it. */
const longestWaitMs = 600_000

/**
 * Why alerting is not whole; empty when it is. Rules about ourselves are none of the `rules`: they work also when nothing
 * else does. `evaluatedAt` says up to when a group was evaluated, or when it began. Times are epoch milliseconds.
 */
export function whyHeld(
  rules: readonly RuleStatus[],
  channels: readonly ChannelStatus[],
  now: number,
  evaluatedAt: (group: string) => number,
): string {
  for (const [group, ofGroup] of Map.groupBy(rules, (rule) => rule.group)) {
    const times = ofGroup.flatMap(({ last_evaluation_at: at }) => (at === null ? [] : [at]))
    const late = now - (times.length > 0 ? Math.max(...times) : evaluatedAt(group))
    const limit = Math.max(lateIntervals * (ofGroup[0]?.interval_ms ?? 0), shortestLateMs)
    if (late > limit && times.length === 0) return `no rule of group "${group}" was evaluated yet`
    if (late > limit) return `group "${group}" was last evaluated ${Math.round(late / 1000)} s ago`
    if (ofGroup.every(({ health }) => health === 'err'))
      return `no rule of group "${group}" can be evaluated: ${ofGroup[0]?.last_error}`
  }
  const stuck = channels.find(
    ({ queued, failures, waiting_since }) =>
      queued > 0 && (failures >= stuckFailures || now - (waiting_since ?? now) > longestWaitMs),
  )
  return stuck ? `notifications to ${stuck.receiver} (${stuck.channel}) don't arrive: ${stuck.last_error}` : ''
}

export interface HeartbeatsOptions {
  clock: Clock
  fetch: typeof fetch
  log: Logger
  /** Why no ping may go out; empty when it may. */
  held: () => string
}

interface Heartbeat {
  config: HeartbeatConfig
  status: ChannelStatus
  cancel: () => void
}

export class Heartbeats {
  readonly #options: HeartbeatsOptions
  readonly #stopped = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #beats = new Map<string, Heartbeat>()

  constructor(options: HeartbeatsOptions) {
    this.#options = options
  }

  /** Takes over new settings; how each one fared stays known. */
  configure({ receivers }: AlertsConfig): void {
    const before = this.#beats
    for (const { cancel } of before.values()) cancel()
    this.#beats = new Map(
      receivers.flatMap(({ name, heartbeat: config }) => {
        const status = before.get(name)?.status ?? newStatus(name)
        return config ? [[name, { config, status, cancel: () => undefined }] as const] : []
      }),
    )
    for (const beat of this.#beats.values()) this.#schedule(beat)
  }

  /** As channels: `last_success_at` is the last ping, `last_error` says why there was none since. */
  statuses(): ChannelStatus[] {
    return [...this.#beats.values()].map(({ status }) => Object.assign({}, status))
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    for (const { cancel } of this.#beats.values()) cancel()
    await Promise.all(this.#running)
  }

  #schedule(beat: Heartbeat): void {
    if (this.#stopped.signal.aborted || this.#beats.get(beat.status.receiver) !== beat) return
    beat.cancel = this.#options.clock.after(durationMs(beat.config.interval), async () => {
      const beating = this.#beat(beat)
      this.#running.add(beating)
      await beating
      this.#running.delete(beating)
      this.#schedule(beat)
    })
  }

  async #beat({ config, status }: Heartbeat): Promise<void> {
    const { clock, log, held } = this.#options
    const why = held()
    const error = why === '' ? await this.#ping(config) : why
    const { receiver } = status
    if (why === '') status.last_attempt_at = clock.now()
    if (error === '') status.last_success_at = clock.now()
    if (error === '' && !status.healthy) log.info({ receiver }, 'heartbeat is sent again')
    // Once, until the reason changes.
    if (error !== '' && (status.healthy || status.last_error !== error))
      log.warn({ receiver, reason: error }, why === '' ? 'heartbeat did not arrive' : 'heartbeat is held back')
    status.healthy = error === ''
    status.failures = error === '' ? 0 : status.failures + 1
    if (error !== '') status.last_error = error
  }

  /** What went wrong, without the address: it is a secret. */
  async #ping({ url, method }: HeartbeatConfig): Promise<string> {
    const timeout = AbortSignal.timeout(timeoutMs)
    const { host } = new URL(url)
    try {
      await refuseReserved(url)
      const response = await this.#options.fetch(url, {
        method,
        headers: { 'user-agent': 'inferwatch' },
        redirect: 'manual',
        signal: AbortSignal.any([this.#stopped.signal, timeout]),
      })
      await response.body?.cancel()
      return response.ok ? '' : `${host} answered ${response.status}`
    } catch (error) {
      if (error instanceof DeliveryError) return `${host}: ${error.message}`
      if (timeout.aborted) return `${host}: no answer in ${timeoutMs / 1000} s`
      const cause = error instanceof Error ? error.cause : undefined
      return `${host}: ${cause instanceof Error && 'code' in cause ? String(cause.code) : 'cannot be reached'}`
    }
  }
}

function newStatus(receiver: string): ChannelStatus {
  return {
    receiver,
    channel: 'heartbeat',
    type: 'heartbeat',
    healthy: true,
    last_error: '',
    last_success_at: null,
    last_attempt_at: null,
    failures: 0,
    queued: 0,
    waiting_since: null,
    retry_at: null,
  }
}
