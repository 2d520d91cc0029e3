/** Where prices come from, and your own. */
import { z } from 'zod'
import { labels, moment } from './config-values.ts'

const usd = z.number().nonnegative()
const matched = (what: string) =>
  z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe(`${what}: a name, or several of which one has to match; * stands for any text, case does not count`)

/** What an override is matched by; all that are given have to match. */
const matchShape = {
  provider: matched('Provider, in any spelling'),
  model: matched('Model: as asked for or as answered, with or without its version'),
  endpoint: matched('Endpoint'),
  region: matched('Region of the provider'),
  service_tier: matched('Service tier: batch, flex, priority, standard or the vendor’s own word'),
  environment: matched('Environment'),
  team: matched('Team'),
}
export const matchFields = Object.keys(matchShape) as (keyof typeof matchShape)[]

const rateShape = {
  input_usd: usd.optional().describe('Per `per` input tokens'),
  output_usd: usd.optional().describe('Per `per` output tokens'),
  cached_input_usd: usd.optional().describe('Per `per` tokens read from the prompt cache; input_usd unless given'),
  cache_write_usd: usd.optional().describe('Per `per` tokens written to the prompt cache; input_usd unless given'),
  reasoning_usd: usd.optional().describe('Per `per` reasoning tokens; output_usd unless given'),
}

const multipliers = z.record(z.string().min(1), usd)

/** Rates as vendors print them. Exactly one unit per override: dollars per 1M tokens or per 1K tokens. */
export const priceOverride = z
  .strictObject({
    name: z.string().min(1).describe('Shown as the price id, override/<name>'),
    ...matchShape,
    effective_from: moment.optional().describe('Holds for requests from then on, UTC; for all before unless given'),
    effective_to: moment.optional().describe('Holds for requests before then; that moment itself is no longer in it'),
    per: z.enum(['1M', '1K']).default('1M').describe('Unit of every token rate: 0.003 per 1K is 3 per 1M'),
    ...rateShape,
    tiers: z
      .array(z.strictObject({ above_input_tokens: z.number().int().positive(), ...rateShape }))
      .default([])
      .describe('Rates of requests with more input tokens than that, for the whole request; what is left out stays'),
    request_usd: usd.optional().describe('Dollars per request, on top of its tokens'),
    multipliers: multipliers
      .default({})
      .describe('On the token rates, by service tier, such as batch: 0.5; prices.multipliers for those left out'),
    hour_usd: usd
      .optional()
      .describe('Provisioned throughput: dollars per hour of one unit, used or not, instead of token rates'),
    units: z.number().positive().optional().describe('Units of provisioned throughput; 1 unless given'),
    capacity_tokens_per_minute: z
      .number()
      .positive()
      .optional()
      .describe(
        'Input and output tokens that one unit can serve in a minute. A request then costs the share of the hour that its ' +
          'tokens take up; without it the cost of a request is unknown. The whole hour is in provisioned_costs either way',
      ),
  })
  .superRefine((override, context) => {
    const wrong = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message })
    if (matchFields.every((field) => override[field] === undefined))
      wrong([], `names no requests: give at least one of ${matchFields.join(', ')}; model: "*" is all of them`)
    const { effective_from: from, effective_to: to } = override
    if (from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to))
      wrong(['effective_to'], 'must be after effective_from')
    const starts = override.tiers.map((tier) => tier.above_input_tokens)
    if (starts.some((start, at) => at > 0 && start <= (starts[at - 1] ?? 0)))
      wrong(['tiers'], 'must rise by above_input_tokens')
    if (override.hour_usd === undefined) {
      if (override.input_usd === undefined)
        wrong(['input_usd'], 'expected dollars, or hour_usd for provisioned throughput')
      if (override.output_usd === undefined) wrong(['output_usd'], 'expected dollars; 0 where output costs nothing')
      for (const key of ['units', 'capacity_tokens_per_minute'] as const)
        if (override[key] !== undefined) wrong([key], 'goes with hour_usd')
      return
    }
    for (const key of [...(Object.keys(rateShape) as (keyof typeof rateShape)[]), 'request_usd'] as const)
      if (override[key] !== undefined) wrong([key], 'is paid by the token, hour_usd by the hour: give one of them')
    if (override.tiers.length > 0) wrong(['tiers'], 'are of token rates, and hour_usd is paid by the hour')
  })

export const catalogueNames = ['genai-prices', 'litellm'] as const

export const pricesConfig = z.strictObject({
  overrides: z
    .array(priceOverride)
    .default([])
    .describe('Your own prices; the first that matches a request is its price'),
  catalogues: z
    .array(z.enum(['overrides', ...catalogueNames]))
    .refine((names) => new Set(names).size === names.length, 'names one list twice')
    .default(['overrides', 'genai-prices', 'litellm'])
    .describe('Where prices are looked for, in this order; litellm is the list that `prices import` brought'),
  multipliers: multipliers
    .default({})
    .describe(
      'On token rates of lists, by service tier. Unless given: batch and flex 0.5 for OpenAI, Anthropic, Azure and Google, and ' +
        'for other tiers what a list says. A request of a tier without any of that has no known cost',
    ),
  deployments: z
    .record(z.string(), z.union([z.string(), labels]))
    .default({})
    .describe(
      'Azure deployment name → model name, or → { endpoint: model name } where endpoints differ, * for the others',
    ),
})

export type PricesConfig = z.infer<typeof pricesConfig>
/** `set_on`: not from the file. */
export type PriceOverride = z.infer<typeof priceOverride> & { set_on?: 'page' }
