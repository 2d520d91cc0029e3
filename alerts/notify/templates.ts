/** `alerts.templates`: texts of messages in place of the built-in ones, for all kinds of channels or one of them. */
import { z } from 'zod'
import { formatDuration } from '../template.ts'
import { factLines, formatTime, formatValue, linksOf, pageUrl, silenceUrl } from './facts.ts'
import { notifiers, type ChannelConfig } from './index.ts'
import { parseTemplate, renderParts, TemplateError, type Names, type Scope, type Value } from './message-template.ts'
import { alertLine, type Notification, type NotifiedAlert } from './notification.ts'

const messageNames = {
  values: ['status', 'reason', 'receiver', 'title', 'group_key', 'url', 'firing_count', 'resolved_count'],
  maps: ['labels', 'annotations', 'group_labels'],
  lists: ['alerts', 'firing', 'resolved'],
} as const satisfies Names

const alertNames = {
  values: [
    'status',
    'summary',
    'value',
    'threshold',
    'normal',
    'peak',
    'since',
    'until',
    'duration',
    'affected_requests',
    'affected_users',
    'affected_cost_usd',
    'causes',
    'facts',
    'page_url',
    'silence_url',
    'runbook_url',
  ],
  maps: ['labels', 'annotations'],
  lists: [],
} as const satisfies Names

type MessageValue = (typeof messageNames.values)[number]
type AlertValue = (typeof alertNames.values)[number]

const template = z.string().superRefine((text, context) => {
  try {
    parseTemplate(text, messageNames, alertNames)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    context.addIssue({ code: 'custom', message: error.message })
  }
})

const pair = {
  title: template.optional().describe('One line: subject, heading, summary of the incident'),
  body: template.optional().describe('In place of the lines about each alert'),
}

const perType = Object.fromEntries(
  notifiers.map(({ type }) => [type, z.strictObject(pair).optional().describe(`For ${type} channels alone`)]),
) as Record<ChannelConfig['type'], z.ZodOptional<z.ZodObject<typeof pair, z.core.$strict>>>

export const templatesConfig = z.strictObject({ ...pair, ...perType })

export type Templates = z.output<typeof templatesConfig>

/** The notification with the texts that its kind of channel has templates for. */
export function withTemplates(notification: Notification, templates: Templates, type: string): Notification {
  const own = Object.entries(templates).find(([name]) => name === type)?.[1]
  const { title, body } = { ...templates, ...(typeof own === 'object' ? own : {}) }
  if (title === undefined && body === undefined) return notification
  const scope = scopeOf(notification)
  const render = (text: string) => renderParts(parseTemplate(text, messageNames, alertNames), scope)
  const line = title === undefined ? '' : render(title).replaceAll(/\s+/g, ' ').trim()
  return {
    ...notification,
    // A message without a title is one that nobody reads.
    title: line || notification.title,
    body: body === undefined ? notification.body : render(body).trim(),
  }
}

const text = (written: string): Value => ({ text: written, number: null })

/** Empty when unknown. */
const number = (value: number | null | undefined, write: (value: number) => string): Value =>
  value === null || value === undefined ? text('') : { text: write(value), number: value }

function scopeOf(notification: Notification): Scope {
  const { alerts, status, reason, receiver, title, group_key, external_url } = notification
  const of = (state: NotifiedAlert['status']) => alerts.filter((alert) => alert.status === state)
  const scopes = (some: readonly NotifiedAlert[]) => some.map((alert) => alertScope(alert, notification))
  const values: Record<MessageValue, Value> = {
    status: text(status),
    reason: text(reason),
    receiver: text(receiver),
    title: text(title),
    group_key: text(group_key),
    url: text(external_url),
    firing_count: number(of('firing').length, String),
    resolved_count: number(of('resolved').length, String),
  }
  return {
    values,
    maps: {
      labels: notification.common_labels,
      annotations: notification.common_annotations,
      group_labels: notification.group_labels,
    },
    lists: { alerts: scopes(alerts), firing: scopes(of('firing')), resolved: scopes(of('resolved')) },
  }
}

function alertScope(alert: NotifiedAlert, notification: Notification): Scope {
  const { briefing, labels, annotations, starts_at, ends_at } = alert
  const { at, external_url: url } = notification
  const measured = (value: number) => formatValue(value, briefing?.unit)
  const values: Record<AlertValue, Value> = {
    status: text(alert.status),
    summary: text(alertLine(alert)),
    value: number(alert.value, measured),
    threshold: number(briefing?.threshold?.value, measured),
    normal: number(briefing?.normal, measured),
    peak: number(briefing?.peak, measured),
    since: number(starts_at, formatTime),
    until: number(ends_at, formatTime),
    duration: number((ends_at ?? at) - starts_at, formatDuration),
    affected_requests: number(briefing?.affected?.requests, String),
    affected_users: number(briefing?.affected?.users, String),
    affected_cost_usd: number(briefing?.affected?.cost_usd, String),
    causes: text((briefing?.causes ?? []).join('; ')),
    facts: text(factLines(alert, at).join('\n')),
    page_url: text(url && pageUrl(alert, url, at)),
    silence_url: text(url && silenceUrl(alert, url)),
    runbook_url: text(linksOf(alert, notification).find(({ text }) => text === 'Runbook')?.href ?? ''),
  }
  return { values, maps: { labels, annotations }, lists: {} }
}
