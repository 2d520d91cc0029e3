/** Something that came and comes no more: requests, or the samples of a server, a GPU, a probe, a queue. */
import { z } from 'zod'
import { alertAbsent, watchedTables, type Watched } from '../../storage/queries/alert-absent.ts'
import { text } from '../texts.ts'
import { defineKind, ruleShape } from './kind.ts'
import { withinWindow } from './measured.ts'

const columns = Object.values(watchedTables).flatMap((watched): readonly string[] => watched.columns)
const column = z.enum([...new Set(columns)])

export const absent = defineKind({
  name: 'absent',
  unit: 'ms',
  schema: z
    .strictObject({
      ...ruleShape('ms', '6h'),
      kind: z.literal('absent'),
      of: z.enum(Object.keys(watchedTables) as [Watched, ...Watched[]]).describe('What is missed'),
      by: z
        .array(column)
        .optional()
        .describe(
          'One instance per value of these columns; [] for one in all, which is missed also when it never came',
        ),
      where: z
        .partialRecord(column, z.union([text.transform((one) => [one]), z.array(text).min(1)]))
        .default({})
        .describe('Only rows with these values; a list means any of them'),
      min_rows: z
        .number()
        .int()
        .positive()
        .default(1)
        .describe('Groups with fewer rows in the window: no result, as what comes rarely is not missed'),
    })
    .superRefine((rule, context) => {
      withinWindow(context, rule)
      const known: readonly string[] = watchedTables[rule.of].columns
      for (const [index, name] of rule.by?.entries() ?? [])
        if (!known.includes(name)) context.addIssue({ code: 'custom', path: ['by', index], message: expected(known) })
      for (const name of Object.keys(rule.where))
        if (!known.includes(name)) context.addIssue({ code: 'custom', path: ['where', name], message: expected(known) })
    }),
  example: { alert: 'GpuGone', kind: 'absent', of: 'gpu', above: '5m' },
  cautions({ of, by = [...watchedTables[of].by], where, window }) {
    const isNamed = by.length > 0 && by.every((name) => where[name]?.length === 1)
    const names = by.join(' and ')
    return isNamed
      ? [
          `where has one ${names}: once gone for ${window} it is forgotten; \`by: []\` misses it however long it is gone`,
        ]
      : []
  },
  question(rule, threshold, range) {
    const by = rule.by ?? watchedTables[rule.of].by
    return alertAbsent(rule.of, { ...rule, by, threshold, range })
  },
})

const expected = (known: readonly string[]) => `expected one of: ${known.join(', ')}`
