/** What a kind of rule is: the keys it understands, and the question it asks of storage. */
import { z } from 'zod'
import type { TimeRange } from '../../records/time-range.ts'
import { dimensionColumns, type Question } from '../../storage/queries/alert-scan.ts'
import { filterColumns } from '../../storage/queries/where.ts'
import { duration } from '../config.ts'
import type { Bounds, Threshold, Unit } from '../rule.ts'
import { thresholdSchema } from '../threshold.ts'

/** What every rule has, whatever its kind. */
export interface CommonRule {
  alert: string
  for: string
  keep_firing_for: string
  window: string
  above?: number | undefined
  below?: number | undefined
  labels: Record<string, string>
  annotations: Record<string, string>
}

export interface RuleKind<Schema extends z.ZodType<CommonRule> = z.ZodType<CommonRule>> {
  name: string
  unit: Unit
  /** What values of this kind lie within, for a word about thresholds that nothing can be beyond. */
  bounds?: Bounds
  /** Strict, and made from `ruleShape`. */
  schema: Schema
  /** A rule that works: feeds the docs and the test over the list. */
  example: z.input<Schema>
  question(rule: z.output<Schema>, threshold: Threshold | null, range: TimeRange): Question
}

export function defineKind<Schema extends z.ZodType<CommonRule>>(kind: RuleKind<Schema>): RuleKind<Schema> {
  return kind
}

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String)
const labelName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected a label name of letters, digits and underscores')

export function ruleShape(unit: Unit, defaultWindow: string) {
  return {
    alert: z.string().min(1).describe('Name of the alert; becomes the label alertname'),
    above: thresholdSchema(unit).optional().describe('Holds while the value is above this'),
    below: thresholdSchema(unit).optional().describe('Holds while the value is below this'),
    window: duration.default(defaultWindow).describe('How far back an evaluation looks'),
    for: duration.default('0s').describe('How long it must hold before the alert fires'),
    keep_firing_for: duration.default('0s').describe('How long the alert goes on firing once it no longer holds'),
    labels: z.record(labelName, text).default({}).describe('Labels put on the alert; templates may use labels'),
    annotations: z.record(labelName, text).default({}).describe('Texts of the notification; templates'),
  }
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
