/**
 * Alert groups: which alerts share a notification, and when and why a channel is told. Data and pure decisions;
 * `dispatch.ts` keeps the groups, `deliver.ts` sends.
 */
import type { Channel } from './channel.ts'
import { formatLabels, type Labels } from './labels.ts'
import type { NotificationReason } from './notify/notification.ts'

/** Times are epoch milliseconds. */
export interface GroupedAlert {
  fingerprint: string
  labels: Labels
  annotations: Record<string, string>
  value: number | null
  /** When it began to fire. */
  starts_at: number
  /** When it ceased to; null while it fires. */
  ends_at: number | null
  /** News once: no reason to repeat a notification. */
  once?: boolean
  /** Of an alert that came from elsewhere: it is over then, unless it is sent again. */
  expires_at?: number
  /** Of an alert that came from elsewhere: where its sender explains it. */
  generator_url?: string
}

/** Why an alert that fires is not told. */
export type MuteReason =
  | { kind: 'silenced'; silence_id: string }
  /** By a firing alert. */
  | { kind: 'inhibited'; fingerprint: string }
  /** Its route is mute now: within a mute time interval, or outside every active one. */
  | { kind: 'time_interval'; names: readonly string[]; within: boolean }
  /** The route tree leads elsewhere since; only its end is told here. */
  | { kind: 'rerouted' }

/** Somebody has taken a group on: until it changes, it is not told again. */
export interface Acknowledgement {
  by: string
  at: number
  comment: string
  /** Fingerprints that fired then: what was taken on. Missing in rows of earlier versions. */
  firing?: string[]
}

export interface Comment {
  by: string
  at: number
  text: string
}

/** What a channel was last told; null in `ChannelLog` when it knows of nothing that fires. */
export interface Told {
  /** Fingerprints, never empty. */
  firing: string[]
  at: number
}

/** A notification that was decided on and has not arrived yet. */
export interface Outbox {
  id: string
  reason: NotificationReason
  /** Absent in rows of earlier versions. */
  decided_at?: number
  expires_at: number
  attempts: number
  next_attempt_at: number
  /** Fingerprints that fired since it was decided: they are told even when they have resolved by then. */
  owed: string[]
}

export interface ChannelLog {
  told: Told | null
  outbox: Outbox | null
  /** That somebody took the group on, where the vendor has not heard of it yet; absent where it need not. */
  acknowledgement?: { attempts: number; next_attempt_at: number } | null
  /** Where the vendor keeps the group's message, as its notifier wrote it down; absent in rows of earlier versions. */
  memory?: Record<string, string> | null
}

export interface AlertGroup {
  receiver: string
  key: string
  labels: Labels
  next_flush_at: number
  alerts: Record<string, GroupedAlert>
  channels: Record<string, ChannelLog>
  /** Key of its route in the tree; the root's where it is missing. */
  route?: string
  /** By fingerprint, those that are not told, as of the last flush. */
  muted?: Record<string, MuteReason[]>
  acknowledged?: Acknowledgement | null
  comments?: Comment[]
  /** When it came up, which tells it from an earlier one of the same key; absent in rows of earlier versions. */
  opened_at?: number
  /** Ids of what people did about it, the latest: each counts once. */
  acts?: string[]
}

export interface Timings {
  group_wait_ms: number
  group_interval_ms: number
  repeat_interval_ms: number
}

/** Alertmanager's key of a group on the root route. */
export function groupKey(labels: Labels): string {
  return `{}:${formatLabels(labels)}`
}

/** Groups are told apart by receiver and key. */
export const groupId = ({ receiver, key }: Pick<AlertGroup, 'receiver' | 'key'>) => JSON.stringify([receiver, key])

/**
 * When a group for this alert is first told. One that began long ago, as after a restart, doesn't wait again; one that begins later,
 * as its sender says, waits no longer than others.
 */
export function firstFlushAt(alert: GroupedAlert, timings: Timings, now: number): number {
  return Math.max(Math.min(alert.starts_at, now) + timings.group_wait_ms, now)
}

/** What may be told: alerts that fire and are not muted, and all that ended. */
export function visibleAlerts({ alerts, muted = {} }: Pick<AlertGroup, 'alerts' | 'muted'>): GroupedAlert[] {
  return Object.values(alerts).filter(({ fingerprint, ends_at }) => ends_at !== null || !muted[fingerprint])
}

/**
 * Why a channel has to be told at a flush, as Alertmanager decides; null when it knows all there is to know. An alert that
 * resolved before anybody was told of it is no reason. A group that was acknowledged is not repeated, nor one of alerts that are news
 * once.
 */
export function decide(
  told: Told | null,
  alerts: readonly GroupedAlert[],
  timings: Timings,
  now: number,
  acknowledged = false,
): NotificationReason | null {
  const firing = alerts.filter((alert) => alert.ends_at === null)
  if (told === null) return firing.length > 0 ? 'first' : null
  const known = new Set(told.firing)
  if (firing.some(({ fingerprint }) => !known.has(fingerprint))) return 'new_alerts'
  if (alerts.some(({ fingerprint, ends_at }) => ends_at !== null && known.has(fingerprint))) return 'resolved'
  // At the flush nearest to the interval: delivery takes time, and must not push the repeat to the next flush.
  const due = told.at + timings.repeat_interval_ms - timings.group_interval_ms / 2
  return firing.some(({ once }) => !once) && !acknowledged && now >= due ? 'repeat' : null
}

/** Whether alerts began or ended that were not among those taken on, whatever a channel that fails still has to be told. */
export function outgrew(
  { firing = [] }: Acknowledgement,
  { alerts }: AlertGroup,
  visible: readonly GroupedAlert[],
): boolean {
  const taken = new Set(firing)
  return (
    visible.some(({ fingerprint, ends_at }) => ends_at === null && !taken.has(fingerprint)) ||
    firing.some((fingerprint) => alerts[fingerprint]?.ends_at !== null)
  )
}

/**
 * What a channel is told: all that fires and is not muted, and what resolved since it heard of it firing or was owed word of
 * it, muted or not, so that no incident stays open; a channel that wants no word of ends, what fires alone.
 */
export function alertsToTell(
  group: AlertGroup,
  { told, outbox }: ChannelLog,
  { sendResolved }: Pick<Channel, 'sendResolved'>,
): GroupedAlert[] {
  const known = new Set(sendResolved ? [...(told?.firing ?? []), ...(outbox?.owed ?? [])] : [])
  return visibleAlerts(group)
    .filter(({ fingerprint, ends_at }) => ends_at === null || known.has(fingerprint))
    .sort((a, b) => Number(a.ends_at !== null) - Number(b.ends_at !== null) || a.starts_at - b.starts_at)
}

/** The dedup log of a channel that wants no word of ends: what ended is told again when it begins again. */
export function withoutEnded(told: Told | null, { alerts }: Pick<AlertGroup, 'alerts'>): Told | null {
  const ended = (told?.firing ?? []).filter((fingerprint) => alerts[fingerprint]?.ends_at !== null)
  return ended.reduce(without, told)
}

/** The dedup log once these alerts were told. */
export function toldOf(alerts: readonly GroupedAlert[], now: number): Told | null {
  const firing = alerts.filter((alert) => alert.ends_at === null).map(({ fingerprint }) => fingerprint)
  return firing.length > 0 ? { firing, at: now } : null
}

/** How long an undelivered notification is worth trying. */
export function giveUpAfterMs(timings: Timings): number {
  return Math.max(timings.repeat_interval_ms, 3_600_000)
}

/**
 * Drops the ended alerts that every channel knows the end of, or that nobody will hear of any more. Returns their
 * fingerprints.
 */
export function tidy(group: AlertGroup, timings: Timings, now: number): string[] {
  const dropped: string[] = []
  const logs = Object.values(group.channels)
  for (const { fingerprint, ends_at } of Object.values(group.alerts)) {
    if (ends_at === null || logs.some(({ outbox }) => outbox !== null)) continue
    const owed = logs.some(({ told }) => told?.firing.includes(fingerprint))
    if (owed && now - ends_at < giveUpAfterMs(timings)) continue
    delete group.alerts[fingerprint]
    delete group.muted?.[fingerprint]
    dropped.push(fingerprint)
    for (const log of logs) log.told = without(log.told, fingerprint)
  }
  return dropped
}

/**
 * A group as it is by a clock that was set: it waits as long as before, and was told as long ago. What others say of their alerts' times
 * stands.
 */
export function shiftGroup(group: AlertGroup, byMs: number): void {
  group.next_flush_at += byMs
  for (const alert of Object.values(group.alerts)) {
    const { fingerprint, starts_at, ends_at, expires_at } = alert
    if (expires_at !== undefined) continue
    const times = { starts_at: starts_at + byMs, ends_at: ends_at === null ? null : ends_at + byMs }
    group.alerts[fingerprint] = { ...alert, ...times }
  }
  for (const { told, outbox, acknowledgement } of Object.values(group.channels)) {
    if (told) told.at += byMs
    if (acknowledgement) acknowledgement.next_attempt_at += byMs
    if (!outbox) continue
    if (outbox.decided_at !== undefined) outbox.decided_at += byMs
    outbox.next_attempt_at += byMs
    outbox.expires_at += byMs
  }
}

/** Nothing is left of it. */
export const isOver = ({ alerts }: AlertGroup) => Object.keys(alerts).length === 0

function without(told: Told | null, fingerprint: string): Told | null {
  if (!told?.firing.includes(fingerprint)) return told
  const firing = told.firing.filter((known) => known !== fingerprint)
  return firing.length > 0 ? { ...told, firing } : null
}
