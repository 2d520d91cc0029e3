/** Queues of batch jobs: how deep, how old, who works on them. */
import { z } from 'zod'
import {
  alertJobQueueGauge,
  alertJobQueueRate,
  jobQueueColumns,
  type JobQueueCounter,
  type JobQueueGauge,
} from '../../storage/queries/alert-job-queue.ts'
import type { Unit } from '../rule.ts'
import { defineKind } from './kind.ts'
import { dimensionShape, inUnit, measuredShape, overOf, overShape, refuse } from './measured.ts'

const gauges = { depth: 'number', running: 'number', age: 'ms', consumers: 'number' } as const satisfies Record<
  JobQueueGauge,
  Unit
>
const rates = { arrived: 'per_minute', done: 'per_minute', failed: 'per_minute' } as const satisfies Record<
  JobQueueCounter,
  Unit
>
const units = { ...gauges, ...rates }
type Name = keyof typeof units
const unitOf = ({ measure }: { measure: Name }): Unit => units[measure]
const isGauge = (name: Name): name is JobQueueGauge => name in gauges

export const jobQueue = defineKind({
  name: 'job_queue',
  unit: { of: unitOf },
  schema: z
    .strictObject({
      ...measuredShape('5m'),
      ...dimensionShape(jobQueueColumns, ['system', 'queue', 'endpoint']),
      ...overShape,
      kind: z.literal('job_queue'),
      measure: z
        .enum(Object.keys(units) as [Name, ...Name[]])
        .describe(
          'depth: jobs that wait · age of the oldest · running · consumers · arrived, done and failed per minute',
        ),
    })
    .superRefine((rule, context) => {
      if (!isGauge(rule.measure)) refuse(context, rule, 'over', `${rule.measure} is taken over the whole window`)
    })
    .transform(inUnit(unitOf)),
  example: { alert: 'JobsWait', kind: 'job_queue', measure: 'age', over: 'last', above: '1h' },
  question(rule, threshold, range) {
    const scan = { ...rule, threshold, range }
    return isGauge(rule.measure)
      ? alertJobQueueGauge(rule.measure, overOf(rule), scan)
      : alertJobQueueRate(rule.measure, scan)
  },
})
