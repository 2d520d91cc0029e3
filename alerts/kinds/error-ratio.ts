/** Failed requests among all of them. */
import { z } from 'zod'
import { alertErrorRatio } from '../../storage/queries/alert-error-ratio.ts'
import { defineKind, ruleShape, scanShape } from './kind.ts'

export const errorRatio = defineKind({
  name: 'error_ratio',
  unit: 'ratio',
  bounds: { least: 0, most: 1 },
  schema: z.strictObject({ ...ruleShape('ratio', '5m'), ...scanShape, kind: z.literal('error_ratio') }),
  example: { alert: 'HighErrorRatio', kind: 'error_ratio', by: ['model'], above: '5%', min_requests: 20 },
  question: (rule, threshold, range) => alertErrorRatio({ ...rule, threshold, range }),
})
