import { z } from 'zod'
import { durationPattern } from '../records/duration.ts'
import { leastMaxBytes } from './redact/cut.ts'
import { patternProblem } from './redact/patterns.ts'

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

export const endpointConfig = z.strictObject({
  name: z.string().min(1),
  upstream: z
    .url({ protocol: /^https?$/ })
    .refine((text) => !/[?#]|^\w+:\/\/[^/]*@/.test(text), 'expected no user, query or fragment: clients send their own')
    .optional()
    .describe('Where /proxy/<name>/… goes; spans that name this host and port are its calls'),
  ca_file: z.string().min(1).optional().describe('PEM file of an authority that the upstream’s certificate may be of'),
  origins: z
    .array(z.string().regex(/^[a-z][a-z0-9+.-]*:\/\/[^/*\s]+$/, 'expected an origin such as https://app.example.com'))
    .optional()
    .describe('Web pages that may call it through the proxy without a key'),
  kind: z
    .enum(['openai', 'anthropic', 'azure', 'bedrock', 'vertex', 'gemini', 'cohere', 'mistral', 'ollama', 'other'])
    .default('openai'),
  gpus: labels.optional().describe('Which GPUs serve it: matched against GPU sample columns, such as host'),
  gpu_hour_usd: z.number().nonnegative().optional(),
  content: contentMode.optional().describe('What of its prompts and answers is stored; as for all unless said'),
})

const count = z.number().int().positive()

export const proxyConfig = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether /proxy/<endpoint>/… is served on listen.dashboard'),
  api_keys: z
    .array(z.string().min(16))
    .default([])
    .describe('Keys of the proxy, sent as x-inferwatch-key; needed off loopback. The vendor’s key stays where it is'),
  hosts: z
    .array(z.string().regex(/^[a-z0-9.-]+$/, 'expected a host name in lower case, such as gateway.example.com'))
    .default([])
    .describe('Host names that clients on loopback may use, besides localhost, addresses and names without a dot'),
  max_concurrent: count.default(8_192).describe('Calls at once; more are answered 503'),
  max_concurrent_per_endpoint: count.default(4_096).describe('Calls at once to one endpoint; more are answered 503'),
  max_header_bytes: count.default(64 * 2 ** 10).describe('Largest head of a request (431) or an answer (502)'),
  max_body_bytes: count.default(2 ** 30).describe('Largest request body; a larger one is answered 413'),
  max_rewritten_bytes: count
    .default(8 * 2 ** 20)
    .describe('Larger JSON bodies are passed on as they are, where something is to be asked for in them'),
  timeouts: z
    .strictObject({
      connect: duration.default('10s').describe('To a connection with the upstream, TLS included (504)'),
      headers: duration.default('30m').describe('From the end of a request to the head of its answer (504)'),
      idle: duration.default('15m').describe('Between two parts of a request (408) or of an answer (cut off)'),
      keep_alive: duration.default('4s').describe('Unused connections with an upstream are closed after this'),
      drain: duration.default('10s').describe('Calls under way at the end may take this long'),
    })
    .prefault({}),
})

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
  segment_ms: z.number().int().positive().default(1_000).describe('A segment is sealed at this age'),
})

export type ScrapeConfig = z.infer<typeof scrapeConfig>
export type PricesConfig = z.infer<typeof pricesConfig>
export type PriceOverride = z.infer<typeof priceOverride>
export type EndpointConfig = z.infer<typeof endpointConfig>
export type ProxyConfig = z.infer<typeof proxyConfig>
export type IngestConfig = z.infer<typeof ingestConfig>
export type ContentMode = z.infer<typeof contentMode>
export type ContentConfig = z.infer<typeof contentConfig>
export type ContentSettings = z.infer<typeof contentObject>
export type SpoolConfig = z.infer<typeof spoolConfig>
