/** Output tokens per second: of all requests together, or of the single request. Mostly a floor: `below`. */
import { z } from 'zod'
import { alertRequestSpeed, alertThroughput } from '../../storage/queries/alert-token-rate.ts'
import { defineKind, ruleShape, scanShape } from './kind.ts'

export const tokensPerSecond = defineKind({
  name: 'tokens_per_second',
  unit: 'per_second',
  schema: z
    .strictObject({
      ...ruleShape('per_second', '5m'),
      ...scanShape,
      kind: z.literal('tokens_per_second'),
      of: z
        .enum(['all', 'request'])
        .default('request')
        .describe(
          'request: a percentile of what a request gets per second of its duration; all: what the requests of the window get together',
        ),
      quantile: z
        .number()
        .gt(0)
        .lt(1)
        .optional()
        .describe('With `of: request`; 0.5, the median, unless said: with `below`, 0.1 asks about the slowest tenth'),
    })
    .superRefine((rule, context) => {
      if (rule.of === 'all' && rule.quantile !== undefined)
        context.addIssue({ code: 'custom', path: ['quantile'], message: 'expected with `of: request` only' })
    }),
  example: { alert: 'SlowOutput', kind: 'tokens_per_second', by: ['model'], below: 20, min_requests: 20 },
  question(rule, threshold, range) {
    const scan = { ...rule, threshold, range }
    return rule.of === 'all' ? alertThroughput(scan) : alertRequestSpeed(rule.quantile ?? 0.5, scan)
  },
})
