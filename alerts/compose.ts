/** Makes the notification of a group's alerts, and the row that says how an attempt at it went. */
import type { Channel } from './channel.ts'
import type { Attempt } from './deliver.ts'
import type { AlertGroup, ChannelLog, GroupedAlert } from './group.ts'
import { commonLabels } from './labels.ts'
import {
  notificationTitle,
  type Briefing,
  type Notification,
  type NotificationReason,
  type NotifiedAlert,
} from './notify/notification.ts'

export interface Occasion {
  /** The same over every attempt. */
  id: string
  reason: NotificationReason
  /** Epoch milliseconds. */
  now: number
  externalUrl: string
  /** What storage knows of the alerts, by fingerprint. */
  briefings?: ReadonlyMap<string, Briefing>
}

export function composeNotification(
  group: AlertGroup,
  log: ChannelLog,
  alerts: readonly GroupedAlert[],
  { id, reason, now, externalUrl, briefings }: Occasion,
): Notification {
  const status = alerts.some((alert) => statusOf(alert) === 'firing') ? 'firing' : 'resolved'
  const body = {
    status,
    group_labels: group.labels,
    common_labels: commonLabels(alerts.map(({ labels }) => labels)),
    alerts: alerts.map((alert): NotifiedAlert => {
      const { fingerprint, labels, annotations, value, starts_at, ends_at } = alert
      const briefing = briefings?.get(fingerprint) ?? null
      const generator_url = webAddress(alert.generator_url)
      return {
        status: statusOf(alert),
        fingerprint,
        labels,
        annotations,
        value,
        starts_at,
        ends_at,
        generator_url,
        briefing,
      }
    }),
    untold: status === 'resolved' && log.told === null,
  } as const
  return {
    ...body,
    id,
    reason,
    receiver: group.receiver,
    group_key: group.key,
    common_annotations: commonLabels(alerts.map(({ annotations }) => annotations)),
    at: now,
    external_url: externalUrl,
    title: notificationTitle(body),
    body: null,
  }
}

/** It becomes a link, and anybody may have sent it. */
const webAddress = (url = '') => (/^https?:/i.test(url) && URL.canParse(url) ? url : '')

const statusOf = ({ ends_at }: Pick<GroupedAlert, 'ends_at'>) => (ends_at === null ? 'firing' : 'resolved')

/** A row of `notifications`; holds no secret. */
export function notificationRow(
  channel: Channel,
  notification: Notification,
  attempts: number,
  result: Omit<Attempt, 'outcome' | 'memory'> & { outcome: Attempt['outcome'] | 'expired' },
): object {
  const { outcome, http_status, error, duration_ms, retry_in_ms } = result
  return {
    timestamp: new Date(notification.at),
    id: notification.id,
    receiver: channel.receiver,
    channel: channel.id,
    type: channel.type,
    group_key: notification.group_key,
    status: notification.status,
    reason: notification.reason,
    title: notification.title,
    alerts: notification.alerts.map(({ fingerprint }) => fingerprint),
    attempt: attempts,
    ok: outcome === 'sent',
    outcome,
    retry_at: outcome === 'retry' ? new Date(notification.at + retry_in_ms) : null,
    http_status,
    duration_ms,
    error,
  }
}
