/** Scrape targets: down or no longer heard of, not recognised, or without the measures that they should have. */
import { z } from 'zod'
import { samplePresence } from '../../storage/queries/alert-samples.ts'
import { alertTarget, targetColumns } from '../../storage/queries/alert-target.ts'
import type { Unit } from '../rule.ts'
import { defineKind } from './kind.ts'
import { dimensionShape, inUnit, measuredShape, withinWindow } from './measured.ts'

const units = { down: 'ms', duration: 'ms', unrecognised: 'number', missing: 'number' } as const satisfies Record<
  string,
  Unit
>
type Name = keyof typeof units
const unitOf = ({ measure }: { measure: Name }): Unit => units[measure]

export const target = defineKind({
  name: 'target',
  unit: { of: unitOf },
  schema: z
    .strictObject({
      ...measuredShape('6h'),
      where: dimensionShape(targetColumns, ['url']).where,
      kind: z.literal('target'),
      measure: z
        .enum(Object.keys(units) as [Name, ...Name[]])
        .default('down')
        .describe('down: for how long · duration of a scrape · unrecognised: 1 · missing: how many measures'),
    })
    .superRefine((rule, context) => {
      if (rule.measure === 'down') withinWindow(context, rule)
    })
    .transform(inUnit(unitOf)),
  example: { alert: 'TargetDown', kind: 'target', above: '2m' },
  presence: ({ where }, range) => samplePresence('targets', { where, range }),
  question: (rule, threshold, range) => alertTarget(rule.measure, { ...rule, threshold, range }),
})
