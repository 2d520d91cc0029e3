import { z } from 'zod'
import { durationPattern } from '../records/duration.ts'

const duration = z
  .string()
  .regex(durationPattern, 'expected a duration such as 500ms, 10s, 5m, 2h or 1d')
  .describe('A duration: 500ms, 10s, 5m, 2h, 1d')

const labels = z.record(z.string(), z.string())

export const scrapeConfig = z.strictObject({
  interval: duration.default('10s').describe('Time between two scrapes of a target'),
  timeout: duration.default('5s').describe('A scrape that takes longer counts as failed'),
  max_bytes: z
    .number()
    .int()
    .positive()
    .default(16 * 2 ** 20)
    .describe('Largest metrics page read, in bytes'),
  max_series: z
    .number()
    .int()
    .positive()
    .default(50_000)
    .describe('Series taken from one page; the excess is refused and counted'),
  targets: z
    .array(
      z.strictObject({
        url: z.url({ protocol: /^https?$/ }).describe('The metrics page'),
        kind: z.string().optional().describe('Exporter or server kind; found from the page unless said'),
        endpoint: z.string().optional().describe('Name of the endpoint that this server serves'),
        labels: labels.default({}).describe('Labels put on every sample; `host` names the GPU host'),
      }),
    )
    .default([]),
})

/** Rates as vendors print them. Exactly one unit per override: dollars per 1M tokens or per 1K tokens. */
const priceOverride = z.strictObject({
  name: z.string().describe('Shown as the price id'),
  provider: z.string().optional(),
  model: z.string().describe('Model name; a trailing * matches any ending'),
  per: z.enum(['1M', '1K']).default('1M'),
  input_usd: z.number().nonnegative(),
  output_usd: z.number().nonnegative(),
  cached_input_usd: z.number().nonnegative().optional().describe('Defaults to input_usd'),
  cache_write_usd: z.number().nonnegative().optional().describe('Defaults to input_usd'),
})

export const pricesConfig = z.strictObject({
  overrides: z.array(priceOverride).default([]),
  deployments: labels.default({}).describe('Azure deployment name → model name'),
})

export const endpointConfig = z.strictObject({
  name: z.string().min(1),
  upstream: z.url({ protocol: /^https?$/ }).optional(),
  kind: z
    .enum(['openai', 'anthropic', 'azure', 'bedrock', 'vertex', 'gemini', 'cohere', 'mistral', 'ollama', 'other'])
    .default('openai'),
  gpus: labels.optional().describe('Which GPUs serve it: matched against GPU sample columns, such as host'),
  gpu_hour_usd: z.number().nonnegative().optional(),
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
})

export const contentConfig = z
  .enum(['off', 'redacted', 'full'])
  .default('redacted')
  .describe('What of prompts and answers is stored')

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
  segment_ms: z.number().int().positive().default(1_000).describe('A segment is sealed at this age'),
})

export type ScrapeConfig = z.infer<typeof scrapeConfig>
export type PricesConfig = z.infer<typeof pricesConfig>
export type PriceOverride = z.infer<typeof priceOverride>
export type EndpointConfig = z.infer<typeof endpointConfig>
export type MetricsMode = z.infer<typeof metricsMode>
export type IngestConfig = z.infer<typeof ingestConfig>
export type ContentMode = z.infer<typeof contentConfig>
export type SpoolConfig = z.infer<typeof spoolConfig>
