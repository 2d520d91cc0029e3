/** Dollars per hour at the pace of the window. */
import { z } from 'zod'
import { alertSpendRate } from '../../storage/queries/alert-spend-rate.ts'
import { defineKind, ruleShape, scanShape } from './kind.ts'

export const spendRate = defineKind({
  name: 'spend_rate',
  unit: 'usd_per_hour',
  bounds: { least: 0 },
  schema: z.strictObject({ ...ruleShape('usd_per_hour', '1h'), ...scanShape, kind: z.literal('spend_rate') }),
  example: { alert: 'HighSpend', kind: 'spend_rate', by: ['team'], above: '$50', window: '1h' },
  question: (rule, threshold, range) => alertSpendRate({ ...rule, threshold, range }),
})
