/** A rule, ready to be asked: what every kind comes down to. */
import type { Question } from '../storage/queries/alert-scan.ts'
import type { TimeRange } from '../records/time-range.ts'
import type { Filter } from '../storage/queries/where.ts'
import type { Labels } from './labels.ts'

export type Unit = 'ms' | 'ratio' | 'usd_per_hour' | 'number'

export interface Threshold {
  side: 'above' | 'below'
  /** In the unit of the rule's kind. */
  value: number
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
  for_ms: number
  keep_firing_for_ms: number
  window_ms: number
  threshold: Threshold | null
  labels: Labels
  annotations: Record<string, string>
  /** The SELECT for one evaluation. Its rows are instances: `value`, and every other column a label. */
  question: (range: TimeRange) => Question
  /** The same without the threshold: every value, for charts. */
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
