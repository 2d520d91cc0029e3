/** A percentile of the time to first token, over the requests that report one. */
import { z } from 'zod'
import { alertLatency } from '../../storage/queries/alert-latency.ts'
import { defineKind, ruleShape, scanShape } from './kind.ts'

export const ttft = defineKind({
  name: 'ttft',
  unit: 'ms',
  bounds: { least: 0 },
  schema: z.strictObject({
    ...ruleShape('ms', '5m'),
    ...scanShape,
    kind: z.literal('ttft'),
    quantile: z.number().gt(0).lt(1).default(0.95).describe('0.95 is P95'),
  }),
  example: { alert: 'HighTtft', kind: 'ttft', quantile: 0.95, by: ['endpoint'], above: '1500ms', min_requests: 20 },
  question: (rule, threshold, range) => alertLatency('ttft_ms', rule.quantile, { ...rule, threshold, range }),
})
