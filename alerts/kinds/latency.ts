/** A percentile of the whole duration of requests. */
import { z } from 'zod'
import { alertLatency } from '../../storage/queries/alert-latency.ts'
import { defineKind, ruleShape, scanShape } from './kind.ts'

export const latency = defineKind({
  name: 'latency',
  unit: 'ms',
  bounds: { least: 0 },
  schema: z.strictObject({
    ...ruleShape('ms', '5m'),
    ...scanShape,
    kind: z.literal('latency'),
    quantile: z.number().gt(0).lt(1).default(0.95).describe('0.95 is P95'),
  }),
  example: { alert: 'HighP95Latency', kind: 'latency', quantile: 0.95, by: ['model'], above: '5s', min_requests: 20 },
  question: (rule, threshold, range) => alertLatency('duration_ms', rule.quantile, { ...rule, threshold, range }),
})
