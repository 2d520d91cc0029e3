/** What a message says of an alert beside its own text, in plain words and links: the same for every vendor. */
import { counted } from '../../records/counted.ts'
import { infiniteText } from '../../records/infinite.ts'
import { filterColumns } from '../../storage/queries/where.ts'
import { formatMatcher } from '../routing/matcher.ts'
import type { Unit } from '../rule.ts'
import { formatDuration, formatNumber, formatUsd } from '../template.ts'
import type { Affected, Chart, Notification, NotifiedAlert } from './notification.ts'

const writers: Partial<Record<Unit, (value: number) => string>> = {
  ms: formatDuration,
  ratio: (value) => `${formatNumber(value * 100)}%`,
  usd_per_hour: (value) => `${formatUsd(value)}/h`,
}

/** As people write it: `7.23 s`, `5.3%`, `$12.00/h`. */
export function formatValue(value: number, unit: Unit | undefined): string {
  return infiniteText(value) ?? ((unit && writers[unit]) ?? formatNumber)(value)
}

/**
 * Lines, without markup: `7.2 s, above 5 s · normally 1.1 s`, `Since 2026-11-21 10:01 UTC, for 14m 00s`,
 * `Affected: 120 requests, 14 users, $3.20`, `Meanwhile: …`.
 */
export function factLines(alert: NotifiedAlert, at: number): string[] {
  const { briefing } = alert
  return [
    measured(alert),
    lasted(alert, at),
    briefing?.affected ? affectedLine(briefing.affected) : '',
    ...(briefing?.causes ?? []).map((cause) => `Meanwhile: ${cause}`),
  ].filter(Boolean)
}

function measured({ value, briefing, status }: NotifiedAlert): string {
  const write = (number: number) => formatValue(number, briefing?.unit)
  const { threshold = null, normal = null, peak = null } = briefing ?? {}
  const against = threshold ? `, ${threshold.side} ${write(threshold.value)}` : ''
  return [
    // Without a unit, a bare number says little; the alert's own text has it.
    value !== null && briefing ? `${status === 'firing' ? '' : 'Last '}${write(value)}${against}` : '',
    peak !== null && status === 'resolved' ? `${threshold?.side === 'below' ? 'lowest' : 'peak'} ${write(peak)}` : '',
    normal === null ? '' : `a week before ${write(normal)}`,
  ]
    .filter(Boolean)
    .join(' · ')
}

function lasted({ starts_at, ends_at }: NotifiedAlert, at: number): string {
  const from = formatTime(starts_at)
  return ends_at === null
    ? `Since ${from}, for ${formatDuration(Math.max(at - starts_at, 0))}`
    : `From ${from} to ${formatTime(ends_at)}, ${formatDuration(Math.max(ends_at - starts_at, 0))}`
}

function affectedLine({ requests, users, cost_usd }: Affected): string {
  return `Affected: ${[
    counted(requests, 'request'),
    users > 0 ? counted(users, 'user') : '',
    cost_usd === null ? '' : formatUsd(cost_usd),
  ]
    .filter(Boolean)
    .join(', ')}`
}

/** `2026-11-21 10:01 UTC`. */
export function formatTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

export interface Link {
  text: string
  href: string
}

/** Where to look and what to do; none of the dashboard's when its address is unknown. */
export function linksOf(alert: NotifiedAlert, { external_url, at }: Notification): Link[] {
  const runbook = alert.annotations['runbook_url'] ?? ''
  return [
    ...(external_url
      ? [
          { text: 'Open', href: pageUrl(alert, external_url, at) },
          { text: 'Silence', href: silenceUrl(alert, external_url) },
        ]
      : []),
    ...(/^https?:/.test(runbook) && URL.canParse(runbook) ? [{ text: 'Runbook', href: runbook }] : []),
  ].filter(({ href }) => href.length <= longestUrl)
}

/** Slack allows 3,000, others more; chat programs break long ones. */
const longestUrl = 2_000

const marginMs = 30 * 60_000

/**
 * What the alert measured, from its window or half an hour before it on; the requests that it is about where nothing is known of its
 * rule; of an alert from elsewhere, where its sender explains it.
 */
export function pageUrl(
  { labels, starts_at, ends_at, briefing, generator_url }: NotifiedAlert,
  externalUrl: string,
  at: number,
): string {
  if (generator_url) return generator_url
  const page = new URL(`${externalUrl}${briefing?.page ?? '/requests'}`)
  page.searchParams.set('from', new Date(starts_at - Math.max(marginMs, briefing?.window_ms ?? 0)).toISOString())
  page.searchParams.set('to', new Date(Math.max(ends_at ?? at, starts_at) + 60_000).toISOString())
  const filter = briefing?.filter ?? labels
  for (const column of filterColumns)
    for (const value of [filter[column] ?? []].flat()) page.searchParams.append(column, value)
  return page.href
}

/** A page that asks for how long, its matchers filled in with the alert's labels. */
export function silenceUrl({ labels }: Pick<NotifiedAlert, 'labels'>, externalUrl: string): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(labels))
    query.append('matcher', formatMatcher({ name, operator: '=', value }))
  return `${externalUrl}/alerts/silence?${query.toString()}`
}

/** Of the first alert that has one: firing alerts stand first. */
export function chartOf({ alerts }: Notification): Chart | null {
  return alerts.find(({ briefing }) => briefing?.chart)?.briefing?.chart ?? null
}
