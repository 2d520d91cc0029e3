/** Alerts as people read them. */
import { infiniteText } from '../../../../../records/infinite.ts'
import type { ActiveAlert, RuleView } from '../../data/alerts.ts'
import type { Silence } from '../../data/silences.ts'
import { formatMs, formatRatio, formatUsdPerHour, significant, unknown } from '../../lib/format.ts'
import type { Level } from '../Status.tsx'

const withUnit = (unit: string) => (value: number | null) => (value === null ? unknown : `${significant(value)}${unit}`)

const units: Record<ActiveAlert['unit'], (value: number | null) => string> = {
  ms: formatMs,
  ratio: formatRatio,
  usd_per_hour: formatUsdPerHour,
  celsius: withUnit(' °C'),
  watts: withUnit(' W'),
  per_second: withUnit('/s'),
  per_minute: withUnit('/min'),
  number: withUnit(''),
}

export const formatValue = (value: number | null, unit: ActiveAlert['unit']) =>
  (value === null ? null : infiniteText(value)) ?? units[unit](value)

/** With all its digits, in no unit. */
export const exactly = (value: number | null) => (value === null ? null : (infiniteText(value) ?? String(value)))

/** above 5 s */
export const thresholdOf = ({ threshold, unit }: Pick<RuleView, 'threshold' | 'unit'>) =>
  threshold ? `${threshold.side} ${units[unit](threshold.value)}` : unknown

export const stateLevels: Record<string, Level> = { firing: 'critical', pending: 'warning', inactive: 'ok' }

export const silenceLevels: Record<Silence['state'], Level> = { active: 'warning', pending: 'unknown', expired: 'ok' }

export const healthWords: Record<RuleView['health'], [Level, string]> = {
  ok: ['ok', 'ok'],
  err: ['critical', 'failed'],
  unknown: ['unknown', 'not yet evaluated'],
}

/** model=a team=b; of a label without a value, no team. */
export const labelText = (labels: Record<string, string>) =>
  Object.entries(labels)
    .filter(([name]) => name !== 'alertname')
    .map(([name, value]) => (value === '' ? `no ${name}` : `${name}=${value}`))
    .join(' ')

/** Matchers that mean exactly these labels: `alertname="Down", model="gpt-4o"`. */
export const matchersOf = (labels: Record<string, string>) =>
  Object.entries(labels)
    .map(([name, value]) => `${/^[a-zA-Z_:][\w:]*$/.test(name) ? name : quote(name)}=${quote(value)}`)
    .join(', ')

const quote = (text: string) =>
  `"${text.replaceAll(/["\\\n]/g, (mark) => (mark === '\n' ? String.raw`\n` : `\\${mark}`))}"`

/** What the rule says about it, or its labels. */
export const summaryOf = ({ annotations, labels }: Pick<ActiveAlert, 'annotations' | 'labels'>) =>
  annotations.summary ?? labelText(labels)

/** In the URL and on rows: a rule's group and id are unique together. */
export const ruleKey = ({ group, id }: Pick<RuleView, 'group' | 'id'>) => `${group} ${id}`
