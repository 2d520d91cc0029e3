/** An endpoint that users call: where it is, what it costs, who may see what of it. */
import { z } from 'zod'
import { labels } from './config-values.ts'
import { contentMode } from './content-config.ts'
import { probeConfig } from './probes/config.ts'
import { hasTemplate } from './probes/request.ts'

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

export type EndpointConfig = z.infer<typeof endpointConfig>
