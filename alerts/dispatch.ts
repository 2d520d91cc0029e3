/** Keeps the alert groups: takes alerts in, and decides at each flush what its receiver's channels have to be told. */
import { randomUUID } from 'node:crypto'
import { durationMs } from '../records/duration.ts'
import type { AlertGroupRow } from '../storage/queries/alert-state.ts'
import { channelsOf, type Channel } from './channel.ts'
import { routedReceiver, type AlertsConfig, type Route } from './config.ts'
import { Courier, type CourierOptions, type Waiting } from './courier.ts'
import {
  decide,
  giveUpAfterMs,
  groupKey,
  newGroup,
  tidy,
  type AlertGroup,
  type ChannelLog,
  type GroupedAlert,
  type Timings,
} from './group.ts'
import { pickLabels } from './labels.ts'

export class Dispatcher {
  readonly #options: CourierOptions
  readonly #groups = new Map<string, AlertGroup>()
  readonly courier: Courier
  #receiver: string | null = null
  #groupBy: readonly string[] = []
  #timings: Timings
  #cancelFlush = () => {}
  #stopping = false

  constructor(config: AlertsConfig, options: CourierOptions) {
    this.#options = options
    this.#timings = timingsOf(config.route)
    this.courier = new Courier(options, this)
    this.configure(config)
  }

  /**
   * Takes over new receivers and a new route. An alert stays in its group until it resolves, so that no incident is left
   * open under an old key; groups of a receiver that is gone are given up, and their alerts join the new one's.
   */
  configure(config: AlertsConfig): void {
    this.#receiver = routedReceiver(config)?.name ?? null
    this.#groupBy = config.route.group_by
    this.#timings = timingsOf(config.route)
    this.courier.configure(config.receivers.flatMap(channelsOf))
    for (const group of this.#groups.values()) {
      if (this.#channelsOf(group).length > 0) continue
      this.#close(group)
      this.update(Object.values(group.alerts).filter(({ ends_at }) => ends_at === null))
    }
  }

  /** Takes over what the last process left. */
  restore(rows: AlertGroupRow[]): void {
    for (const { state } of rows) {
      const group = JSON.parse(state) as AlertGroup
      this.#groups.set(groupId(group.receiver, group.key), group)
      if (this.#channelsOf(group).length === 0) this.#close(group)
    }
    this.#wake()
    this.courier.wake()
  }

  /** Ends every alert that is not among the firing ones: what ceased without being written down. */
  reconcile(firing: ReadonlySet<string>): void {
    const now = this.#options.clock.now()
    const alerts = [...this.#groups.values()].flatMap((group) => Object.values(group.alerts))
    for (const alert of alerts)
      if (alert.ends_at === null && !firing.has(alert.fingerprint)) this.update([{ ...alert, ends_at: now }])
  }

  /** Alerts as they are now: firing ones join or refresh their group, ended ones are marked. */
  update(alerts: readonly GroupedAlert[]): void {
    for (const alert of alerts) {
      const group = this.#groupOf(alert)
      const known = group?.alerts[alert.fingerprint]
      // Word of an end says nothing about an alert that nobody heard of, nor twice.
      if (!group || (alert.ends_at !== null && known?.ends_at !== null)) continue
      group.alerts[alert.fingerprint] = alert
      if (known && known.ends_at === alert.ends_at) continue
      if (alert.ends_at === null) owe(group, alert.fingerprint)
      this.#save(group)
    }
    this.#wake()
  }

  waiting(channel: Channel): Waiting[] {
    return [...this.#groups.values()].flatMap((group) => {
      const log = group.receiver === channel.receiver ? group.channels[channel.id] : undefined
      return log?.outbox ? [{ group, log, outbox: log.outbox }] : []
    })
  }

  told(channel: Channel): Omit<Waiting, 'outbox'>[] {
    return [...this.#groups.values()].flatMap((group) => {
      const log = group.receiver === channel.receiver ? group.channels[channel.id] : undefined
      return log?.told ? [{ group, log }] : []
    })
  }

  settled(group: AlertGroup): void {
    if (this.#groups.get(groupId(group.receiver, group.key)) !== group) return
    if (tidy(group, this.#timings, this.#options.clock.now())) this.#close(group)
    else this.#save(group)
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    this.#cancelFlush()
    await this.courier.stop(graceMs)
  }

  #flush(): void {
    const now = this.#options.clock.now()
    for (const group of this.#groups.values()) if (group.next_flush_at <= now) this.#flushGroup(group, now)
    this.#wake()
    this.courier.wake()
    void this.#options.writer.flush()
  }

  #flushGroup(group: AlertGroup, now: number): void {
    group.next_flush_at = now + this.#timings.group_interval_ms
    const channels = this.#channelsOf(group)
    group.channels = Object.fromEntries(
      channels.map(({ id }) => [id, group.channels[id] ?? { told: null, outbox: null }]),
    )
    const decided = Object.values(group.channels).filter((log) => this.#decide(group, log, now))
    if (tidy(group, this.#timings, now)) this.#close(group)
    else if (decided.length > 0) this.#save(group)
  }

  /** Whether the channel has something new to be told; a notification that still waits will tell it. */
  #decide(group: AlertGroup, log: ChannelLog, now: number): boolean {
    if (log.outbox) return false
    const alerts = Object.values(group.alerts)
    const reason = decide(log.told, alerts, this.#timings, now)
    if (reason === null) return false
    log.outbox = {
      id: randomUUID(),
      reason,
      expires_at: now + giveUpAfterMs(this.#timings),
      attempts: 0,
      next_attempt_at: now,
      owed: alerts.filter(({ ends_at }) => ends_at === null).map(({ fingerprint }) => fingerprint),
    }
    return true
  }

  /** The group that holds the alert, else the one that its labels lead to; none for the end of an unknown alert. */
  #groupOf(alert: GroupedAlert): AlertGroup | undefined {
    if (this.#receiver === null) return undefined
    const own = this.#groups.get(groupId(this.#receiver, groupKey(pickLabels(alert.labels, this.#groupBy))))
    if (own?.alerts[alert.fingerprint]) return own
    const other = [...this.#groups.values()].find(({ alerts }) => alerts[alert.fingerprint])
    if (other ?? alert.ends_at !== null) return other
    if (own) return own
    const group = newGroup(alert, this.#receiver, this.#groupBy, this.#timings, this.#options.clock.now())
    this.#groups.set(groupId(group.receiver, group.key), group)
    return group
  }

  #channelsOf({ receiver }: AlertGroup): Channel[] {
    return this.courier.channels().filter((channel) => channel.receiver === receiver)
  }

  #close(group: AlertGroup): void {
    this.#groups.delete(groupId(group.receiver, group.key))
    this.#save(group, true)
  }

  #save(group: AlertGroup, closed = false): void {
    const { writer } = this.#options
    const { receiver, key: group_key } = group
    const row = { receiver, group_key, state: JSON.stringify(group), closed, version: writer.nextVersion() }
    writer.put('alert_groups', row, groupId(receiver, group_key))
  }

  #wake(): void {
    this.#cancelFlush()
    const times = [...this.#groups.values()].map((group) => group.next_flush_at)
    if (times.length === 0 || this.#stopping) return
    const { clock } = this.#options
    this.#cancelFlush = clock.after(Math.min(...times) - clock.now(), () => this.#flush())
  }
}

const groupId = (receiver: string, key: string) => JSON.stringify([receiver, key])

/** An alert that fires while its channel can't be reached is told even if it resolves before the channel is back. */
function owe(group: AlertGroup, fingerprint: string): void {
  for (const { outbox } of Object.values(group.channels))
    if (outbox && !outbox.owed.includes(fingerprint)) outbox.owed.push(fingerprint)
}

function timingsOf(route: Route): Timings {
  return {
    group_wait_ms: durationMs(route.group_wait),
    group_interval_ms: durationMs(route.group_interval),
    repeat_interval_ms: durationMs(route.repeat_interval),
  }
}
