/** A rule, ready to be asked: what every kind comes down to. */
import type { Question } from '../storage/queries/alert-scan.ts'
import type { TimeRange } from '../records/time-range.ts'
import type { Sample } from './instance.ts'
import type { Labels } from './labels.ts'
import type { Slo } from './slo/slo.ts'
import type { Readings } from './self/reading.ts'

export const units = ['ms', 'ratio', 'usd_per_hour', 'celsius', 'watts', 'per_second', 'per_minute', 'number'] as const
export type Unit = (typeof units)[number]

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
  /** The SELECT for one evaluation. Its rows are instances: `value`, `details` for the texts alone, and every other column a label. */
  question: (range: TimeRange) => Question
  /** Whether an instance that fires goes on firing at `at`, epoch ms, though it has no result. */
  latched?: (labels: Labels, at: number) => boolean
  /** Of rules that watch an objective. */
  slo?: Slo
  /** Of rules about ourselves: the instances, of what the process knows. Nothing is asked of storage then. */
  own?: ((readings: Readings) => Sample[]) | undefined
}

export interface RuleGroup {
  name: string
  file: string
  interval_ms: number
  /** Evaluations look this far into the past: how late data may come. */
  query_offset_ms: number
  rules: Rule[]
}
