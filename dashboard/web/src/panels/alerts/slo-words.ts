/** Objectives as people read them, and the course of their budgets. */
import type { SeriesFrame } from '../../data/series.ts'
import type { Slo, SloGroup } from '../../data/slos.ts'
import { formatMs, formatRatio } from '../../lib/format.ts'
import type { NamedLine } from '../LinePanel.tsx'
import { labelText } from './words.ts'

type Objective = Slo['slo']

const limitWords: [keyof Objective['limits'], string][] = [
  ['max_latency', 'done'],
  ['max_ttft', 'first token'],
  ['max_tpot', 'time per token'],
]

/** 99.9 % succeed over 30d, 95 % with their first token within 1 s over a month. */
export function sloWord({ objective, indicator, limits, period }: Objective): string {
  const within = limitWords.flatMap(([limit, word]) =>
    limits[limit] === undefined ? [] : [`${word} within ${formatMs(limits[limit])}`],
  )
  const good = indicator === 'availability' ? 'succeed' : within.join(', ')
  return `${formatRatio(objective)} ${good} over ${/^\d/.test(period) ? period : `the ${period}`}`
}

export const groupName = ({ labels }: Pick<SloGroup, 'labels'>) => labelText(labels) || 'all requests'

/** The period so far. */
export function budgetFrame({ period, step_ms }: Slo, now: number): SeriesFrame {
  const to = Math.min(period.to, now)
  const first = Math.floor(period.from / step_ms) * step_ms
  const count = Math.max(Math.ceil((to - first) / step_ms), 1)
  const times = Array.from({ length: count }, (_, index) => first + index * step_ms)
  return { from: period.from, to, step_ms, times }
}

/** So many of them are told apart. */
const mostLines = 12

/** A bucket without requests leaves the budget as it was; before the first request nothing is known of it. */
export function budgetLines(slo: Slo, now: number): NamedLine[] {
  const { times, step_ms } = budgetFrame(slo, now)
  return slo.groups.slice(0, mostLines).map((group) => {
    const at = new Map(group.course.map((point) => [Math.floor(point.at / step_ms) * step_ms, point.budget_left_ratio]))
    let last: number | null = null
    const values = times.map((time) => (last = at.get(time) ?? last))
    return { name: groupName(group), colorOf: Object.keys(group.labels).length === 0 ? '' : groupName(group), values }
  })
}
