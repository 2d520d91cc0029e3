/** Endpoints as their probes find them: down, slow, or with a certificate that ends soon. */
import { z } from 'zod'
import { alertProbe, probeColumns } from '../../storage/queries/alert-probe.ts'
import type { Unit } from '../rule.ts'
import { defineKind } from './kind.ts'
import { dimensionShape, inUnit, measuredShape, refuse } from './measured.ts'

const units = {
  failures: 'number',
  success_ratio: 'ratio',
  certificate: 'ms',
  ttft: 'ms',
  duration: 'ms',
} as const satisfies Record<string, Unit>
type Name = keyof typeof units
const unitOf = ({ measure }: { measure: Name }): Unit => units[measure]

export const probe = defineKind({
  name: 'probe',
  unit: { of: unitOf },
  schema: z
    .strictObject({
      ...measuredShape('15m'),
      where: dimensionShape(probeColumns, ['endpoint']).where,
      kind: z.literal('probe'),
      measure: z
        .enum(Object.keys(units) as [Name, ...Name[]])
        .describe(
          'failures: in a row · success_ratio · certificate: time until it ends · ttft and duration: percentiles',
        ),
      min_probes: z.number().int().positive().default(1).describe('Fewer probes than this in the window: no result'),
      quantile: z.number().gt(0).lt(1).optional().describe('Of ttft and duration: 0.95, P95, unless said'),
    })
    .superRefine((rule, context) => {
      if (rule.measure !== 'ttft' && rule.measure !== 'duration')
        refuse(context, rule, 'quantile', `${rule.measure} is no percentile`)
    })
    .transform(inUnit(unitOf)),
  example: { alert: 'CertificateEnds', kind: 'probe', measure: 'certificate', below: '14d' },
  question: ({ quantile = 0.95, ...rule }, threshold, range) =>
    alertProbe(rule.measure, { ...rule, quantile, threshold, range }),
})
