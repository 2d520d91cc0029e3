/**
 * Alert groups: which alerts share a notification, and when and why a channel is told. Data and pure decisions;
 * `dispatch.ts` keeps the groups, `deliver.ts` sends.
 */
import { formatLabels, pickLabels, type Labels } from './labels.ts'
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
  expires_at: number
  attempts: number
  next_attempt_at: number
  /** Fingerprints that fired since it was decided: they are told even when they have resolved by then. */
  owed: string[]
}

export interface ChannelLog {
  told: Told | null
  outbox: Outbox | null
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

/** A group for an alert that has none. One that began long ago, as after a restart, doesn't wait again. */
export function newGroup(
  alert: GroupedAlert,
  receiver: string,
  groupBy: readonly string[],
  timings: Timings,
  now: number,
): AlertGroup {
  const labels = pickLabels(alert.labels, groupBy)
  const next_flush_at = Math.max(alert.starts_at + timings.group_wait_ms, now)
  return { receiver, key: groupKey(labels), labels, next_flush_at, alerts: {}, channels: {} }
}

/**
 * Why a channel has to be told at a flush, as Alertmanager decides; null when it knows all there is to know. An alert that
 * resolved before anybody was told of it is no reason.
 */
export function decide(
  told: Told | null,
  alerts: readonly GroupedAlert[],
  timings: Timings,
  now: number,
): NotificationReason | null {
  const firing = alerts.filter((alert) => alert.ends_at === null)
  if (told === null) return firing.length > 0 ? 'first' : null
  const known = new Set(told.firing)
  if (firing.some(({ fingerprint }) => !known.has(fingerprint))) return 'new_alerts'
  if (alerts.some(({ fingerprint, ends_at }) => ends_at !== null && known.has(fingerprint))) return 'resolved'
  // At the flush nearest to the interval: delivery takes time, and must not push the repeat to the next flush.
  const due = told.at + timings.repeat_interval_ms - timings.group_interval_ms / 2
  return firing.length > 0 && now >= due ? 'repeat' : null
}

/** What a channel is told: all that fires, and what resolved since it heard of it firing or was owed word of it. */
export function alertsToTell({ alerts }: AlertGroup, { told, outbox }: ChannelLog): GroupedAlert[] {
  const known = new Set([...(told?.firing ?? []), ...(outbox?.owed ?? [])])
  return Object.values(alerts)
    .filter(({ fingerprint, ends_at }) => ends_at === null || known.has(fingerprint))
    .sort((a, b) => Number(a.ends_at !== null) - Number(b.ends_at !== null) || a.starts_at - b.starts_at)
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
 * Drops the ended alerts that every channel knows the end of, or that nobody will hear of any more. True when none is left:
 * the group is over.
 */
export function tidy(group: AlertGroup, timings: Timings, now: number): boolean {
  const logs = Object.values(group.channels)
  for (const { fingerprint, ends_at } of Object.values(group.alerts)) {
    if (ends_at === null || logs.some(({ outbox }) => outbox !== null)) continue
    const owed = logs.some(({ told }) => told?.firing.includes(fingerprint))
    if (owed && now - ends_at < giveUpAfterMs(timings)) continue
    delete group.alerts[fingerprint]
    for (const log of logs) log.told = without(log.told, fingerprint)
  }
  return Object.keys(group.alerts).length === 0
}

function without(told: Told | null, fingerprint: string): Told | null {
  if (!told?.firing.includes(fingerprint)) return told
  const firing = told.firing.filter((known) => known !== fingerprint)
  return firing.length > 0 ? { ...told, firing } : null
}
