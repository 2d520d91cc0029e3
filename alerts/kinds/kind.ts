/** What a kind of rule is: the keys it understands, and the question it asks of storage. */
import { z } from 'zod'
import type { TimeRange } from '../../records/time-range.ts'
import { dimensionColumns, type Question } from '../../storage/queries/alert-scan.ts'
import { filterColumns } from '../../storage/queries/where.ts'
import type { Budget } from '../budget.ts'
import { duration } from '../config.ts'
import type { Labels } from '../labels.ts'
import type { Bounds, Threshold, Unit } from '../rule.ts'
import type { Sample } from '../instance.ts'
import type { Readings } from '../self/reading.ts'
import type { Slo } from '../slo/slo.ts'
import { text } from '../texts.ts'
import { thresholdSchema } from '../threshold.ts'

/** What every rule has, whatever its kind. */
export interface CommonRule {
  alert: string
  for: string
  keep_firing_for: string
  /** Kinds without it say themselves how far back they look. */
  window?: string
  above?: number | undefined
  below?: number | undefined
  limit: number
  no_data: { action: 'ok' | 'alert' | 'keep'; for: string }
  on_error: { action: 'keep' | 'alert'; for: string }
  labels: Record<string, string>
  annotations: Record<string, string>
}

export interface RuleKind<Schema extends z.ZodType<CommonRule> = z.ZodType<CommonRule>> {
  name: string
  /** Of the value and the threshold; some kinds measure in several. */
  unit: Unit | { of(rule: z.output<Schema>): Unit }
  /** What values of this kind lie within, for a word about thresholds that nothing can be beyond. */
  bounds?: Bounds
  /** Strict, and made from `ruleShape`. */
  schema: Schema
  /** A rule that works: feeds the docs and the test over the list. */
  example: z.input<Schema>
  /** `none`: it has conditions of its own, and neither `above` nor `below`. */
  threshold?: 'none'
  /** How far back an evaluation looks, in ms, where rules have no `window`. */
  windowMs?(rule: z.output<Schema>): number
  question(rule: z.output<Schema>, threshold: Threshold | null, range: TimeRange): Question
  /** Gives any row when there is something to measure, where `question` without a threshold is silent while all is well; null where it is not. */
  presence?(rule: z.output<Schema>, range: TimeRange): Question | null
  /** Of the kind about ourselves: answers in the place of storage. */
  own?(rule: z.output<Schema>, threshold: Threshold | null, readings: Readings): Sample[]
  /** What is allowed and hardly meant, for whoever checks rules. */
  cautions?(rule: z.output<Schema>): string[]
  /** Whether an instance that fires goes on without a result: what is told once in a time. */
  latched?(rule: z.output<Schema>, labels: Labels, at: number): boolean
  /** Whether an alert of these labels says all that one of `others` would: that one does not begin then. */
  outranks?(rule: z.output<Schema>, labels: Labels, others: Labels): boolean
  /** The objective that the rule watches. */
  slo?(rule: z.output<Schema>): Slo
  /** The budget that the rule watches. */
  budget?(rule: z.output<Schema>): Budget
}

export function defineKind<Schema extends z.ZodType<CommonRule>>(kind: RuleKind<Schema>): RuleKind<Schema> {
  return kind
}

const labelName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected a label name of letters, digits and underscores')

/** `no_data: alert`, or `no_data: { action: alert, for: 10m }`. */
function policy<Action extends string>(outcomes: readonly [Action, ...Action[]], usual: NoInfer<Action>) {
  const whole = z.strictObject({
    action: z.enum(outcomes, {
      error: ({ input }) => `expected one of ${outcomes.join(', ')}; found ${JSON.stringify(input)}`,
    }),
    for: duration.default('0s').describe('How long it must last before the alert fires'),
  })
  return z
    .preprocess((written) => (typeof written === 'string' ? { action: written } : written), whole)
    .default({ action: usual, for: '0s' })
}

export function ruleShape(unit: Unit, defaultWindow: string) {
  return {
    alert: z.string().min(1).describe('Name of the alert; becomes the label alertname'),
    above: thresholdSchema(unit).optional().describe('Holds while the value is above this'),
    below: thresholdSchema(unit).optional().describe('Holds while the value is below this'),
    window: duration.default(defaultWindow).describe('How far back an evaluation looks'),
    for: duration.default('0s').describe('How long it must hold before the alert fires'),
    keep_firing_for: duration.default('0s').describe('How long the alert goes on firing once it no longer holds'),
    limit: z.int().min(1).max(100_000).default(1_000).describe('More instances than this is an error; alerts stay'),
    no_data: policy(['ok', 'alert', 'keep'], 'ok').describe(
      'With nothing to measure in the window: alerts resolve (ok), stay (keep), or fire (alert, with a `for` of its own). One series that vanishes among others resolves',
    ),
    on_error: policy(['keep', 'alert'], 'keep').describe(
      'While the rule cannot be evaluated: alerts stay (keep), or fire (alert, with a `for` of its own)',
    ),
    labels: z.record(labelName, text).default({}).describe('Labels put on the alert; templates may use labels'),
    annotations: z.record(labelName, text).default({}).describe('Texts of the notification; templates'),
  }
}

/** As `ruleShape`, for kinds with conditions and windows of their own. */
export function ownShape() {
  const { above: _, below: __, window: ___, ...shape } = ruleShape('number', '5m')
  return shape
}

/** The keys of kinds that measure requests. */
export const scanShape = {
  by: z.array(z.enum(dimensionColumns)).default([]).describe('One instance per value of these columns'),
  where: z
    .partialRecord(z.enum(filterColumns), z.union([text.transform((one) => [one]), z.array(text).min(1)]))
    .default({})
    .describe('Only requests with these values; a list means any of them'),
  min_requests: z.number().int().nonnegative().default(1).describe('Fewer requests than this in the window: no result'),
}
