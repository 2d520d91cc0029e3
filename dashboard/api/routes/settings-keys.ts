/** Who may do what: keys of every kind, without their values; virtual keys are made and revoked here too. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { KeyControl } from '../../../records/virtual-key.ts'
import { keyUse } from '../../../storage/queries/key-use.ts'
import { askRange, type RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { checked, checkedBody, questionSchema } from '../question.ts'
import { refusable } from '../settings/refusal.ts'
import { fileKeys } from '../settings/stored-keys.ts'

const day = 86_400_000
const lookedBackMs = 90 * day

const text = (most: number) => z.string().trim().min(1, 'must not be empty').max(most)
const making = z.strictObject({
  name: text(100),
  team: text(100).optional(),
  user: text(100).optional(),
  feature: text(100).optional(),
  endpoints: z.array(text(300)).min(1).max(100).optional(),
  expires: text(40).optional(),
  requests_per_minute: z.number().int().positive().optional(),
  tokens_per_day: z.number().int().positive().optional(),
  usd_per_month: z.number().positive().optional(),
  by: text(200),
})
const revoking = z.strictObject({ name: text(100), by: text(200) })
const makingHint =
  'Send JSON: { "name": "search", "team": "…", "endpoints": ["…"], "expires": "90d", "usd_per_month": 50, "by": "…" }'
const revokingHint = 'Send JSON: { "name": "search", "by": "…" }'

export function settingsKeysRoute(context: RouteContext) {
  const { deps } = context
  return new Hono()
    .get('/api/settings/keys', checked(questionSchema({})), async (c) => {
      const { uses, ...asked } = await askRange(context, c, c.req.valid('query'), async (db, { range: { to } }) => ({
        to,
        uses: await keyUse(db, { from: to - lookedBackMs, to }),
      }))
      const useOf = new Map(uses.map((use) => [use.api_key, use]))
      const { keys } = deps.settings
      const virtual = keys ? refusable(() => keys.list(), 'The proxy goes on with the keys that it knows') : []
      return c.json({
        ...asked,
        looked_back_ms: lookedBackMs,
        in_file: fileKeys(deps.settings.config().settings),
        virtual: virtual.map((key) => {
          const { last_ms = null, last_day = false, requests = 0 } = useOf.get(key.name) ?? {}
          return Object.assign(key, { last_ms, last_day, requests_24h: requests })
        }),
        made_here: keys !== null,
      })
    })
    .post('/api/settings/keys', checkedBody(making, makingHint), (c) => {
      const made = refusable(() => here(deps.settings.keys).create(c.req.valid('json')), makingHint)
      return c.json(made, 200, { 'cache-control': 'no-store' })
    })
    .post('/api/settings/keys/revoke', checkedBody(revoking, revokingHint), (c) => {
      const { name, by } = c.req.valid('json')
      refusable(() => here(deps.settings.keys).revoke(name, by), revokingHint)
      return c.json({ revoked: name })
    })
}

function here(keys: KeyControl | null): KeyControl {
  if (keys) return keys
  throw new ApiError(409, 'This process runs no proxy, whose keys these are', 'Ask the one that runs the collector')
}
