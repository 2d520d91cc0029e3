/**
 * Alertmanager's `/api/v2/alerts`: our alerts join its routing. Every peer is told, and what fires is told again each minute with
 * an end four minutes ahead, so that an alert whose end got lost ends by itself.
 */
import { z } from 'zod'
import { address, allowHttp, refusePlainHttp } from './address.ts'
import { channelFields } from './channel-fields.ts'
import { pageUrl } from './facts.ts'
import type { Notification, NotifiedAlert } from './notification.ts'
import { DeliveryError, defineNotifier } from './notifier.ts'

const resendMs = 60_000

export const alertmanager = defineNotifier({
  type: 'alertmanager',
  config: z
    .strictObject({
      type: z.literal('alertmanager'),
      ...channelFields,
      urls: z.array(address).min(1).describe('Every Alertmanager of the cluster; /api/v2/alerts is added'),
      headers: z
        .record(z.string().regex(/^[\w-]+$/), z.string())
        .default({})
        .describe('Sent too, such as authorization'),
      allow_http: allowHttp,
    })
    .superRefine(refusePlainHttp('urls')),
  example: { type: 'alertmanager', urls: ['https://alertmanager-0.example.com', 'https://alertmanager-1.example.com'] },
  resendMs,

  async send(notification, { urls, headers }, { post }) {
    const alerts = notification.alerts.map((alert) => render(alert, notification))
    const sent = await Promise.allSettled(urls.map((url) => post(endpoint(url), alerts, { headers })))
    // One that has it tells its peers; those that were away hear within the minute.
    if (sent.some(({ status }) => status === 'fulfilled')) return null
    const failures = sent.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    throw failures.find((error) => error instanceof DeliveryError && error.retryable) ?? failures[0]
  },
})

const endpoint = (url: string) => `${url.replace(/\/+$/, '')}/api/v2/alerts`

function render(alert: NotifiedAlert, { at, untold, external_url: url }: Notification): object {
  // What fired and ended unheard is told as firing for a while: Alertmanager says nothing of an alert that arrives ended.
  const over = alert.ends_at !== null && !untold
  return {
    labels: labelsOf(alert),
    annotations: alert.annotations,
    startsAt: new Date(alert.starts_at).toISOString(),
    endsAt: new Date(over ? (alert.ends_at ?? at) : at + 4 * resendMs).toISOString(),
    ...(url ? { generatorURL: pageUrl(alert, url, at) } : {}),
  }
}

/** Before version 0.27, one name with other characters makes Alertmanager answer 400. Empty is the same as absent. */
function labelsOf({ labels }: NotifiedAlert): Record<string, string> {
  const named = Object.entries(labels).map(([name, value]) => [classic(name), value] as const)
  return Object.fromEntries(named.filter(([, value]) => value !== ''))
}

const classic = (name: string) => name.replaceAll(/\W/g, '_').replace(/^(?=\d)/, '_')
