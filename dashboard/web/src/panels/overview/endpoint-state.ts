/** Whether an endpoint is well: what its requests, its objectives and its alerts say together. Pure. */
import type { ActiveAlert } from '../../data/alerts.ts'
import type { EndpointHealth } from '../../data/overview.ts'
import { formatCounted, formatRatio, significant } from '../../lib/format.ts'
import type { Level } from '../Status.tsx'
import { sloState, type SloOf } from '../traffic/slos-of.ts'

export interface EndpointState {
  level: Level
  word: 'failing' | 'degraded' | 'no traffic' | 'ok'
  /** What makes it so, the gravest first. */
  reasons: string[]
}

type Finding = [level: 'critical' | 'warning', reason: string]

/** Of fewer requests a share is chance; what is usual needs more of them. */
const leastRequests = 20
const leastUsual = 100
/** Shares of errors: this much is a failure whatever is usual, and this much is worth a look when twice as much as usual. */
const failing = 0.1
const noticed = 0.02
/** P95 in times of the usual. */
const slow = 2

/** `slos` are those of this endpoint, `alerts` those that fire for it. */
export function endpointState(
  row: EndpointHealth,
  slos: readonly SloOf[],
  alerts: readonly ActiveAlert[],
): EndpointState {
  const findings = [
    ...ofAlerts(alerts),
    ...ofErrors(row),
    ...ofLatency(row),
    ...slos.flatMap((slo) => ofSlo(slo, row, alerts)),
  ]
  const grave = findings.filter(([level]) => level === 'critical')
  const ranked = [...grave, ...findings.filter(([level]) => level === 'warning')].map(([, reason]) => reason)
  // One rule may have several alerts of it.
  const reasons = [...new Set(ranked)]
  if (grave.length > 0) return { level: 'critical', word: 'failing', reasons }
  if (findings.length > 0) return { level: 'warning', word: 'degraded', reasons }
  if (row.requests === 0) return { level: 'unknown', word: 'no traffic', reasons: usualTraffic(row) }
  return { level: 'ok', word: 'ok', reasons: [] }
}

/** Of an alert that names a model and no endpoint, as those of rules `by: [model]`: each that the model was called at. */
export function firesFor({ labels, state }: ActiveAlert, { name, models }: Pick<EndpointHealth, 'name' | 'models'>) {
  if (state !== 'firing') return false
  if (labels.endpoint !== undefined) return labels.endpoint === name
  // One without a name is a model too; an alert that names none, as of a GPU, is of no endpoint.
  return labels.model !== undefined && models.includes(labels.model)
}

function ofAlerts(alerts: readonly ActiveAlert[]): Finding[] {
  return alerts.map(({ labels, rule }) => [
    labels.severity === 'critical' || labels.severity === 'page' ? 'critical' : 'warning',
    `${labels.alertname ?? rule} fires${labels.endpoint === undefined && labels.model ? ` for ${labels.model}` : ''}`,
  ])
}

function ofErrors({ requests, errors, usual }: EndpointHealth): Finding[] {
  if (requests < leastRequests) return []
  const ratio = errors / requests
  const before = usual && usual.requests >= leastUsual ? usual.errors / usual.requests : null
  const reason = `${formatRatio(ratio)} errors${before === null ? '' : `, usually ${formatRatio(before)}`}`
  if (ratio >= failing) return [['critical', reason]]
  return ratio >= noticed && ratio >= 2 * (before ?? 0) ? [['warning', reason]] : []
}

function ofLatency(row: EndpointHealth): Finding[] {
  const times = slowerThanUsual(row)
  return times !== null && times >= slow ? [['warning', `P95 ${significant(times, 2)} times the usual`]] : []
}

/** P95 in times of that of the week before; null where either is of too few requests. */
export function slowerThanUsual({ requests, p95_ms, usual }: EndpointHealth): number | null {
  if (requests < leastRequests || p95_ms === null || !usual?.p95_ms || usual.requests < leastUsual) return null
  return p95_ms / usual.p95_ms
}

/** What was overspent before says nothing of one that is not called now; of a budget that burns its own alert has said so. */
function ofSlo(one: SloOf, { requests }: EndpointHealth, alerts: readonly ActiveAlert[]): Finding[] {
  const { level, word } = sloState(one)
  if (alerts.some(({ rule, group }) => rule === one.slo.rule && group === one.slo.group)) return []
  if (one.group === null || level === 'ok' || (word === 'overspent' && requests === 0)) return []
  if (word === 'overspent') return [['warning', `budget of ${one.slo.rule} overspent`]]
  const burn = one.group.burn === null ? '' : ` ${significant(one.group.burn, 2)} times as fast as allowed`
  return [[level === 'critical' ? 'critical' : 'warning', `budget of ${one.slo.rule} burns${burn}`]]
}

const usualTraffic = ({ usual }: EndpointHealth) =>
  usual === null ? [] : [`${formatCounted(usual.requests, 'request')} in the week before`]

const order = ['failing', 'degraded', 'no traffic', 'ok'] as const

/** The worst first; equal ones as they came: the busiest first. */
export function worstFirst<Row extends { state: EndpointState }>(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => order.indexOf(a.state.word) - order.indexOf(b.state.word))
}

/** 1 failing, 2 degraded, 9 ok. */
export function inWords(rows: readonly { state: EndpointState }[]): string {
  return order
    .flatMap((word) => {
      const count = rows.filter(({ state }) => state.word === word).length
      return count === 0 ? [] : [`${count} ${word}`]
    })
    .join(', ')
}
