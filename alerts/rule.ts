/** A rule, ready to be asked: what every kind comes down to. */
import type { Question } from '../storage/queries/alert-scan.ts'
import type { TimeRange } from '../records/time-range.ts'
import type { Labels } from './labels.ts'

export type Unit = 'ms' | 'ratio' | 'usd_per_hour' | 'number'

export interface Threshold {
  side: 'above' | 'below'
  /** In the unit of the rule's kind. */
  value: number
}

export interface Bounds {
  least?: number
  most?: number
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
  for_ms: number
  keep_firing_for_ms: number
  window_ms: number
  threshold: Threshold | null
  /** What its values lie within; a side that is left out has no bound. */
  bounds: Bounds
  labels: Labels
  annotations: Record<string, string>
  /** The SELECT for one evaluation. Its rows are instances: `value`, and every other column a label. */
  question: (range: TimeRange) => Question
  /** The same question without the threshold: every value, for backtests and charts. */
  measure: (range: TimeRange) => Question
}

export interface RuleGroup {
  name: string
  file: string
  interval_ms: number
  /** Evaluations look this far into the past: how late data may come. */
  query_offset_ms: number
  rules: Rule[]
}
