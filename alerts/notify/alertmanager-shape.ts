/** Alertmanager's webhook message, version 4: every receiver written for Alertmanager reads it. */
import { pageUrl } from './facts.ts'
import type { Notification } from './notification.ts'

/** Alertmanager's zero time: the alert has not ended. */
const notEnded = '0001-01-01T00:00:00Z'

export function webhookMessage(notification: Notification): object {
  const { external_url: url, at } = notification
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
      generatorURL: url ? pageUrl(alert, url, at) : '',
      fingerprint: alert.fingerprint,
    })),
  }
}
