import { z } from 'zod'
import { moment } from '../../config-values.ts'

const name = z.string().min(1).max(100)

/** Of one key; windows are minutes, days and months of UTC. */
export const keyLimits = z.strictObject({
  requests_per_minute: z.number().int().positive().optional().describe('Calls that may begin within a minute'),
  tokens_per_day: z.number().int().positive().optional().describe('Input and output tokens of the calls of a day'),
  usd_per_month: z.number().positive().optional().describe('Dollars that the calls of a month cost'),
})

export const virtualKey = z.strictObject({
  name: name.describe('Stands as api_key with its calls; two keys may not share it'),
  hash: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and the 64 hex digits of `printf %s "$KEY" | sha256sum`')
    .describe('SHA-256 of the key, which begins with iw-; the key itself is kept nowhere'),
  team: name.optional().describe('Whose calls these are, whatever a client says'),
  user: name.optional().describe('Who calls'),
  feature: name.optional().describe('What for'),
  endpoints: z.array(z.string().min(1)).min(1).optional().describe('Endpoints that it may call; all unless given'),
  expires: moment.optional().describe('Refused from then on, UTC; never unless given'),
  limits: keyLimits.prefault({}).describe('What is above them is refused with the vendor’s own error'),
})

export const virtualKeys = z.array(virtualKey).superRefine((keys, context) => {
  for (const field of ['name', 'hash'] as const) {
    const all = keys.map((key) => key[field])
    for (const [index, value] of all.entries())
      if (all.indexOf(value) !== index)
        context.addIssue({ code: 'custom', path: [index, field], message: 'stands with another key already' })
  }
})

export type KeyLimits = z.infer<typeof keyLimits>
export type VirtualKey = z.infer<typeof virtualKey>
