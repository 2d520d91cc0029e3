/** What is remembered of a rule's last evaluations. */
import type { Sample } from './instance.ts'
import type { Threshold } from './rule.ts'

export interface EvaluationRecord {
  /** The moment that it was for, epoch ms. */
  at: number
  /** no_data: there was nothing to measure · error: it could not be evaluated. */
  outcome: 'ok' | 'no_data' | 'error'
  /** Empty without one. */
  error: string
  /** What could not be judged beside the results; absent where all could. */
  doubt?: string
  /** Results, each beyond the threshold. */
  instances: number
  /** The result furthest beyond it; null without any. */
  value: number | null
  duration_ms: number
  /** How many other rules the same query answered in that time. */
  shared_with: number
  /** It was missed, and made later from stored data. */
  caught_up: boolean
}

const mostKept = 30

/** Newest last. */
export function remember(records: readonly EvaluationRecord[], record: EvaluationRecord): EvaluationRecord[] {
  return [...records.slice(1 - mostKept), record]
}

export function furthest(samples: readonly Sample[], threshold: Threshold | null): number | null {
  const values = samples.map(({ value }) => value)
  if (values.length === 0) return null
  const further = threshold?.side === 'below' ? Math.min : Math.max
  return values.reduce((one, other) => further(one, other))
}
