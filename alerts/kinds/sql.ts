/** A query of one's own: each row is an instance, its `value` the value, every other column a label. */
import { z } from 'zod'
import { defineKind, ruleShape } from './kind.ts'

/** An evaluation must give the same answer for the same {from} and {to}: backtests and restarts rely on it. */
const asksTheClock = /\b(now|now64|nowInBlock|today|yesterday|current_timestamp|current_date)\s*\(/i

export const sql = defineKind({
  name: 'sql',
  unit: 'number',
  schema: z.strictObject({
    ...ruleShape('number', '5m'),
    kind: z.literal('sql').default('sql'),
    sql: z
      .string()
      .min(1)
      .refine(
        (query) => !asksTheClock.test(query),
        'expected {from:DateTime64(3)} and {to:DateTime64(3)} instead of now()',
      )
      .describe('One SELECT with a column `value`; bound: {from:DateTime64(3)}, {to:DateTime64(3)}, the window'),
  }),
  example: {
    alert: 'ManyCancelled',
    sql: `select model, countIf(status = 'cancelled') as value from requests
      where timestamp >= {from:DateTime64(3)} and timestamp < {to:DateTime64(3)} group by model`,
    above: 10,
  },
  question: (rule, _threshold, { from, to }) => ({
    sql: rule.sql,
    params: { from: new Date(from), to: new Date(to) },
  }),
})
