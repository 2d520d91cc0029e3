/** A notification as Slack shows it. Limits: Block Kit reference; all blocks stay far below `msg_blocks_too_long`. */
import { chartOf, factLines, linksOf } from './facts.ts'
import { alertLine, describeLabels, truncate, type Notification, type NotifiedAlert } from './notification.ts'

/** Of all blocks as JSON: Slack refuses some 13,200, which it says nowhere. */
const mostCharacters = 9_000
const longestLink = 600

export interface SlackMessage {
  /** Notifications and screen readers show it alone. */
  text: string
  attachments: { color: string; fallback: string; blocks: object[] }[]
}

/** The chart is linked unless Slack has it as a file. */
export function slackMessage(notification: Notification, hasFile = false): SlackMessage {
  const firing = notification.status === 'firing'
  const title = titleOf(notification)
  const heading = section(`*${link(truncate(title, 250), notification.external_url)}*`)
  const { blocks, shown } = body(notification)
  return {
    text: escapeWithin([title, notification.body ?? shown.map(alertLine).join('\n')].join('\n'), 3000),
    attachments: [
      {
        color: firing ? '#d64545' : '#2f9e62',
        fallback: escapeWithin(title, 300),
        blocks: [heading, ...blocks, ...(hasFile ? [] : image(notification)), context(notification)],
      },
    ],
  }
}

/** What a reply in the message's thread says: an edited message alone reaches nobody. */
export function slackReply(notification: Notification): string {
  const { alerts, status } = notification
  const lines = alerts
    .filter((alert) => alert.status === status)
    .slice(0, 5)
    .flatMap((alert) => [alertLine(alert), factLines(alert, notification.at).slice(0, 2).join(' · ')])
  return escapeWithin([titleOf(notification), notification.body ?? lines.join('\n')].join('\n'), 3000)
}

const titleOf = ({ status, title }: Notification) => `${status === 'firing' ? '🔴' : '🟢'} ${title}`

/** As many alerts as fit, at least one. */
function body(notification: Notification): { blocks: object[]; shown: NotifiedAlert[] } {
  const { alerts, body: text } = notification
  if (text !== null) return { blocks: [section(escapeWithin(text, 2900) || ' ')], shown: [] }
  const blocks: object[] = []
  let length = 0
  for (const alert of alerts) {
    const block = section(alertText(alert, notification))
    length += JSON.stringify(block).length
    if (length > mostCharacters && blocks.length > 0) break
    blocks.push(block)
  }
  const hidden = alerts.length - blocks.length
  const shown = alerts.slice(0, blocks.length)
  return { blocks: hidden > 0 ? [...blocks, section(`… and ${hidden} more`)] : blocks, shown }
}

function alertText(alert: NotifiedAlert, notification: Notification): string {
  const links = linksOf(alert, notification)
    .filter(({ href }) => href.length <= longestLink)
    .map(({ text, href }) => link(text, href))
  const lines = [
    `${alert.status === 'firing' ? '🔴' : '🟢'} ${escapeWithin(alertLine(alert), 400)}`,
    escapeWithin(describeLabels(alert.labels), 200),
    ...factLines(alert, notification.at).map((line) => escapeWithin(line, 200)),
    links.join(' · '),
  ]
  return lines.filter(Boolean).join('\n')
}

const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } })

function image(notification: Notification): object[] {
  const chart = chartOf(notification)
  if (!chart?.url) return []
  return [{ type: 'image', image_url: chart.url, alt_text: truncate(chart.alt, 2000) }]
}

function context(notification: Notification) {
  const since = Math.min(...notification.alerts.map((alert) => alert.starts_at))
  return { type: 'context', elements: [{ type: 'mrkdwn', text: `Inferwatch · since ${clock(since)}` }] }
}

/** Shown in each reader's own time zone. */
function clock(epochMs: number): string {
  const seconds = Math.floor(epochMs / 1000)
  return `<!date^${seconds}^{date_short_pretty} {time}|${new Date(epochMs).toISOString()}>`
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
