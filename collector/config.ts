import { z } from 'zod'
import { labels, moment } from './config-values.ts'
import { probeConfig } from './probes/config.ts'
import { hasTemplate } from './probes/request.ts'
import { leastMaxBytes } from './redact/cut.ts'
import { patternProblem } from './redact/patterns.ts'

export { proxyConfig, type ProxyConfig } from './proxy/config.ts'
export { scrapeConfig, withScrapePaths, type ScrapeConfig } from './scrape/config.ts'

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

/** From the strictest on. */
export const contentModes = ['off', 'redacted', 'full'] as const
const contentMode = z.enum(contentModes)

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

export const endpointConfig = z
  .strictObject({
    name: z.string().min(1),
    upstream: z
      .url({ protocol: /^https?$/ })
      .refine(
        (text) => !/[?#]|^\w+:\/\/[^/]*@/.test(text),
        'expected no user, query or fragment: clients send their own',
      )
      .optional()
      .describe('Where /proxy/<name>/… goes; spans that name this host and port are its calls'),
    http2: z
      .boolean()
      .optional()
      .describe(
        'HTTP/2 with the upstream: https:// where its TLS offers it, else HTTP/1.1; http:// from the first byte. Not unless said',
      ),
    aws: z
      .strictObject({
        region: z.string().regex(/^[a-z0-9-]+$/, 'expected a region such as us-east-1'),
        access_key_id: z.string().min(1),
        secret_access_key: z.string().min(1),
        session_token: z.string().min(1).optional().describe('Of temporary credentials, which end with it'),
      })
      .optional()
      .describe(
        'Bedrock: the proxy signs requests anew with these; a client’s own signature is for the proxy’s host, and AWS refuses it',
      ),
    ca_file: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file of an authority that the upstream’s certificate may be of'),
    origins: z
      .array(z.string().regex(/^[a-z][a-z0-9+.-]*:\/\/[^/*\s]+$/, 'expected an origin such as https://app.example.com'))
      .optional()
      .describe('Web pages that may call it through the proxy without a key'),
    kind: z
      .enum(['openai', 'anthropic', 'azure', 'bedrock', 'vertex', 'gemini', 'cohere', 'mistral', 'ollama', 'other'])
      .default('openai'),
    api_key: z
      .string()
      .regex(/^[\x21-\x7e]+$/, 'expected the vendor’s key: printable ASCII without spaces')
      .optional()
      .describe('Sent upstream instead of a virtual key of the proxy; write ${VARIABLE}, not the key itself'),
    gpus: labels.optional().describe('Which GPUs serve it: matched against GPU sample columns, such as host'),
    gpu_hour_usd: z.number().nonnegative().optional(),
    content: contentMode.optional().describe('What of its prompts and answers is stored; as for all unless said'),
    ask_usage: z
      .boolean()
      .optional()
      .describe(
        'The proxy asks streams for their token counts, and hides them from clients that did not ask; not unless said',
      ),
    probes: z
      .array(probeConfig)
      .optional()
      .describe('Synthetic calls that say whether it is up, how fast, and what that costs'),
    uptime_objective: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe('Share of a month that it is meant to be up, for the error budget; 0.999 unless given: 43 minutes'),
  })
  .superRefine(({ aws, api_key }, context) => {
    const message = 'stands beside aws, which signs: leave one of them out'
    if (aws && api_key !== undefined) context.addIssue({ code: 'custom', path: ['api_key'], message })
  })
  .superRefine(({ kind, upstream, probes = [] }, context) => {
    const wrong = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: 'custom', path: ['probes', ...path], message })
    if (probes.length > 0 && upstream === undefined) wrong([], 'need the upstream of the endpoint')
    const names = probes.map(({ name, type }) => name ?? type)
    for (const [index, { type, path, body, model }] of probes.entries()) {
      if (names.indexOf(names[index] ?? '') !== index) wrong([index, 'name'], `"${names[index]}" is used twice`)
      if (type === 'http') continue
      if (path === undefined && !hasTemplate(kind))
        wrong(
          [index, 'path'],
          `is needed with kind ${kind}, and a body: the path of the call, such as that of a tiny answer`,
        )
      if (path === undefined && model === undefined && body?.['model'] === undefined)
        wrong([index, 'model'], 'expected the model that a completion asks for')
    }
  })

/** What a metric must be to be stored. */
const metricsMode = z.enum(['genai', 'all'])

export const ingestConfig = z.strictObject({
  max_body_bytes: z
    .number()
    .int()
    .positive()
    .default(64 * 2 ** 20)
    .describe('Largest request body, before and after decompression'),
  max_attribute_bytes: z
    .number()
    .int()
    .positive()
    .default(256 * 1024)
    .describe('Longer attribute values are cut and counted'),
  metrics: metricsMode
    .default('genai')
    .describe('OTLP metrics that are stored: those of models (gen_ai.*, kong.gen_ai.*, llm.*, mcp.*), or all'),
  api_keys: z
    .array(z.string().min(16))
    .default([])
    .describe('Bearer keys for OTLP; needed when listening off loopback'),
  extra_paths: z
    .array(z.string().regex(/^(\/[\w.~-]+)+$/, 'expected a path without a slash at its end, such as /otlp'))
    .default([])
    .describe('Paths before /v1/traces, /v1/metrics and /v1/logs that OTLP/HTTP also serves'),
  cors_origins: z
    .array(
      z
        .string()
        .regex(/^(\*|[a-z][a-z0-9+.-]*:\/\/[^/*\s]+)$/, 'expected * or an origin such as https://app.example.com'),
    )
    .default([])
    .describe('Origins of web pages that may send OTLP/HTTP from a browser; * is every one'),
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

export const spoolConfig = z.strictObject({
  max_bytes: z
    .number()
    .int()
    .positive()
    .default(2 * 2 ** 30)
    .describe('Bytes on disk after which receivers answer 503'),
  segment_bytes: z
    .number()
    .int()
    .positive()
    .default(32 * 2 ** 20)
    .describe('A segment is sealed at this size'),
  segment_ms: z
    .number()
    .int()
    .positive()
    .default(1_000)
    .describe('A segment is sealed at this age, one of scraped samples at five times that'),
})

const attributeNames = (what: string) =>
  z
    .array(z.string().min(1))
    .default([])
    .describe(
      `${what}: attribute names in order of preference, before the usual ones; also resource.<name>, baggage.<key>, and of calls through the proxy header.<name>, body.<path>`,
    )

export const attributionConfig = z.strictObject({
  user_id: attributeNames('Who asked'),
  team: attributeNames('Who pays'),
  feature: attributeNames('What for'),
  session_id: attributeNames('Conversation or session'),
  endpoint: attributeNames('Name of the endpoint called'),
  region: attributeNames('Where the model ran'),
  variant: attributeNames('Arm of an experiment, or release'),
  prompt_name: attributeNames('Name of the prompt'),
  prompt_version: attributeNames('Version of the prompt'),
  api_key: attributeNames('Name or hash of the key; of a key itself a hash is stored'),
  environment: attributeNames('Environment'),
  service: attributeNames('Service'),
})

export type AttributionConfig = z.infer<typeof attributionConfig>
export type PricesConfig = z.infer<typeof pricesConfig>
/** `set_on`: not from the file. */
export type PriceOverride = z.infer<typeof priceOverride> & { set_on?: 'page' }
export type EndpointConfig = z.infer<typeof endpointConfig>
export type MetricsMode = z.infer<typeof metricsMode>
export type IngestConfig = z.infer<typeof ingestConfig>
export type ContentMode = z.infer<typeof contentMode>
export type ContentConfig = z.infer<typeof contentConfig>
export type ContentSettings = z.infer<typeof contentObject>
export type SpoolConfig = z.infer<typeof spoolConfig>
