/** What the dashboard shows of alert groups: who is in them and why they are not told, who was told, and when next. */
import { createHash } from 'node:crypto'
import type { Channel } from '../channel.ts'
import type { Acknowledgement, AlertGroup, Comment, GroupedAlert, MuteReason } from '../group.ts'
import type { Labels } from '../labels.ts'
import type { NotificationReason } from '../notify/notification.ts'

/** Times are epoch milliseconds. */
export interface GroupStatus {
  /** Short and stable, for addresses. */
  id: string
  receiver: string
  /** Alertmanager's group key: its route and its labels. */
  key: string
  route: string
  labels: Labels
  /** The next look at what has changed. */
  next_flush_at: number
  acknowledged: Acknowledgement | null
  comments: Comment[]
  /** `muted`: none of its firing alerts is told. */
  state: 'firing' | 'muted' | 'resolved'
  alerts: GroupMember[]
  channels: GroupChannel[]
}

export interface GroupMember extends GroupedAlert {
  /** Empty when it is told. */
  muted_by: MuteReason[]
}

export interface GroupChannel {
  channel: string
  type: string
  /** When it was last told that something fires; null when it knows of nothing that does. */
  told_at: number | null
  /** Fingerprints that it knows to fire. */
  told: string[]
  /** What waits to be delivered; null when nothing does. */
  waiting: { reason: NotificationReason; attempts: number; next_attempt_at: number; expires_at: number } | null
  healthy: boolean
  last_error: string
  /** When it is told again if nothing changes; null when it isn't. */
  repeat_at: number | null
}

export function shortId(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

export function groupStatus(
  group: AlertGroup,
  id: string,
  {
    channels,
    repeatMs,
    reasonsOf,
  }: {
    channels: readonly Channel[]
    repeatMs: number
    reasonsOf: (group: AlertGroup, alert: GroupedAlert) => MuteReason[]
  },
): GroupStatus {
  const { receiver, key, route = '{}', labels, next_flush_at, acknowledged = null, comments = [] } = group
  const alerts = Object.values(group.alerts)
    .map((alert) => Object.assign({ muted_by: alert.ends_at === null ? reasonsOf(group, alert) : [] }, alert))
    .toSorted((a, b) => a.starts_at - b.starts_at)
  const firing = alerts.filter(({ ends_at }) => ends_at === null)
  const audible = firing.some(({ muted_by }) => muted_by.length === 0)
  const repeats = audible && !acknowledged && firing.some(({ once }) => !once)
  return {
    id,
    receiver,
    key,
    route,
    labels,
    next_flush_at,
    acknowledged,
    comments,
    state: audible ? 'firing' : firing.length > 0 ? 'muted' : 'resolved',
    alerts,
    channels: channels
      .filter((channel) => channel.receiver === receiver)
      .map((channel) => groupChannel(group, channel, repeats ? repeatMs : null)),
  }
}

function groupChannel(group: AlertGroup, { id, type, health }: Channel, repeatMs: number | null): GroupChannel {
  const { told = null, outbox = null } = group.channels[id] ?? {}
  const waiting = outbox && {
    reason: outbox.reason,
    attempts: outbox.attempts,
    next_attempt_at: outbox.next_attempt_at,
    expires_at: outbox.expires_at,
  }
  const { healthy, last_error } = health
  const repeat_at = told && repeatMs !== null ? Math.max(told.at + repeatMs, group.next_flush_at) : null
  return {
    channel: id,
    type,
    told_at: told?.at ?? null,
    told: told?.firing ?? [],
    waiting,
    healthy,
    last_error,
    repeat_at,
  }
}
