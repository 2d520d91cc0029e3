/** Slack incoming webhooks. Limits: Block Kit reference; texts in blocks stay far below `msg_blocks_too_long`. */
import { z } from 'zod'
import { alertLine, describeLabels, truncate, type Notification, type NotifiedAlert } from './notification.ts'
import { DeliveryError, defineNotifier } from './notifier.ts'

/** Keeps all blocks together below some 10,000 characters. */
const shownAlerts = 8

export const slack = defineNotifier({
  type: 'slack',
  config: z.strictObject({
    type: z.literal('slack'),
    webhook_url: z.url({ protocol: /^https?$/ }).describe('Incoming webhook of a Slack app; a secret'),
  }),
  example: {
    type: 'slack',
    webhook_url: 'https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX',
  },

  async send(notification, config, { post }) {
    const { text } = await post(config.webhook_url, render(notification))
    refuseFailure(text)
  },
})

/** Slack's Web API, and proxies in front of it, say `{"ok":false}` with status 200. */
function refuseFailure(text: string): void {
  if (!text.startsWith('{')) return
  const answer: unknown = JSON.parse(text)
  if (typeof answer !== 'object' || answer === null || !('ok' in answer) || answer.ok !== false) return
  const error = 'error' in answer ? String(answer.error) : 'unknown error'
  throw new DeliveryError(`Slack answered ok: false, ${error}`, {
    retryable: /rate_?limited|internal_error|fatal_error|timeout/.test(error),
  })
}

function render(notification: Notification): object {
  const firing = notification.status === 'firing'
  const title = `${firing ? '🔴' : '🟢'} ${notification.title}`
  const shown = notification.alerts.slice(0, shownAlerts)
  const hidden = notification.alerts.length - shown.length
  const heading = section(`*${link(truncate(title, 250), notification.external_url)}*`)
  const more = hidden > 0 ? [section(`… and ${hidden} more`)] : []
  return {
    // Notifications and screen readers show `text` alone.
    text: escapeWithin([title, ...shown.map(alertLine)].join('\n'), 3000),
    attachments: [
      {
        color: firing ? '#d64545' : '#2f9e62',
        fallback: escapeWithin(title, 300),
        blocks: [heading, ...shown.map((alert) => section(alertText(alert))), ...more, context(notification)],
      },
    ],
  }
}

function alertText(alert: NotifiedAlert): string {
  const mark = alert.status === 'firing' ? '🔴' : '🟢'
  const runbook = alert.annotations['runbook_url'] ?? ''
  const duration =
    alert.ends_at === null
      ? ''
      : ` (lasted ${formatMinutes(alert.ends_at - alert.starts_at)}, until ${clock(alert.ends_at)})`
  const lines = [
    `${mark} ${escapeWithin(alertLine(alert), 400)}${duration}`,
    escapeWithin(describeLabels(alert.labels), 200),
    /^https?:/.test(runbook) && URL.canParse(runbook) && runbook.length <= 200 ? link('Runbook', runbook) : '',
  ]
  return lines.filter(Boolean).join('\n')
}

const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } })

function context(notification: Notification) {
  const since = Math.min(...notification.alerts.map((alert) => alert.starts_at))
  return { type: 'context', elements: [{ type: 'mrkdwn', text: `Inferwatch · since ${clock(since)}` }] }
}

/** Shown in each reader's own time zone. */
function clock(epochMs: number): string {
  const seconds = Math.floor(epochMs / 1000)
  return `<!date^${seconds}^{date_short_pretty} {time}|${new Date(epochMs).toISOString()}>`
}

function formatMinutes(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000))
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`
}

/** Escaped and cut, never within an entity. */
function escapeWithin(text: string, length: number): string {
  return truncate(escape(text), length).replace(/&[a-z]{0,3}…$/, '…')
}

const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function link(text: string, url: string): string {
  // A bar or an angle bracket would end the link early.
  if (!URL.canParse(url)) return escape(text)
  const address = url.replaceAll('|', '%7C').replaceAll('<', '%3C').replaceAll('>', '%3E')
  return `<${escape(address)}|${escape(text).replaceAll('|', '¦')}>`
}
