/** Microsoft Teams: an adaptive card to a workflow that begins "when a Teams webhook request is received". */
import { z } from 'zod'
import { address, allowHttp, refusePlainHttp } from './address.ts'
import { channelFields } from './channel-fields.ts'
import { chartOf, factLines, linksOf } from './facts.ts'
import { alertLine, describeLabels, truncate, type Notification, type NotifiedAlert } from './notification.ts'
import { defineNotifier } from './notifier.ts'

/** Teams refuses messages above 28 KB. */
const largestBytes = 24_000

export const teams = defineNotifier({
  type: 'teams',
  config: z
    .strictObject({
      type: z.literal('teams'),
      ...channelFields,
      webhook_url: address.describe('Address of the workflow; a secret'),
      allow_http: allowHttp,
    })
    .superRefine(refusePlainHttp('webhook_url')),
  example: {
    type: 'teams',
    webhook_url:
      'https://prod-01.westeurope.logic.azure.com/workflows/abc123/triggers/manual/paths/invoke?sig=s1gs1gs1g',
  },

  async send(notification, { webhook_url }, { post }) {
    await post(webhook_url, fitting(notification))
    return null
  },
})

/** With as many alerts as fit. */
function fitting(notification: Notification): object {
  for (let shown = Math.min(notification.alerts.length, 10); shown > 1; shown--) {
    const message = render(notification, shown)
    if (Buffer.byteLength(JSON.stringify(message)) <= largestBytes) return message
  }
  return render(notification, 1)
}

function render(notification: Notification, shown: number): object {
  const { title, status, alerts, body: text, external_url: url } = notification
  const hidden = alerts.length - shown
  const lines = alerts.slice(0, shown).flatMap((alert) => alertBlocks(alert, notification))
  const chart = chartOf(notification)
  const [first] = alerts
  const links = first ? linksOf(first, notification).filter(({ href }) => href.length <= 1_000) : []
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.2',
    msteams: { width: 'full' },
    body: [
      {
        ...block(truncate(title, 300)),
        weight: 'Bolder',
        size: 'Medium',
        style: 'heading',
        color: status === 'firing' ? 'attention' : 'good',
      },
      ...(text === null ? lines : [block(truncate(text, 4_000))]),
      ...(hidden > 0 && text === null ? [block(`… and ${hidden} more`)] : []),
      ...(chart?.url ? [{ type: 'Image', url: chart.url, altText: truncate(chart.alt, 300) }] : []),
    ],
    actions: [...links, ...(links.length === 0 && url ? [{ text: 'Open', href: url }] : [])].map(({ text, href }) => ({
      type: 'Action.OpenUrl',
      title: text,
      url: href,
    })),
  }
  const contentType = 'application/vnd.microsoft.card.adaptive'
  return { type: 'message', attachments: [{ contentType, contentUrl: null, content }] }
}

function alertBlocks(alert: NotifiedAlert, { at }: Notification): object[] {
  const details = [
    truncate(describeLabels(alert.labels), 300),
    ...factLines(alert, at).map((line) => truncate(line, 300)),
  ]
  return [
    { ...block(truncate(alertLine(alert), 500)), weight: 'Bolder' },
    ...details.filter(Boolean).map((line) => Object.assign(block(line), { spacing: 'None', isSubtle: true })),
  ]
}

const block = (text: string) => ({ type: 'TextBlock', text: escape(text) || ' ', wrap: true })

const escape = (text: string) => text.replaceAll(/[\\*_`[\]#~>]/g, String.raw`\$&`)
