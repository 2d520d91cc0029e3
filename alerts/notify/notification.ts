/** What a notifier is told; made once per attempt, the same for every vendor. */
import type { Labels } from '../labels.ts'

export type NotificationStatus = 'firing' | 'resolved'
export type NotificationReason = 'first' | 'new_alerts' | 'resolved' | 'repeat' | 'test'

export interface NotifiedAlert {
  status: NotificationStatus
  fingerprint: string
  labels: Labels
  annotations: Record<string, string>
  value: number | null
  /** Epoch milliseconds: when its condition began to hold. */
  starts_at: number
  /** Epoch milliseconds; null while it fires. */
  ends_at: number | null
}

export interface Notification {
  /** The same over every attempt at one message. */
  id: string
  receiver: string
  /** `firing` when any alert of the group fires. */
  status: NotificationStatus
  reason: NotificationReason
  /** Alertmanager's: `{}:{alertname="Down", model="gpt-4o"}`. */
  group_key: string
  group_labels: Labels
  common_labels: Labels
  common_annotations: Record<string, string>
  alerts: NotifiedAlert[]
  /**
   * The alerts fired and resolved while this channel could not be reached: it hears of both at once. A vendor that keeps
   * incidents must open one before it closes it.
   */
  untold: boolean
  /** Epoch milliseconds of the attempt. */
  at: number
  /** Address of the dashboard, without a trailing slash; empty when unknown. */
  external_url: string
  /** One line: `[FIRING:2] HighP95Latency (model=gpt-4o)`. */
  title: string
}

/** The line that stands for one alert: its summary, else its name and labels. */
export function alertLine(alert: NotifiedAlert): string {
  return alert.annotations['summary'] || alert.annotations['description'] || describeLabels(alert.labels)
}

/** `model=gpt-4o, severity=page`; without alertname. */
export function describeLabels(labels: Labels): string {
  return Object.entries(labels)
    .filter(([name]) => name !== 'alertname')
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')
}

/** `[FIRING:2] HighP95Latency (model=gpt-4o)`, `[RESOLVED] …`, `[FIRED & RESOLVED] …`. */
export function notificationTitle(
  notification: Pick<Notification, 'status' | 'alerts' | 'group_labels' | 'common_labels' | 'untold'>,
): string {
  const firing = notification.alerts.filter((alert) => alert.status === 'firing').length
  const mark =
    notification.status === 'firing' ? `FIRING:${firing}` : notification.untold ? 'FIRED & RESOLVED' : 'RESOLVED'
  const name = notification.common_labels['alertname'] ?? `${notification.alerts.length} alerts`
  const labels = describeLabels(notification.group_labels)
  return `[${mark}] ${name}${labels ? ` (${labels})` : ''}`
}

/** At most `length` code points; what is cut shows as an ellipsis. */
export function truncate(text: string, length: number): string {
  if (text.length <= length) return text
  const points = Array.from(text)
  return points.length <= length ? text : `${points.slice(0, length - 1).join('')}…`
}
