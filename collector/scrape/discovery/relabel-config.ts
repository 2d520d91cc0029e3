/** Relabelling rules of the configuration: the keys, defaults and checks of Prometheus's `relabel_config`. */
import { z } from 'zod'
import { compileRegex } from './regex.ts'

const relabelActions = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const

export const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/
/** A label name in which groups may stand. */
const nameTemplate = /^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$/
const hasGroup = (text: string) => text.includes('$')

export const relabelConfig = z
  .strictObject({
    source_labels: z
      .array(z.string().min(1))
      .optional()
      .describe('Labels whose values are joined by `separator` and matched against `regex`'),
    separator: z.string().optional().describe('Between the joined values; ; unless said'),
    regex: z.string().optional().describe('RE2 regular expression that the whole text must match; (.*) unless said'),
    modulus: z
      .number()
      .int()
      .positive()
      .max(2 ** 53)
      .optional()
      .describe('hashmod: what the hash is divided by'),
    target_label: z
      .string()
      .min(1)
      .optional()
      .describe('Label that is written; __endpoint__ and __kind__ set those of the target'),
    replacement: z.string().optional().describe('What is written, with $1 or ${name} for groups; $1 unless said'),
    action: z
      .string()
      .toLowerCase()
      .pipe(z.enum(relabelActions))
      .default('replace')
      .describe('What is done where the expression matches'),
  })
  .superRefine((rule, context) => {
    const wrong = (key: keyof typeof rule, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message })
    try {
      if (rule.regex !== undefined) compileRegex(rule.regex)
    } catch (error) {
      wrong('regex', error instanceof Error ? error.message : String(error))
    }
    const { action, target_label: target } = rule
    const forbid = (...keys: (keyof typeof rule)[]) => {
      for (const key of keys) if (rule[key] !== undefined) wrong(key, `has no meaning for action ${action}`)
    }
    if (action === 'labeldrop' || action === 'labelkeep')
      return forbid('source_labels', 'separator', 'target_label', 'modulus', 'replacement')
    if (action === 'labelmap') {
      if (rule.replacement !== undefined && !nameTemplate.test(rule.replacement))
        wrong('replacement', `"${rule.replacement}" can be no label name`)
      return
    }
    if (action === 'keep' || action === 'drop') return
    if (target === undefined) return wrong('target_label', `action ${action} needs one`)
    if (action === 'replace' && hasGroup(target) ? !nameTemplate.test(target) : !labelName.test(target))
      wrong('target_label', `"${target}" is no label name: letters, digits and _, not starting with a digit`)
    if (action === 'hashmod' && rule.modulus === undefined) wrong('modulus', 'action hashmod needs one')
    if (action === 'keepequal' || action === 'dropequal') forbid('regex', 'separator', 'modulus', 'replacement')
    if (action === 'lowercase' || action === 'uppercase') forbid('replacement')
  })

export type RelabelConfig = z.infer<typeof relabelConfig>
