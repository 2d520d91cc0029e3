/** Failed requests among all of them: of any kind, or of some, such as those that a rate limit refused. */
import { z } from 'zod'
import { alertErrorRatio, errorClasses } from '../../storage/queries/alert-error-ratio.ts'
import { defineKind, ruleShape, scanShape } from './kind.ts'

const errorClass = z.enum(errorClasses)

export const errorRatio = defineKind({
  name: 'error_ratio',
  unit: 'ratio',
  bounds: { least: 0, most: 1 },
  schema: z.strictObject({
    ...ruleShape('ratio', '5m'),
    ...scanShape,
    kind: z.literal('error_ratio'),
    class: z
      .union(
        [errorClass.transform((one) => [one]), z.array(errorClass).min(1)],
        `expected one of, or a list of: ${errorClasses.join(', ')}`,
      )
      .optional()
      .describe(
        'Only failures of this class, or of any in a list: rate_limited (429), timeout, client (4xx), server (5xx), other (broken or without HTTP status); and cancelled and filtered, which are no failures unless named',
      ),
  }),
  example: { alert: 'RateLimited', kind: 'error_ratio', class: 'rate_limited', by: ['provider'], above: '5%' },
  question: (rule, threshold, range) => alertErrorRatio(rule.class ?? [], { ...rule, threshold, range }),
})
