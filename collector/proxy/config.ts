import { z } from 'zod'
import { duration } from '../config-values.ts'
import { virtualKeys } from './keys/config.ts'

const count = z.number().int().positive()

export const proxyConfig = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether /proxy/<endpoint>/… is served on listen.dashboard'),
  api_keys: z
    .array(z.string().min(16))
    .default([])
    .describe('Keys of the proxy, sent as x-inferwatch-key; needed off loopback. The vendor’s key stays where it is'),
  keys: virtualKeys
    .default([])
    .describe('Virtual keys, sent where the vendor’s key goes; `keys create` makes more of them while the proxy runs'),
  require_key: z.boolean().default(false).describe('Whether every call needs a virtual key; others are answered 401'),
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
  tokenizer: z
    .boolean()
    .default(true)
    .describe(
      'Whether tokens that OpenAI’s models do not report are counted, in a thread that takes some 100 MB from when it is first needed; else they are estimated',
    ),
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

export type ProxyConfig = z.infer<typeof proxyConfig>
