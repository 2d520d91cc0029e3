/** What a notifier is told; made once per attempt, the same for every vendor. */
import { createHash } from 'node:crypto'
import type { Filter } from '../../storage/queries/where.ts'
import type { Labels } from '../labels.ts'
import type { Threshold, Unit } from '../rule.ts'

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
  /** Of an alert from elsewhere: where its sender explains it; empty where it is not said or no address of the web. */
  generator_url: string
  /** What storage knows about it; null of an alert from elsewhere, or when storage didn't answer in time. */
  briefing: Briefing | null
}

/** What people need beside the value. Null is unknown. */
export interface Briefing {
  /** Of every value here and of the alert's own. */
  unit: Unit
  threshold: Threshold | null
  /** What the rule measured a week before. */
  normal: number | null
  /** The worst value while it fired. */
  peak: number | null
  affected: Affected | null
  /** Facts of the same time that may explain it, one sentence each. */
  causes: string[]
  chart: Chart | null
  /** Path of the page that shows what was measured. */
  page: string
  /** How far back it was measured. */
  window_ms: number
  /** The requests that it is about, as the pages filter them. */
  filter: Filter
}

/** The requests of the alert's window that are as bad as the rule forbids, or all of them where a rule judges them together. */
export interface Affected {
  requests: number
  /** Users among them that are known by id. */
  users: number
  /** Of those with a known price. */
  cost_usd: number | null
}

/** The rule's value over time, drawn. */
export interface Chart {
  /** In words, for those who don't see it. */
  alt: string
  /** Where vendors can fetch it without a key; empty when the dashboard isn't public. */
  url: string
  png(): Promise<Uint8Array>
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
  /** From a template, in place of the alerts' own lines; null without one. Plain text. */
  body: string | null
}

/**
 * 32 hex digits for receivers that take what they have seen before for a repetition: the same over attempts that say the same. An
 * attempt that says more, because an alert ended meanwhile, is another message.
 */
export function contentId({ id, alerts }: Pick<Notification, 'id' | 'alerts'>): string {
  const states = alerts.map(({ fingerprint, status }) => `${fingerprint} ${status}`)
  return createHash('sha256')
    .update([id, ...states].join('\n'))
    .digest('hex')
    .slice(0, 32)
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
