/** Answered requests whose cost is unknown, among all answered ones: models that no price is mapped to. */
import { z } from 'zod'
import { alertUnpriced } from '../../storage/queries/alert-unpriced.ts'
import { defineKind, ruleShape, scanShape } from './kind.ts'

export const unpriced = defineKind({
  name: 'unpriced',
  unit: 'ratio',
  schema: z.strictObject({ ...ruleShape('ratio', '1h'), ...scanShape, kind: z.literal('unpriced') }),
  example: { alert: 'UnpricedModel', kind: 'unpriced', by: ['provider', 'model'], above: '10%', min_requests: 20 },
  question: (rule, threshold, range) => alertUnpriced({ ...rule, threshold, range }),
})
