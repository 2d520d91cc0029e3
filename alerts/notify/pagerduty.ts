/** PagerDuty Events API v2: one incident per alert group, opened by `trigger`, closed by `resolve`. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { address, allowHttp, refusePlainHttp } from './address.ts'
import { channelFields } from './channel-fields.ts'
import { chartOf, factLines, linksOf } from './facts.ts'
import { alertLine, describeLabels, truncate, type Notification } from './notification.ts'
import { defineNotifier } from './notifier.ts'

const largestEventBytes = 512_000

const severities: Record<string, Severity> = {
  critical: 'critical',
  page: 'critical',
  error: 'error',
  warning: 'warning',
  ticket: 'warning',
  info: 'info',
}
type Severity = 'critical' | 'error' | 'warning' | 'info'
const ranks: readonly Severity[] = ['critical', 'error', 'warning', 'info']

export const pagerduty = defineNotifier({
  type: 'pagerduty',
  config: z
    .strictObject({
      type: z.literal('pagerduty'),
      ...channelFields,
      routing_key: z.string().min(1).describe('Integration key of an Events API v2 integration; a secret'),
      url: address
        .default('https://events.pagerduty.com/v2/enqueue')
        .describe('Address of the Events API, such as that of the EU region'),
      change_events: z
        .boolean()
        .default(false)
        .describe('Whether deploys stand on the time line of the service too, as change events, which notify nobody'),
      allow_http: allowHttp,
    })
    .superRefine(refusePlainHttp('url')),
  example: { type: 'pagerduty', routing_key: 'R0123456789ABCDEF0123456789ABCDE' },
  shown: ['url'],

  async send(notification, config, { post }) {
    const base = { routing_key: config.routing_key, dedup_key: dedupKey(notification.group_key) }
    // PagerDuty drops a resolve of a key that it never saw triggered.
    if (notification.status === 'firing' || notification.untold)
      await post(config.url, fitting({ ...base, event_action: 'trigger', ...trigger(notification) }))
    if (notification.status === 'resolved') await post(config.url, { ...base, event_action: 'resolve' })
    return null
  },

  async acknowledge(groupKey, config, { post }) {
    const base = { routing_key: config.routing_key, dedup_key: dedupKey(groupKey) }
    await post(config.url, { ...base, event_action: 'acknowledge' })
  },

  async change({ summary, at, details: custom_details, links }, { routing_key, url }, { post }) {
    await post(url.replace(/\/enqueue$/, '/change/enqueue'), {
      routing_key,
      payload: {
        summary: truncate(summary, 1024),
        timestamp: new Date(at).toISOString(),
        source: 'inferwatch',
        custom_details,
      },
      ...(links.length > 0 ? { links } : {}),
    })
  },
})

/** Stable over restarts and replicas, and below PagerDuty's 255 characters. */
function dedupKey(groupKey: string): string {
  return createHash('sha256').update(groupKey).digest('hex')
}

function trigger(notification: Notification) {
  const { alerts, common_labels: common, external_url: url } = notification
  const [first] = alerts
  const summary = alerts.length === 1 && first ? `${notification.title} ${alertLine(first)}` : notification.title
  const since = Math.min(...alerts.map((alert) => alert.starts_at))
  const links = first ? linksOf(first, notification) : []
  const chart = chartOf(notification)
  return {
    client: 'Inferwatch',
    ...(url ? { client_url: url } : {}),
    ...(links.length > 0 ? { links } : {}),
    ...(chart?.url.startsWith('https:')
      ? { images: [{ src: chart.url, href: url, alt: truncate(chart.alt, 500) }] }
      : {}),
    payload: {
      summary: truncate(summary, 1024),
      source: hostOf(url),
      severity: severityOf(notification),
      timestamp: new Date(since).toISOString(),
      ...named({
        component: common['model'] || common['endpoint'],
        group: common['service'],
        class: common['alertname'],
      }),
      custom_details: details(notification),
    },
  }
}

/** Without what has no name. */
const named = (names: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(names).filter(([, name]) => name))

function details({ alerts, common_annotations: annotations, at, body }: Notification) {
  const lines = (status: string) =>
    alerts
      .filter((alert) => alert.status === status)
      .map((alert) => [`${alertLine(alert)} [${describeLabels(alert.labels)}]`, ...factLines(alert, at)].join('\n'))
  const firing = lines('firing')
  const resolved = lines('resolved')
  return {
    ...annotations,
    num_firing: firing.length,
    num_resolved: resolved.length,
    ...(body === null ? { firing, resolved } : { message: body }),
  }
}

/** The worst severity among the alerts that matter; a severity PagerDuty doesn't know is `error`. */
function severityOf({ alerts, status }: Notification): Severity {
  const found = new Set(
    alerts
      .filter((alert) => alert.status === status)
      .map((alert) => severities[alert.labels['severity']?.toLowerCase() ?? ''] ?? 'error'),
  )
  return ranks.find((severity) => found.has(severity)) ?? 'error'
}

/** Too large an event is refused whole, so the details go first. */
function fitting<E extends { payload: { custom_details: object } }>(event: E): E {
  if (Buffer.byteLength(JSON.stringify(event)) <= largestEventBytes) return event
  const note = { error: 'Details left out: the event would have been larger than PagerDuty accepts' }
  return { ...event, payload: { ...event.payload, custom_details: note } }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'inferwatch'
}
