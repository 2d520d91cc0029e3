/** What of prompts and answers is stored, and what is taken out of it. */
import { z } from 'zod'
import { leastMaxBytes } from './redact/cut.ts'
import { patternProblem } from './redact/patterns.ts'

/** From the strictest on. */
export const contentModes = ['off', 'redacted', 'full'] as const
export const contentMode = z.enum(contentModes)

const contentObject = z.strictObject({
  mode: contentMode.default('redacted').describe('What of prompts and answers is stored'),
  max_bytes: z
    .number()
    .int()
    .min(leastMaxBytes)
    .default(64 * 1024)
    .describe('Longer inputs, outputs and content attributes are cut, marked and counted'),
  patterns: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[a-z][a-z_ -]{0,31}$/, 'expected a word in lower case, such as ticket')
          .describe('What is put in place of a match: [name]'),
        regex: z.string().describe('JavaScript regular expression with the v or u flag; (?i:…) ignores case'),
      }),
    )
    .default([])
    .superRefine((patterns, context) => {
      const names = patterns.map(({ name }) => name)
      for (const [index, pattern] of patterns.entries()) {
        const message = patternProblem(pattern, names)
        if (message !== null) context.addIssue({ code: 'custom', path: [index, 'regex'], message })
      }
    })
    .describe('What is redacted besides personal data and secrets'),
  other_spans: contentMode
    .optional()
    .describe('Mode of calls and spans of which no endpoint is known; unless said, the strictest of all modes'),
})

export const contentConfig = z
  .union([contentMode, contentObject], {
    error: 'expected off, redacted, full, or an object with mode, max_bytes, patterns, other_spans',
  })
  .default('redacted')
  .describe('What of prompts and answers is stored')

/** The settings that a mode alone stands for. */
export function contentSettings(config: ContentConfig): ContentSettings {
  return typeof config === 'string' ? contentObject.parse({ mode: config }) : config
}

export type ContentMode = z.infer<typeof contentMode>
export type ContentConfig = z.infer<typeof contentConfig>
type ContentSettings = z.infer<typeof contentObject>
