/** A rule, ready to be asked: what every kind comes down to. */
import type { Question } from '../storage/queries/alert-scan.ts'
import type { TimeRange } from '../records/time-range.ts'
import type { Sample } from './instance.ts'
import type { Filter } from '../storage/queries/where.ts'
import type { Labels } from './labels.ts'
import type { Readings } from './self/reading.ts'
import type { Slo } from './slo/slo.ts'
import type { Budget } from './budget.ts'

export const units = ['ms', 'ratio', 'usd_per_hour', 'celsius', 'watts', 'per_second', 'per_minute', 'number'] as const
export type Unit = (typeof units)[number]

export interface Threshold {
  side: 'above' | 'below'
  /** In the unit of the rule's kind. */
  value: number
}

export interface Bounds {
  least?: number
  most?: number
}

/** What becomes of a rule's alerts while their values are unknown. */
export interface Policy<Action> {
  /** ok: they resolve · keep: they stay as they were · alert: they fire, and the rule's own labels when there is none. */
  action: Action
  /** How long it must last before an alert fires. */
  for_ms: number
}

export interface Rule {
  /** Unique in its group and stable over reloads: the alert's name, with `#2` on a second rule of that name. */
  id: string
  /** The alert's name. */
  name: string
  group: string
  kind: string
  unit: Unit
  file: string
  /** `file:line`. */
  place: string
  /** The rule as its file has it. */
  yaml: string
  for_ms: number
  keep_firing_for_ms: number
  window_ms: number
  threshold: Threshold | null
  /** Of instances; more of them is an error. */
  limit: number
  no_data: Policy<'ok' | 'alert' | 'keep'>
  on_error: Policy<'keep' | 'alert'>
  /** What its values lie within; a side that is left out has no bound. */
  bounds: Bounds
  /** What is allowed in it and hardly meant. */
  cautions?: readonly string[]
  labels: Labels
  annotations: Record<string, string>
  /** The SELECT for one evaluation. Its rows are instances: `value`, `details` for the texts alone, and every other column a label. */
  question: (range: TimeRange) => Question
  /** The SELECT that gives any row at all when there is something to measure, beyond the threshold or not. */
  presence: (range: TimeRange) => Question
  /** Of rules about ourselves: the instances, of what the process knows. Nothing is asked of storage then. */
  own?: ((readings: Readings) => Sample[]) | undefined
  /** Whether an instance that fires goes on firing at `at`, epoch ms, though it has no result. */
  latched?: (labels: Labels, at: number) => boolean
  /** Whether an alert of these labels says all that one of `others` would: that one does not begin then. */
  outranks?: (labels: Labels, others: Labels) => boolean
  /** Whether its alerts are news once: while they fire, nobody is told again, whatever the route's `repeat_interval`. */
  told_once: boolean
  /** Of rules that watch an objective. */
  slo?: Slo
  /** Of rules that watch a budget. */
  budget?: Budget
  /** The same question without the threshold: every value, for backtests and charts. */
  measure: (range: TimeRange) => Question
  /** Which requests it is about; null of a rule that isn't about requests, or says so elsewhere, as in its SQL. */
  filter: Filter | null
}

export interface RuleGroup {
  name: string
  file: string
  interval_ms: number
  /** Evaluations look this far into the past: how late data may come. */
  query_offset_ms: number
  rules: Rule[]
}
