/** Alerts as people read them. */
import type { ActiveAlert, RuleView } from '../../data/alerts.ts'
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

export const formatValue = (value: number | null, unit: ActiveAlert['unit']) => units[unit](value)

/** above 5 s */
export const thresholdOf = ({ threshold, unit }: Pick<RuleView, 'threshold' | 'unit'>) =>
  threshold ? `${threshold.side} ${units[unit](threshold.value)}` : unknown

export const stateLevels: Record<string, Level> = { firing: 'critical', pending: 'warning', inactive: 'ok' }

export const healthWords: Record<RuleView['health'], [Level, string]> = {
  ok: ['ok', 'ok'],
  err: ['critical', 'failed'],
  unknown: ['unknown', 'not yet evaluated'],
}

/** model=a team=b */
export const labelText = (labels: Record<string, string>) =>
  Object.entries(labels)
    .filter(([name]) => name !== 'alertname')
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')

/** What the rule says about it, or its labels. */
export const summaryOf = ({ annotations, labels }: Pick<ActiveAlert, 'annotations' | 'labels'>) =>
  annotations.summary ?? labelText(labels)

/** In the URL and on rows: a rule's group and id are unique together. */
export const ruleKey = ({ group, id }: Pick<RuleView, 'group' | 'id'>) => `${group} ${id}`
