/** Prices in force, what was called without one, and what people do about it. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { PriceControl, PriceEntry } from '../../../records/price-table.ts'
import { priceUse } from '../../../storage/queries/price-use.ts'
import { askRange, type RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { checked, checkedBody, questionSchema } from '../question.ts'
import { refusable } from '../settings/refusal.ts'

const mostEntries = 200
const mostUsd = 1_000_000

const usd = z.number().nonnegative().max(mostUsd)
const moment = z.number().int().nonnegative().max(9e12)
const who = z.string().trim().min(1, 'must not be empty').max(200)
const name = z.string().trim().max(300)

const setting = z.strictObject({
  provider: name,
  model: name.min(1, 'must not be empty'),
  valid_from: moment.nullable(),
  input_usd: usd,
  output_usd: usd,
  cached_input_usd: usd.optional(),
  cache_write_usd: usd.optional(),
  reasoning_usd: usd.optional(),
  request_usd: usd.optional(),
  by: who,
})
const repricing = z.strictObject({
  from: moment,
  to: moment,
  model: name.min(1, 'must not be empty').optional(),
  provider: name.optional(),
  dry_run: z.boolean(),
  by: who,
})
const settingHint =
  'Send JSON: { "provider": "vllm", "model": "…", "valid_from": epoch ms or null, "input_usd": 1, "output_usd": 4, "by": "…" }, dollars per 1M tokens'
const repricingHint = 'Send JSON: { "from": epoch ms, "to": epoch ms, "model": "…", "dry_run": true, "by": "…" }'
const removingHint = 'Send JSON: { "by": "…" }'

const listing = z.strictObject({
  search: z.string().max(300).optional(),
  origin: z.enum(['file', 'page', 'imported', 'shipped']).optional(),
})

export function settingsPricesRoute(context: RouteContext) {
  const { deps, now } = context
  return new Hono()
    .get('/api/settings/prices', checked(listing), async (c) => {
      const { prices } = deps.settings
      const { search = '', origin } = c.req.valid('query')
      const all = (await prices?.table(now())) ?? []
      const found = all.filter((entry) => (origin === undefined || entry.origin === origin) && isMeant(entry, search))
      const counts = Object.fromEntries(listing.shape.origin.unwrap().options.map((one) => [one, 0]))
      for (const entry of all) counts[entry.origin] = (counts[entry.origin] ?? 0) + 1
      return c.json({
        prices: found.slice(0, mostEntries),
        found: found.length,
        counts,
        /** Whether this process prices requests: without, none can be set. */
        priced_here: prices !== null,
      })
    })
    .get('/api/settings/prices/use', checked(questionSchema({})), async (c) => {
      const uses = await askRange(context, c, c.req.valid('query'), (db, { range }) => priceUse(db, range))
      const statusOf = deps.settings.prices?.statusesAt(now())
      const models = uses.models.map((use) => ({ ...use, status: statusOf?.(use) ?? null }))
      // Those that nothing says the price of come first.
      const rank = ({ status, unpriced }: (typeof models)[number]) =>
        unpriced === 0 ? 2 : status !== null && status.price === null ? 0 : 1
      return c.json({ ...uses, models: models.toSorted((a, b) => rank(a) - rank(b)) })
    })
    .post('/api/settings/prices', checkedBody(setting, settingHint), async (c) => {
      const entry = refusable(() => here(deps.settings.prices).set(c.req.valid('json')), settingHint)
      await deps.settings.prices?.marked()
      return c.json(entry)
    })
    .post('/api/settings/prices/:id/remove', checkedBody(z.strictObject({ by: who }), removingHint), async (c) => {
      refusable(() => here(deps.settings.prices).remove(c.req.param('id'), c.req.valid('json').by), removingHint)
      await deps.settings.prices?.marked()
      return c.json({ removed: true })
    })
    .get('/api/settings/reprice', checked(z.strictObject({})), (c) =>
      c.json({ run: deps.settings.prices?.repricing() ?? null }),
    )
    .post('/api/settings/reprice', checkedBody(repricing, repricingHint), (c) =>
      c.json({ run: refusable(() => here(deps.settings.prices).reprice(c.req.valid('json')), repricingHint) }),
    )
}

function here(prices: PriceControl | null): PriceControl {
  if (prices) return prices
  throw new ApiError(409, 'This process prices no requests', 'Ask the one that runs the collector')
}

/** Each word has to stand somewhere in it. */
function isMeant({ provider, model, id }: PriceEntry, search: string): boolean {
  const text = `${provider} ${model} ${id}`.toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
