/** A notification as a mail program shows it. */
import { factLines, linksOf } from './facts.ts'
import { alertLine, describeLabels, type Notification, type NotifiedAlert } from './notification.ts'

const shownAlerts = 50

export function emailText(notification: Notification): string {
  const { alerts, body, title, at, external_url: url } = notification
  const texts = alerts
    .slice(0, shownAlerts)
    .map((alert) =>
      [
        `${mark(alert)} ${alertLine(alert)}`,
        describeLabels(alert.labels),
        ...factLines(alert, at),
        ...linksOf(alert, notification).map(({ text, href }) => `${text}: ${href}`),
      ]
        .filter(Boolean)
        .join('\n'),
    )
  return [title, body ?? texts.join('\n\n'), more(alerts), url].filter(Boolean).join('\n\n')
}

/** `image` is the address of the chart; empty without one. Styles stand on the elements: mail programs drop others. */
export function emailHtml(notification: Notification, image: string): string {
  const { alerts, body, title, status } = notification
  const color = status === 'firing' ? '#d64545' : '#2f9e62'
  const shown = alerts.slice(0, shownAlerts).map((alert) => alertHtml(alert, notification))
  return [
    '<div style="font-family:sans-serif;font-size:14px;color:#1c1e21;max-width:640px">',
    `<h2 style="font-size:17px;border-left:4px solid ${color};padding-left:10px">${escape(title)}</h2>`,
    body === null ? shown.join('') : `<p style="white-space:pre-wrap">${escape(body)}</p>`,
    image ? `<img src="${escape(image)}" alt="The rule's value over time" width="600" style="max-width:100%">` : '',
    `<p>${escape(more(alerts))}</p></div>`,
  ].join('')
}

function alertHtml(alert: NotifiedAlert, notification: Notification): string {
  const details = [describeLabels(alert.labels), ...factLines(alert, notification.at)].filter(Boolean)
  const links = linksOf(alert, notification).map(({ text, href }) => `<a href="${escape(href)}">${escape(text)}</a>`)
  const lines = [...details.map(escape), links.join(' · ')].filter(Boolean)
  return `<p><b>${mark(alert)} ${escape(alertLine(alert))}</b><br>${lines.join('<br>')}</p>`
}

const mark = ({ status }: NotifiedAlert) => (status === 'firing' ? '🔴' : '🟢')

const more = ({ length }: readonly NotifiedAlert[]) =>
  length > shownAlerts ? `… and ${length - shownAlerts} more` : ''

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const escape = (text: string) => text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? '')
