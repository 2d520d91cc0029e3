/** The configuration of this room; what is large stands in files of its own. */
import { z } from 'zod'

export { contentConfig, contentModes, contentSettings, type ContentConfig, type ContentMode } from './content-config.ts'
export { endpointConfig, type EndpointConfig } from './endpoint-config.ts'
export {
  catalogueNames,
  matchFields,
  priceOverride,
  pricesConfig,
  type PriceOverride,
  type PricesConfig,
} from './prices-config.ts'
export { proxyConfig, type ProxyConfig } from './proxy/config.ts'
export { scrapeConfig, withScrapePaths, type ScrapeConfig } from './scrape/config.ts'

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
export type MetricsMode = z.infer<typeof metricsMode>
export type IngestConfig = z.infer<typeof ingestConfig>
export type SpoolConfig = z.infer<typeof spoolConfig>
