/** Alerts that other programs send, as Prometheus does to Alertmanager: they join ours in groups, inhibition and silences. */
import type { Clock } from '../clock.ts'
import type { GroupedAlert } from '../group.ts'
import type { RowWriter } from '../row-writer.ts'
import type { ReceivedAlert } from './received-alert.ts'

/** That fire at once. */
export const mostExternal = 10_000

export interface ExternalAlertsOptions {
  clock: Clock
  writer: RowWriter
  onAlerts: (alerts: GroupedAlert[]) => void
}

/** An alert is over when its sender says so, or when its time runs out and it was not sent again. */
export class ExternalAlerts {
  readonly #options: ExternalAlertsOptions
  readonly #firing = new Map<string, GroupedAlert & { expires_at: number }>()
  #cancelExpiry = () => {}

  constructor(options: ExternalAlertsOptions) {
    this.#options = options
  }

  /** Takes over what the last process left; nobody could send while it was away, so each gets `graceMs` from now. */
  restore(alerts: readonly GroupedAlert[], graceMs: number): void {
    const least = this.#options.clock.now() + graceMs
    for (const alert of alerts)
      if (alert.expires_at !== undefined)
        this.#firing.set(alert.fingerprint, { ...alert, expires_at: Math.max(alert.expires_at, least) })
    this.#schedule()
  }

  /** How many were refused, because too many fire; what is known of is always taken. */
  receive(received: readonly ReceivedAlert[]): number {
    const now = this.#options.clock.now()
    const alerts: GroupedAlert[] = []
    let refused = 0
    for (const one of received) {
      const alert = this.#isOneTooMany(one, now) ? 'refused' : this.#take(one, now)
      if (alert === 'refused') refused++
      else if (alert) alerts.push(alert)
    }
    this.#options.onAlerts(alerts)
    this.#schedule()
    void this.#options.writer.flush()
    return refused
  }

  #isOneTooMany({ fingerprint, expires_at }: ReceivedAlert, now: number): boolean {
    return expires_at > now && this.#firing.size >= mostExternal && !this.#firing.has(fingerprint)
  }

  stop(): void {
    this.#cancelExpiry()
  }

  /** The alert as it is now; null for the end of one that nobody heard of. */
  #take({ expires_at, ...rest }: ReceivedAlert, now: number): GroupedAlert | null {
    const known = this.#firing.get(rest.fingerprint)
    if (expires_at <= now) {
      this.#firing.delete(rest.fingerprint)
      if (known) this.#record(known, 'inactive', expires_at)
      return known ? { ...known, ...rest, starts_at: known.starts_at, ends_at: expires_at } : null
    }
    const starts_at = known ? Math.min(known.starts_at, rest.starts_at) : rest.starts_at
    const alert = { ...rest, value: null, starts_at, ends_at: null, expires_at }
    this.#firing.set(alert.fingerprint, alert)
    if (!known) this.#record(alert, 'firing', now)
    return alert
  }

  #schedule(): void {
    this.#cancelExpiry()
    if (this.#firing.size === 0) return
    const { clock } = this.#options
    let next = Infinity
    for (const { expires_at } of this.#firing.values()) next = Math.min(next, expires_at)
    this.#cancelExpiry = clock.after(next - clock.now(), () => this.#expire())
  }

  #expire(): void {
    const now = this.#options.clock.now()
    const over = [...this.#firing.values()].filter(({ expires_at }) => expires_at <= now)
    for (const alert of over) {
      this.#firing.delete(alert.fingerprint)
      this.#record(alert, 'inactive', alert.expires_at)
    }
    this.#options.onAlerts(over.map((alert) => Object.assign({}, alert, { ends_at: alert.expires_at })))
    this.#schedule()
    void this.#options.writer.flush()
  }

  #record({ fingerprint, labels, annotations }: GroupedAlert, state: 'firing' | 'inactive', at: number): void {
    this.#options.writer.put('alert_events', {
      timestamp: at * 1000,
      fingerprint,
      rule: labels['alertname'] ?? '',
      group: 'external',
      state,
      previous_state: state === 'firing' ? 'inactive' : 'firing',
      labels,
      annotations,
      value: null,
    })
  }
}
