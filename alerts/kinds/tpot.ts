/** A percentile of the time per output token after the first, over the requests that report a TTFT and their tokens. */
import { z } from 'zod'
import { alertLatency } from '../../storage/queries/alert-latency.ts'
import { defineKind, ruleShape, scanShape } from './kind.ts'

export const tpot = defineKind({
  name: 'tpot',
  unit: 'ms',
  schema: z.strictObject({
    ...ruleShape('ms', '5m'),
    ...scanShape,
    kind: z.literal('tpot'),
    quantile: z.number().gt(0).lt(1).default(0.95).describe('0.95 is P95'),
  }),
  example: { alert: 'SlowTokens', kind: 'tpot', quantile: 0.95, by: ['model'], above: '100ms', min_requests: 20 },
  question: (rule, threshold, range) => alertLatency('tpot_ms', rule.quantile, { ...rule, threshold, range }),
})
