/** Alertmanager's webhook, version 4, so that every receiver written for Alertmanager works. */
import { z } from 'zod'
import type { Notification } from './notification.ts'
import { defineNotifier } from './notifier.ts'

export const webhook = defineNotifier({
  type: 'webhook',
  config: z.strictObject({
    type: z.literal('webhook'),
    url: z.url({ protocol: /^https?$/ }).describe('Receives a POST in the shape of Alertmanager’s webhook'),
  }),
  example: { type: 'webhook', url: 'https://example.com/hooks/alerts-5f1d3c9a' },

  async send(notification, config, { post }) {
    await post(config.url, render(notification))
  },
})

/** Alertmanager's zero time: the alert has not ended. */
const notEnded = '0001-01-01T00:00:00Z'

function render(notification: Notification): object {
  const { external_url: url } = notification
  return {
    version: '4',
    receiver: notification.receiver,
    status: notification.status,
    groupKey: notification.group_key,
    truncatedAlerts: 0,
    groupLabels: notification.group_labels,
    commonLabels: notification.common_labels,
    commonAnnotations: notification.common_annotations,
    externalURL: url,
    alerts: notification.alerts.map((alert) => ({
      status: alert.status,
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: new Date(alert.starts_at).toISOString(),
      endsAt: alert.ends_at === null ? notEnded : new Date(alert.ends_at).toISOString(),
      generatorURL: url,
      fingerprint: alert.fingerprint,
    })),
  }
}
