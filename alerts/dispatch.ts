/** Keeps the alert groups: takes alerts in, and decides at each flush what its receiver's channels have to be told. */
import { randomUUID } from 'node:crypto'
import type { AlertGroupRow } from '../storage/queries/alert-state.ts'
import { channelsOf, type Channel } from './channel.ts'
import type { AlertsConfig } from './config.ts'
import { Courier, type CourierOptions, type Waiting } from './courier.ts'
import {
  decide,
  firstFlushAt,
  giveUpAfterMs,
  groupId,
  isOver,
  outgrew,
  shiftGroup,
  tidy,
  visibleAlerts,
  withoutEnded,
  type AlertGroup,
  type GroupedAlert,
  type MuteReason,
  type Timings,
} from './group.ts'
import { pickLabels } from './labels.ts'
import { Muting } from './routing/muting.ts'
import { allRoutes, compileRoute, groupKeyOn, routesFor, type Route } from './routing/route.ts'
import type { Silences } from './routing/silences.ts'

export interface DispatcherOptions extends CourierOptions {
  silences: Silences
}

/** A group that an alert is meant to be in. */
interface Target {
  id: string
  key: string
  route: Route
}

export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #groups = new Map<string, AlertGroup>()
  /** The groups that hold an alert, by its fingerprint. */
  readonly #holders = new Map<string, Set<AlertGroup>>()
  readonly #muting: Muting
  readonly courier: Courier
  /** Null without a receiver: nobody is told. */
  #tree: Route | null = null
  /** By receiver and key. */
  #routes = new Map<string, Route>()
  /** All that are configured, with channels or without, which tell two of them apart. */
  #receivers: ReadonlyMap<string, string> = new Map()
  #cancelFlush = () => {}
  #stopping = false

  constructor(config: AlertsConfig, options: DispatcherOptions) {
    this.#options = options
    this.#muting = new Muting(options.silences)
    this.courier = new Courier(options, this)
    this.configure(config)
    options.silences.onChange(() => this.#muteAll())
  }

  /**
   * Takes over new receivers and a new tree. An alert stays in its group until it resolves, so that no incident is left open
   * under an old key; where the tree leads to another receiver now, it joins that one's group, and the old one hears of nothing
   * but its end. Groups of a receiver that is gone are given up, unless it goes on under another name.
   */
  configure(config: AlertsConfig): void {
    const first = config.receivers.find(({ notify }) => notify.length > 0) ?? config.receivers[0]
    this.#tree = first ? compileRoute(config.route, first.name) : null
    const routes = this.#tree ? allRoutes(this.#tree) : []
    this.#routes = new Map(routes.toReversed().map((route) => [groupId(route), route]))
    this.#muting.configure(config, this.firing())
    const before = this.#receivers
    this.#receivers = new Map(config.receivers.map(({ name, notify }) => [name, JSON.stringify(notify)]))
    this.courier.configure(config.receivers.flatMap(channelsOf))
    this.#placeAll(before)
    this.courier.wake()
  }

  /** Takes over what the last process left. */
  restore(rows: AlertGroupRow[]): void {
    for (const { state } of rows) {
      const group = JSON.parse(state) as AlertGroup
      // One that came up before storage answered knows more.
      if (this.#groups.has(groupId(group))) continue
      this.#groups.set(groupId(group), group)
      // Whatever the clock said then, a flush is never further away.
      const { group_wait_ms, group_interval_ms } = this.timingsOf(group)
      const latest = this.#options.clock.now() + Math.max(group_wait_ms, group_interval_ms)
      group.next_flush_at = Math.min(group.next_flush_at, latest)
      for (const alert of Object.values(group.alerts)) {
        this.#hold(alert.fingerprint, group)
        this.#muting.note(alert)
      }
    }
    this.#placeAll()
    this.#wake()
    this.courier.wake()
  }

  /** The clock was set by that much: all that waits goes on waiting as long as it would have. */
  stepped(byMs: number): void {
    for (const group of this.#groups.values()) {
      shiftGroup(group, byMs)
      this.#save(group)
    }
    for (const { health } of this.courier.channels()) if (health.blocked_until > 0) health.blocked_until += byMs
    this.#wake()
    this.courier.wake()
    void this.#options.writer.flush()
  }

  /** Ends every alert of ours that is not among the firing ones: what ceased without being written down. */
  reconcile(firing: ReadonlySet<string>): void {
    const ends_at = this.#options.clock.now()
    const ceased = this.firing().filter(
      ({ fingerprint, expires_at }) => expires_at === undefined && !firing.has(fingerprint),
    )
    this.update(ceased.map((alert) => Object.assign({}, alert, { ends_at })))
  }

  /** Alerts as they are now: firing ones join or refresh their groups, ended ones are marked. */
  update(alerts: readonly GroupedAlert[]): void {
    const changed = new Set<AlertGroup>()
    const fired: GroupedAlert[] = []
    for (const alert of alerts) {
      this.#muting.note(alert)
      const holders = this.#holdersOf(alert)
      if (alert.ends_at !== null) {
        // Word of an end says nothing about an alert that nobody heard of, nor twice.
        for (const group of holders) if (end(group, alert)) changed.add(group)
      } else if (isFiring(holders, alert)) {
        for (const group of holders) group.alerts[alert.fingerprint] = alert
      } else {
        this.#place(alert)
        fired.push(alert)
        for (const group of this.#holdersOf(alert)) {
          group.alerts[alert.fingerprint] = alert
          changed.add(group)
        }
      }
    }
    // Only now is it known what fires beside them.
    this.#owe(fired)
    for (const group of changed) this.#save(group)
    this.#wake()
  }

  groups(): AlertGroup[] {
    return [...this.#groups.values()]
  }

  /** Every alert that fires, once. */
  firing(): GroupedAlert[] {
    return [...this.#holders].flatMap(([fingerprint, holders]) => {
      const alerts = [...holders].map((group) => group.alerts[fingerprint])
      return alerts.find((alert) => alert?.ends_at === null) ?? []
    })
  }

  /** Says why an alert in a group would not be told now. */
  muteReasons(): (group: AlertGroup, alert: GroupedAlert) => MuteReason[] {
    const reasonsOf = this.#muting.at(this.#options.clock.now())
    return (group, alert) => [
      ...(group.muted?.[alert.fingerprint]?.filter(({ kind }) => kind === 'rerouted') ?? []),
      ...reasonsOf(alert, this.#routeOf(group)),
    ]
  }

  timingsOf(group: AlertGroup): Timings {
    const route = this.#routeOf(group) ?? this.#tree
    return route?.timings ?? { group_wait_ms: 0, group_interval_ms: 300_000, repeat_interval_ms: 14_400_000 }
  }

  /** Writes down what was changed in a group from outside. */
  changed(group: AlertGroup): void {
    this.#save(group)
    void this.#options.writer.flush()
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
    if (this.#groups.get(groupId(group)) !== group) return
    this.#tidy(group, this.#options.clock.now())
    if (isOver(group)) this.#close(group)
    else this.#save(group)
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    this.#cancelFlush()
    await this.courier.stop(graceMs)
  }

  #flush(): void {
    const now = this.#options.clock.now()
    const reasonsOf = this.muteReasons()
    for (const group of this.#groups.values()) if (group.next_flush_at <= now) this.#flushGroup(group, now, reasonsOf)
    this.#wake()
    this.courier.wake()
    void this.#options.writer.flush()
  }

  #flushGroup(group: AlertGroup, now: number, reasonsOf: ReturnType<Dispatcher['muteReasons']>): void {
    group.next_flush_at = now + this.timingsOf(group).group_interval_ms
    const channels = this.#channelsOf(group)
    group.channels = Object.fromEntries(
      channels.map(({ id }) => [id, group.channels[id] ?? { told: null, outbox: null }]),
    )
    const muted = mute(group, reasonsOf)
    const decided = channels.filter((channel) => this.#decide(group, channel, now))
    this.#tidy(group, now)
    if (isOver(group)) this.#close(group)
    else if (muted || decided.length > 0) this.#save(group)
  }

  /** Whether something has changed of what the channel is to be told; a notification that still waits will tell it. */
  #decide(group: AlertGroup, { id, sendResolved }: Channel, now: number): boolean {
    const log = group.channels[id]
    if (!log || log.outbox) return false
    const { told } = log
    if (!sendResolved) log.told = withoutEnded(told, group)
    const timings = this.timingsOf(group)
    const alerts = visibleAlerts(group)
    const reason = decide(log.told, alerts, timings, now, Boolean(group.acknowledged))
    if (reason === null) return log.told !== told
    // What somebody took on has changed.
    if (group.acknowledged && outgrew(group.acknowledged, group, alerts)) group.acknowledged = null
    log.outbox = {
      id: randomUUID(),
      reason,
      decided_at: now,
      expires_at: now + giveUpAfterMs(timings),
      attempts: 0,
      next_attempt_at: now,
      owed: alerts.filter(({ ends_at }) => ends_at === null).map(({ fingerprint }) => fingerprint),
    }
    return true
  }

  /** Takes over new silences at once: a notification that waits must not tell what was silenced meanwhile. */
  #muteAll(): void {
    const reasonsOf = this.muteReasons()
    for (const group of this.#groups.values()) if (mute(group, reasonsOf)) this.#save(group)
    void this.#options.writer.flush()
  }

  /** Gives up the groups whose receiver is gone, and puts every firing alert where the tree leads now. */
  #placeAll(before: ReadonlyMap<string, string> = new Map()): void {
    const firing = this.firing()
    for (const group of this.#groups.values())
      if (!this.#receivers.has(group.receiver)) this.#handOver(group, before.get(group.receiver))
    for (const alert of firing) for (const group of this.#place(alert)) this.#save(group)
    this.#wake()
  }

  /**
   * Of a group whose receiver is gone: where the tree leads to the very channels that it had, by the same key, they go on with what they
   * know and with what people did about it; else it is given up.
   */
  #handOver(group: AlertGroup, channels: string | undefined): void {
    const members = Object.values(group.alerts)
    const heir = members
      .slice(0, 1)
      .flatMap((alert) => this.#targetsOf(alert))
      .find(({ key, route }) => key === group.key && this.#receivers.get(route.receiver) === channels)
    this.#close(group)
    if (!heir || this.#groups.has(heir.id)) return
    group.receiver = heir.route.receiver
    group.route = heir.route.key
    this.#groups.set(heir.id, group)
    for (const { fingerprint } of members) this.#hold(fingerprint, group)
    this.#save(group)
  }

  /** Makes the alert a member of every group that it is meant to be in. Returns the groups that this changed. */
  #place(alert: GroupedAlert): AlertGroup[] {
    const { fingerprint } = alert
    const holders = this.#holdersOf(alert)
    const targets = this.#targetsOf(alert)
    const held = new Set(Array.from(holders, groupId))
    const missing = targets.filter(({ id }) => !held.has(id))
    const changed: AlertGroup[] = []
    for (const group of holders) {
      const isTarget = targets.some(({ id }) => id === groupId(group))
      // Its receiver knows it from here: it doesn't hear of it under another key too.
      const twin = isTarget ? -1 : missing.findIndex(({ route }) => route.receiver === group.receiver)
      if (twin >= 0) missing.splice(twin, 1)
      if (reroute(group, fingerprint, !isTarget && twin < 0)) changed.push(group)
    }
    return [...changed, ...missing.map((target) => this.#join(target, alert))]
  }

  #join({ id, key, route }: Target, alert: GroupedAlert): AlertGroup {
    const group = this.#groups.get(id) ?? {
      receiver: route.receiver,
      key,
      labels: pickLabels(alert.labels, route.group_by),
      next_flush_at: firstFlushAt(alert, route.timings, this.#options.clock.now()),
      alerts: {},
      channels: {},
      route: route.key,
      opened_at: this.#options.clock.now(),
    }
    this.#groups.set(id, group)
    group.alerts[alert.fingerprint] = alert
    this.#hold(alert.fingerprint, group)
    return group
  }

  /** Two routes with equal matchers and receivers are one group, told once. */
  #targetsOf({ labels }: GroupedAlert): Target[] {
    if (this.#tree === null) return []
    const targets = routesFor(this.#tree, labels).map((route) => {
      const key = groupKeyOn(route, labels)
      return { id: groupId({ receiver: route.receiver, key }), key, route }
    })
    return targets.filter(({ id }, index) => targets.findIndex((other) => other.id === id) === index)
  }

  #holdersOf({ fingerprint }: GroupedAlert): ReadonlySet<AlertGroup> {
    return this.#holders.get(fingerprint) ?? noGroups
  }

  #hold(fingerprint: string, group: AlertGroup): void {
    const holders = this.#holders.get(fingerprint)
    if (holders) holders.add(group)
    else this.#holders.set(fingerprint, new Set([group]))
  }

  /** An alert that fires while its channel can't be reached is told even if it resolves before the channel is back. */
  #owe(alerts: readonly GroupedAlert[]): void {
    const reasonsOf = this.muteReasons()
    for (const alert of alerts)
      for (const group of this.#holdersOf(alert)) {
        const waiting = Object.values(group.channels).flatMap(({ outbox }) => outbox ?? [])
        if (waiting.length > 0 && reasonsOf(group, alert).length > 0) continue
        for (const { owed } of waiting) if (!owed.includes(alert.fingerprint)) owed.push(alert.fingerprint)
      }
  }

  #tidy(group: AlertGroup, now: number): void {
    this.#forget(group, tidy(group, this.timingsOf(group), now))
  }

  #forget(group: AlertGroup, fingerprints: readonly string[]): void {
    for (const fingerprint of fingerprints) {
      const holders = this.#holders.get(fingerprint)
      holders?.delete(group)
      if (holders?.size === 0) this.#holders.delete(fingerprint)
    }
  }

  /** Its route as the tree has it now; null when it is gone. */
  #routeOf({ receiver, route = '{}' }: AlertGroup): Route | null {
    return this.#routes.get(groupId({ receiver, key: route })) ?? null
  }

  #channelsOf({ receiver }: AlertGroup): Channel[] {
    return this.courier.channels().filter((channel) => channel.receiver === receiver)
  }

  #close(group: AlertGroup): void {
    this.#groups.delete(groupId(group))
    this.#forget(group, Object.keys(group.alerts))
    this.#save(group, true)
  }

  #save(group: AlertGroup, closed = false): void {
    const { writer } = this.#options
    const { receiver, key: group_key } = group
    const row = { receiver, group_key, state: JSON.stringify(group), closed, version: writer.nextVersion() }
    writer.put('alert_groups', row, groupId(group))
  }

  #wake(): void {
    this.#cancelFlush()
    if (this.#groups.size === 0 || this.#stopping) return
    const { clock } = this.#options
    const now = clock.now()
    let next = Infinity
    for (const { next_flush_at } of this.#groups.values()) next = Math.min(next, next_flush_at)
    this.#cancelFlush = clock.after(next - now, () => this.#flush())
  }
}

const noGroups: ReadonlySet<AlertGroup> = new Set()

/** Whether the alert fires already in a group. */
function isFiring(holders: ReadonlySet<AlertGroup>, { fingerprint }: GroupedAlert): boolean {
  for (const group of holders) if (group.alerts[fingerprint]?.ends_at === null) return true
  return false
}

/** Marks the alert as ended; false when it was known to be. */
function end(group: AlertGroup, alert: GroupedAlert): boolean {
  const known = group.alerts[alert.fingerprint]
  if (known?.ends_at !== null) return false
  group.alerts[alert.fingerprint] = alert
  return true
}

/** Notes which alerts of the group are not told; whether that changed. */
function mute(group: AlertGroup, reasonsOf: (group: AlertGroup, alert: GroupedAlert) => MuteReason[]): boolean {
  const muted: Record<string, MuteReason[]> = {}
  for (const alert of Object.values(group.alerts)) {
    const reasons = alert.ends_at === null ? reasonsOf(group, alert) : []
    if (reasons.length > 0) muted[alert.fingerprint] = reasons
  }
  const before = group.muted ?? {}
  group.muted = muted
  return JSON.stringify(before) !== JSON.stringify(muted)
}

/** Notes whether the tree leads the alert away from this group; whether that changed. */
function reroute(group: AlertGroup, fingerprint: string, away: boolean): boolean {
  const before = group.muted?.[fingerprint] ?? []
  if (before.some(({ kind }) => kind === 'rerouted') === away) return false
  const others = before.filter(({ kind }) => kind !== 'rerouted')
  const reasons = away ? [{ kind: 'rerouted' } as const, ...others] : others
  const { [fingerprint]: _, ...rest } = group.muted ?? {}
  group.muted = reasons.length > 0 ? { ...rest, [fingerprint]: reasons } : rest
  return true
}
