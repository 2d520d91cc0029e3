/** Delivers what waits in the groups' outboxes: one attempt at a time on each channel, all channels beside each other. */
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { counted } from '../records/counted.ts'
import { channelKey, type Channel } from './channel.ts'
import { composeNotification, notificationRow } from './compose.ts'
import { acknowledge, attempt, backoffMs, tellChange, type Attempt, type Sender } from './deliver.ts'
import { alertsToTell, toldOf, type AlertGroup, type ChannelLog, type GroupedAlert, type Outbox } from './group.ts'
import type { Briefing, Notification, NotificationReason } from './notify/notification.ts'
import type { Change } from './notify/notifier.ts'
import { withTemplates, type Templates } from './notify/templates.ts'
import { written } from './routing/stored.ts'
import type { RowWriter } from './row-writer.ts'
import type { Telemetry } from './telemetry.ts'

/** A notification that waits: its outbox, and where that stands. */
export interface Waiting {
  group: AlertGroup
  log: ChannelLog
  outbox: Outbox
}

/** Who keeps the groups. */
export interface OutboxSource {
  waiting(channel: Channel): Waiting[]
  /** The groups of which the channel knows that they fire. */
  told(channel: Channel): Omit<Waiting, 'outbox'>[]
  /** The group's dedup log or outbox changed. */
  settled(group: AlertGroup): void
}

export interface CourierOptions extends Omit<Sender, 'signal'> {
  log: Logger
  writer: RowWriter
  telemetry: Telemetry
  /** Address of the dashboard, without a trailing slash. */
  externalUrl: () => string
  /** Texts of the messages, as configured. */
  templates: () => Templates
  /** What storage knows of alerts, by fingerprint; never rejects, and answers within seconds. */
  brief: (alerts: readonly GroupedAlert[]) => Promise<ReadonlyMap<string, Briefing>>
}

/** What a test came to is known, written or not. */
const longestWriteMs = 5_000

export class Courier {
  readonly #options: CourierOptions
  readonly #source: OutboxSource
  readonly #stopped = new AbortController()
  readonly #busy = new Map<string, Promise<void>>()
  readonly #timers = new Map<string, () => void>()
  readonly #resends = new Map<string, () => void>()
  #channels = new Map<string, Channel>()
  #stopping = false

  constructor(options: CourierOptions, source: OutboxSource) {
    this.#options = options
    this.#source = source
  }

  /** Takes over new settings of the channels; how each fared stays known. */
  configure(channels: Channel[]): void {
    const before = this.#channels
    for (const channel of channels) channel.health = before.get(channelKey(channel))?.health ?? channel.health
    this.#channels = new Map(channels.map((channel) => [channelKey(channel), channel]))
    for (const key of new Set([...before.keys(), ...this.#channels.keys()])) this.#scheduleResend(key)
    this.wake()
  }

  channels(): Channel[] {
    return [...this.#channels.values()]
  }

  /** Looks again at what waits, on every channel. Returns at once. */
  wake(): void {
    for (const key of this.#channels.keys()) this.#wake(key)
  }

  /** One attempt at an alert of its own, apart from every group. */
  async test(channel: Channel, group: AlertGroup, log: ChannelLog, alert: GroupedAlert): Promise<Attempt> {
    const result = await this.#attempt(channel, { group, log }, [alert], {
      id: randomUUID(),
      reason: 'test',
      attempts: 1,
    })
    await this.#options.writer.flushWithin(longestWriteMs)
    return result
  }

  /**
   * Every channel of the group whose vendor knows acknowledgements hears that somebody takes care, for as long as somebody does:
   * behind what it still has to be told of the group. Returns at once; who keeps the group saves it.
   */
  acknowledge(group: AlertGroup): void {
    for (const channel of this.#channels.values()) {
      if (channel.receiver !== group.receiver || channel.acknowledge === null) continue
      const log = (group.channels[channel.id] ??= { told: null, outbox: null })
      log.acknowledgement = { attempts: 0, next_attempt_at: this.#options.clock.now() }
      this.#wake(channelKey(channel))
    }
  }

  /** One attempt to put a change on the vendor's time line; null where it is not wanted. */
  async change(channel: Channel, change: Change, attempts: number): Promise<Attempt | null> {
    const result = await tellChange(channel, change, attempts, { ...this.#options, signal: this.#stopped.signal })
    if (result) this.#note(channel, result)
    return result
  }

  /** Lets the attempts under way finish for `graceMs`, then ends them. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    for (const cancel of [...this.#timers.values(), ...this.#resends.values()]) cancel()
    const grace = setTimeout(() => this.#stopped.abort(), graceMs)
    await Promise.all(this.#busy.values())
    clearTimeout(grace)
  }

  #wake(key: string): void {
    const channel = this.#channels.get(key)
    if (!channel || this.#stopping || this.#busy.has(key)) return
    this.#timers.get(key)?.()
    const times = [
      ...this.#source.waiting(channel).map(dueAt),
      ...this.#acknowledgements(channel).map(({ acknowledgement }) => acknowledgement.next_attempt_at),
    ]
    if (times.length === 0) return
    const { clock } = this.#options
    const at = Math.max(Math.min(...times), channel.health.blocked_until)
    this.#timers.set(
      key,
      clock.after(at - clock.now(), () => this.#run(key)),
    )
  }

  #scheduleResend(key: string): void {
    this.#resends.get(key)?.()
    this.#resends.delete(key)
    const resendMs = this.#channels.get(key)?.resendMs
    if (!resendMs || this.#stopping) return
    const again = async () => {
      await this.#run(key, (channel) => this.#resend(channel))
      this.#scheduleResend(key)
    }
    this.#resends.set(key, this.#options.clock.after(resendMs, again))
  }

  /**
   * What fires is told again, beside the outbox: nobody waits for it, so it leaves no row, and no attempt follows a failure.
   * Without what storage knows: one that is slow must not let the vendor take for over what fires.
   */
  async #resend(channel: Channel): Promise<void> {
    for (const { group, log } of this.#source.told(channel)) {
      if (this.#stopping || channel.health.blocked_until > this.#options.clock.now()) return
      const known = new Set(log.told?.firing)
      const alerts = Object.values(group.alerts).filter(
        ({ fingerprint, ends_at }) => ends_at === null && known.has(fingerprint),
      )
      if (alerts.length === 0) continue
      const occasion = { id: randomUUID(), reason: 'repeat', attempts: 1 } as const
      const notification = this.#written(channel, { group, log }, alerts, occasion)
      const result = await this.#send(channel, notification, log, 1)
      this.#note(channel, result)
      // The others would wait as long, and hold up the outbox.
      if (result.outcome === 'retry') return
    }
  }

  async #run(key: string, task = (channel: Channel) => this.#drain(channelKey(channel))): Promise<void> {
    const channel = this.#channels.get(key)
    if (!channel || this.#busy.has(key) || this.#stopping) return
    const work = task(channel)
    this.#busy.set(key, work)
    await work
    this.#busy.delete(key)
    this.#wake(key)
  }

  async #drain(key: string): Promise<void> {
    // Asked for once per round: thousands may wait.
    for (let due = this.#due(key); due.length > 0; due = this.#due(key)) {
      // Before anybody is told: after a crash in the middle of it, whoever was told has to hear of the end too.
      await written(this.#options.writer, this.#stopped.signal)
      for (const waiting of due) {
        const channel = this.#open(key)
        if (!channel) return
        // It may be over by now, or its channel may have been taken away and come back.
        if (waiting.group.channels[channel.id]?.outbox === waiting.outbox) await this.#deliver(channel, waiting)
      }
    }
    await this.#acknowledgeAll(key)
  }

  /** What the vendor may hear by now: a trigger that comes behind it would open the incident as one that nobody has taken on. */
  #acknowledgements(channel: Channel) {
    if (channel.acknowledge === null) return []
    return this.#source.told(channel).flatMap(({ group, log }) => {
      const { outbox, acknowledgement } = log
      return group.acknowledged && acknowledgement && outbox === null ? [{ group, log, acknowledgement }] : []
    })
  }

  async #acknowledgeAll(key: string): Promise<void> {
    const { clock, writer } = this.#options
    const open = this.#open(key)
    const due = (open ? this.#acknowledgements(open) : []).filter(
      ({ acknowledgement }) => acknowledgement.next_attempt_at <= clock.now(),
    )
    for (const { group, log, acknowledgement } of due) {
      const channel = this.#open(key)
      if (!channel) return
      const sender = { ...this.#options, signal: this.#stopped.signal }
      const result = await acknowledge(channel, group.key, ++acknowledgement.attempts, sender)
      if (!result) return
      this.#note(channel, result)
      if (result.outcome === 'retry') acknowledgement.next_attempt_at = this.#pause(channel, result)
      // Somebody may have said it again meanwhile.
      else if (log.acknowledgement === acknowledgement) log.acknowledgement = null
      this.#source.settled(group)
      void writer.flush()
    }
  }

  /** Leaves the vendor alone for a while; says when the same may be tried again. */
  #pause({ health }: Channel, { retry_in_ms, asked_to_wait }: Attempt): number {
    const { clock, random } = this.#options
    health.blocked_until = clock.now() + (asked_to_wait ? retry_in_ms : backoffMs(health.failures, random))
    return clock.now() + retry_in_ms
  }

  /** What has waited longest goes first, so that one that fails again and again holds up no other. */
  #due(key: string): Waiting[] {
    const channel = this.#open(key)
    if (!channel) return []
    const now = this.#options.clock.now()
    return this.#source
      .waiting(channel)
      .filter((waiting) => dueAt(waiting) <= now)
      .sort((a, b) => dueAt(a) - dueAt(b))
  }

  /** Null while it may not be used. */
  #open(key: string): Channel | null {
    const channel = this.#channels.get(key)
    if (!channel || this.#stopping || channel.health.blocked_until > this.#options.clock.now()) return null
    return channel
  }

  async #deliver(channel: Channel, { group, log, outbox }: Waiting): Promise<void> {
    const { clock, writer } = this.#options
    const alerts = alertsToTell(group, log, channel)
    if (alerts.length === 0 || outbox.expires_at <= clock.now()) {
      if (alerts.length > 0) this.#expire(channel, { group, log, outbox }, alerts)
      log.outbox = null
    } else {
      outbox.attempts++
      // Written down beside the attempt: after a crash in the middle of it, the next one knows that it isn't the first.
      this.#source.settled(group)
      void writer.flush()
      const result = await this.#attempt(channel, { group, log }, alerts, outbox)
      if (result.outcome === 'sent') Object.assign(log, { told: toldOf(alerts, clock.now()), memory: result.memory })
      if (result.outcome === 'retry') outbox.next_attempt_at = this.#pause(channel, result)
      else log.outbox = null
    }
    this.#source.settled(group)
    // Not awaited: a database that hangs must not hold up other notifications.
    void writer.flush()
  }

  async #attempt(
    channel: Channel,
    { group, log }: Omit<Waiting, 'outbox'>,
    alerts: GroupedAlert[],
    occasion: { id: string; reason: NotificationReason; attempts: number },
  ): Promise<Attempt> {
    const { attempts } = occasion
    const notification = await this.#compose(channel, { group, log }, alerts, occasion)
    const result = await this.#send(channel, notification, log, attempts)
    this.#options.writer.put('notifications', notificationRow(channel, notification, attempts, result))
    this.#note(channel, result)
    return result
  }

  #send(channel: Channel, notification: Notification, { memory = null }: ChannelLog, attempts: number) {
    const sender = { ...this.#options, signal: this.#stopped.signal }
    return attempt(channel, notification, { memory, attempts }, sender)
  }

  async #compose(
    channel: Channel,
    { group, log }: Omit<Waiting, 'outbox'>,
    alerts: GroupedAlert[],
    occasion: { id: string; reason: NotificationReason },
  ): Promise<Notification> {
    return this.#written(channel, { group, log }, alerts, occasion, await this.#options.brief(alerts))
  }

  #written(
    channel: Channel,
    { group, log }: Omit<Waiting, 'outbox'>,
    alerts: GroupedAlert[],
    { id, reason }: { id: string; reason: NotificationReason },
    briefings: ReadonlyMap<string, Briefing> = new Map(),
  ): Notification {
    const { clock, templates, externalUrl } = this.#options
    const occasion = { id, reason, now: clock.now(), externalUrl: externalUrl(), briefings }
    return withTemplates(composeNotification(group, log, alerts, occasion), templates(), channel.type)
  }

  #expire(channel: Channel, { group, log, outbox }: Waiting, alerts: GroupedAlert[]): void {
    const { clock, writer, telemetry, log: logger } = this.#options
    const { id, reason, attempts } = outbox
    const externalUrl = this.#options.externalUrl()
    const notification = composeNotification(group, log, alerts, { id, reason, now: clock.now(), externalUrl })
    const result = {
      outcome: 'expired',
      http_status: null,
      error: `given up after ${counted(attempts, 'attempt')}: ${channel.health.last_error}`,
      duration_ms: 0,
      retry_in_ms: 0,
      asked_to_wait: false,
    } as const
    writer.put('notifications', notificationRow(channel, notification, attempts, result))
    telemetry.notifications.add(1, { type: channel.type, outcome: 'expired' })
    logger.error({ receiver: channel.receiver, channel: channel.id }, `notification ${result.error}`)
  }

  #note({ receiver, id, type, health }: Channel, { outcome, error }: Attempt): void {
    const { clock, log, telemetry } = this.#options
    telemetry.notifications.add(1, { type, outcome })
    health.last_attempt_at = clock.now()
    if (outcome === 'sent') {
      if (!health.healthy) log.info({ receiver, channel: id }, 'notifications are delivered again')
      Object.assign(health, { healthy: true, failures: 0, blocked_until: 0, last_success_at: clock.now() })
      return
    }
    // Once, until the reason changes.
    if (health.healthy || health.last_error !== error)
      log.warn({ receiver, channel: id, error, will_retry: outcome === 'retry' }, 'notification was not delivered')
    Object.assign(health, { healthy: false, failures: health.failures + 1, last_error: error })
  }
}

/** When something is to be done about it: it is tried again, or given up. */
const dueAt = ({ outbox }: Waiting) => Math.min(outbox.next_attempt_at, outbox.expires_at)
