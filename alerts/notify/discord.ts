/** Discord webhooks: a message with an embed and the chart; the group's first message shows its end, too. */
import { z } from 'zod'
import { address, allowHttp, refusePlainHttp } from './address.ts'
import { channelFields } from './channel-fields.ts'
import { chartOf, factLines, linksOf } from './facts.ts'
import { alertLine, describeLabels, truncate, type Notification, type NotifiedAlert } from './notification.ts'
import { DeliveryError, defineNotifier, type Memory, type Tools } from './notifier.ts'

/** Of all embeds together: Discord refuses more than 6,000. */
const longestDescription = 4_000
const shownAlerts = 10

export const discord = defineNotifier({
  type: 'discord',
  config: z
    .strictObject({
      type: z.literal('discord'),
      ...channelFields,
      webhook_url: address.describe('Webhook of a Discord channel; a secret'),
      allow_http: allowHttp,
    })
    .superRefine(refusePlainHttp('webhook_url')),
  example: { type: 'discord', webhook_url: 'https://discord.com/api/webhooks/123456789012345678/AbCdEfGhIjKlMnOpQrSt' },

  async send(notification, { webhook_url }, tools) {
    const url = new URL(webhook_url)
    url.searchParams.set('wait', 'true')
    if (notification.status === 'resolved' && tools.memory) await close(notification, url, tools, tools.memory)
    const { text } = await post(tools, url, await form(notification))
    if (notification.status === 'resolved') return null
    return tools.memory ?? writtenAs(text)
  },
})

/** Edits reach nobody; this one keeps a channel that is read later from showing what is over as firing. */
async function close(notification: Notification, url: URL, tools: Tools, { id = '' }: Memory): Promise<void> {
  const edited = new URL(url)
  edited.pathname += `/messages/${encodeURIComponent(id)}`
  edited.searchParams.delete('wait')
  try {
    await post(tools, edited, message(notification, ''), 'PATCH')
  } catch (error) {
    // What cannot be edited, for whatever reason, must not keep word of the end from those who are there.
    if (!(error instanceof DeliveryError) || error.retryable) throw error
  }
}

const post = ({ post }: Tools, url: URL, body: unknown, method: 'POST' | 'PATCH' = 'POST') =>
  post(url.toString(), body, { method })

/** Null where something else than Discord takes the webhook. */
function writtenAs(text: string): Memory | null {
  try {
    return z.object({ id: z.string().min(1) }).parse(JSON.parse(text))
  } catch {
    return null
  }
}

/** As multipart when there is a chart to attach. */
async function form(notification: Notification): Promise<object> {
  const chart = chartOf(notification)
  if (!chart) return message(notification, '')
  const form = new FormData()
  form.set('payload_json', JSON.stringify(message(notification, 'attachment://chart.png')))
  form.set('files[0]', new Blob([Uint8Array.from(await chart.png())], { type: 'image/png' }), 'chart.png')
  return form
}

function message(notification: Notification, image: string): object {
  const { title, status, external_url: url, alerts, body } = notification
  const hidden = alerts.length - shownAlerts
  const lines = alerts.slice(0, shownAlerts).map((alert) => alertText(alert, notification))
  const description = body === null ? [...lines, hidden > 0 ? `… and ${hidden} more` : ''].join('\n\n') : escape(body)
  return {
    username: 'Inferwatch',
    // Labels come from callers: none of them may ping a channel.
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: fit(`${status === 'firing' ? '🔴' : '🟢'} ${escape(title)}`, 256),
        description: fit(description.trim(), longestDescription),
        color: status === 'firing' ? 0xd64545 : 0x2f9e62,
        timestamp: new Date(notification.at).toISOString(),
        ...(url ? { url } : {}),
        ...(image ? { image: { url: image } } : {}),
      },
    ],
  }
}

function alertText(alert: NotifiedAlert, notification: Notification): string {
  const links = linksOf(alert, notification).map(({ text, href }) => `[${text}](${href.replaceAll(')', '%29')})`)
  const lines = [
    `**${escape(truncate(alertLine(alert), 400))}**`,
    escape(truncate(describeLabels(alert.labels), 200)),
    ...factLines(alert, notification.at).map((line) => escape(truncate(line, 200))),
  ]
  return [...lines, links.join(' · ')].filter(Boolean).join('\n')
}

/** Nobody says what Discord counts: at most `length` UTF-16 units are as few code points, or fewer. */
function fit(text: string, length: number): string {
  if (text.length <= length) return text
  const cut = text.slice(0, length - 1)
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`
}

const escape = (text: string) => text.replaceAll(/[\\*_~`|>#[\]()<@-]/g, String.raw`\$&`)
