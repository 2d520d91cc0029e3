/** What the kinds share that measure several things, each in a unit of its own, on samples of servers, GPUs and their like. */
import { z } from 'zod'
import { durationMs } from '../../records/duration.ts'
import { overs, type Over } from '../../storage/queries/alert-samples.ts'
import type { Unit } from '../rule.ts'
import { thresholdSchema, writtenThreshold } from '../threshold.ts'
import { text } from '../texts.ts'
import { ruleShape } from './kind.ts'

type Written = z.input<typeof writtenThreshold>

/** As `ruleShape`, with thresholds that are read once it is known what is measured: by `inUnit`. */
export function measuredShape(defaultWindow: string) {
  return {
    ...ruleShape('number', defaultWindow),
    above: writtenThreshold.optional().describe('Holds while the value is above this, in the unit of the measure'),
    below: writtenThreshold.optional().describe('Holds while the value is below this, in the unit of the measure'),
  }
}

/** Defaults are cast: zod cannot tell of columns that are generic that these are some of them. */
export function dimensionShape<const Column extends string>(columns: readonly [Column, ...Column[]], by: Column[]) {
  const column = z.enum(columns)
  return {
    by: z
      .array(z.enum(columns))
      .default(by as never)
      .describe(`One instance per value of these columns; ${by.join(', ')} unless said`),
    where: z
      .partialRecord(column, z.union([text.transform((one) => [one]), z.array(text).min(1)]))
      .default({} as never)
      .describe('Only samples with these values; a list means any of them'),
  }
}

export const overShape = {
  over: z
    .enum(overs)
    .optional()
    .describe('What becomes of the samples of the window: avg, max, min or last; avg unless said'),
}

export const coverageShape = {
  min_coverage: thresholdSchema('ratio')
    .default(0)
    .describe(
      'Less of the window covered by samples than this share: no result. Gaps of up to five minutes are covered',
    ),
}

/** The mean, unless the rule says otherwise. */
export const overOf = ({ over }: { over?: Over | undefined }): Over => over ?? 'avg'

interface Measured<Measure> {
  measure: Measure
  window: string
  above?: Written | undefined
  below?: Written | undefined
}

type InUnit<Rule> = Omit<Rule, 'above' | 'below'> & { above?: number | undefined; below?: number | undefined }

/** For `schema.transform()`: reads the thresholds in the unit of what the rule measures. */
export function inUnit<Measure>(unitOf: (rule: { measure: Measure }) => Unit) {
  return <Rule extends Measured<Measure>>(rule: Rule, context: z.RefinementCtx): InUnit<Rule> => {
    const read = (side: 'above' | 'below') => {
      if (rule[side] === undefined) return undefined
      const parsed = thresholdSchema(unitOf(rule)).safeParse(rule[side])
      if (parsed.success) return parsed.data
      for (const { message } of parsed.error.issues) context.addIssue({ code: 'custom', path: [side], message })
      return z.NEVER
    }
    return { ...rule, above: read('above'), below: read('below') }
  }
}

/** For `schema.superRefine()`: keys that this measure has no use for. */
export function refuse(context: z.RefinementCtx, rule: object, key: string, message: string): void {
  if ((rule as Record<string, unknown>)[key] !== undefined) context.addIssue({ code: 'custom', path: [key], message })
}

/** Of kinds that measure how long ago something was: nothing in the window is older than the window. */
export function withinWindow(
  context: z.RefinementCtx,
  { window, above }: Pick<Measured<unknown>, 'window' | 'above'>,
): void {
  const above_ms = typeof above === 'number' ? above : thresholdSchema('ms').safeParse(above).data
  if (above_ms !== undefined && above_ms >= durationMs(window))
    context.addIssue({ code: 'custom', path: ['window'], message: 'expected longer than `above`' })
}
