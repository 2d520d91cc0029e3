/** What targets have of their own, and what all of them have unless they do. */
import { z } from 'zod'
import { headers, labels } from '../config-values.ts'
import { metricMapping } from './mapping.ts'
import { personalLabels } from './personal-labels.ts'

const file = (what: string) => z.string().min(1).optional().describe(what)
const patterns = z.array(z.string().min(1))

/** One way to say who asks: basic, bearer, or neither; headers go along with each. */
export const authConfig = z
  .strictObject({
    username: z.string().optional().describe('Basic authentication'),
    password: z.string().optional().describe('Basic authentication'),
    password_file: file('File that holds the password; read at every scrape'),
    bearer_token: z.string().min(1).optional().describe('Sent as Authorization: Bearer …'),
    bearer_token_file: file('File that holds the token; read at every scrape'),
    headers: headers.default({}).describe('Headers of every request, such as X-Scope-OrgID'),
  })
  .superRefine((auth, context) => {
    const wrong = (path: keyof typeof auth, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    const basic = auth.username !== undefined || auth.password !== undefined || auth.password_file !== undefined
    if (auth.password !== undefined && auth.password_file !== undefined)
      wrong('password_file', 'goes without password: give one of them')
    if (auth.bearer_token !== undefined && auth.bearer_token_file !== undefined)
      wrong('bearer_token_file', 'goes without bearer_token: give one of them')
    if (basic && auth.username === undefined) wrong('username', 'expected the user that the password is of')
    if (basic && (auth.bearer_token ?? auth.bearer_token_file) !== undefined)
      wrong('username', 'goes without a bearer token: give one of them')
  })

export const tlsConfig = z
  .strictObject({
    ca_file: file('PEM file of an authority that the certificate may be of, besides the public ones'),
    cert_file: file('PEM file of the certificate that is shown to the target'),
    key_file: file('PEM file of its private key'),
    server_name: z.string().min(1).optional().describe('Name that the certificate must be for, unless that of the url'),
    insecure_skip_verify: z.boolean().optional().describe('true takes any certificate: whoever answers is believed'),
  })
  .superRefine(({ cert_file, key_file }, context) => {
    if ((cert_file === undefined) !== (key_file === undefined))
      context.addIssue({
        code: 'custom',
        path: [cert_file === undefined ? 'cert_file' : 'key_file'],
        message: 'cert_file and key_file go together',
      })
  })

const names = {
  keep: patterns.describe('Names that are stored; * stands for any text'),
  drop: patterns.describe('Names that are not, though `keep` has them'),
}
const labelNames = {
  keep: patterns.describe('Labels that are stored; * stands for any text. le and quantile always are'),
  drop: patterns.describe(
    'Labels that are not, though `keep` has them; unless given, those that LiteLLM and others put persons into. Counters ' +
      'that differ in such a label alone are summed, gauges refused',
  ),
}
const maxSeries = z
  .number()
  .int()
  .positive()
  .describe('Series of one target; those that came first stay, the excess is refused and counted')

/** What of a page lands in `metric_samples`; GPUs and inference servers have tables of their own and are not asked. */
export const metricsConfig = z.strictObject({
  keep: names.keep.default(['*']),
  drop: names.drop.default([]),
  labels: z
    .strictObject({ keep: labelNames.keep.default(['*']), drop: labelNames.drop.default([...personalLabels]) })
    .prefault({}),
  max_series: maxSeries.default(10_000),
})

const targetMetrics = z
  .strictObject({ ...names, labels: z.strictObject(labelNames).partial(), max_series: maxSeries })
  .partial()

/** What a target has besides its address: a static one says it itself, discovered ones get it from their provider. */
export const targetShape = {
  kind: z.string().optional().describe('Exporter or server kind; found from the page unless said'),
  endpoint: z.string().optional().describe('Name of the endpoint that this server serves'),
  mapping: metricMapping.optional(),
  labels: labels
    .default({})
    .describe('Labels put on every sample; `host` names the GPU host, `model` the model of a page that names none'),
  auth: authConfig.optional().describe('Instead of scrape.auth; {} sends none'),
  tls: tlsConfig.optional().describe('Instead of scrape.tls'),
  metrics: targetMetrics.optional().describe('Each key instead of the one in scrape.metrics'),
}

export const targetConfig = z.strictObject({
  url: z
    .url({ protocol: /^(https?|nvidia-smi)$/ })
    .describe('The metrics page; `nvidia-smi:` asks the nvidia-smi of this host'),
  api_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Where the server itself answers, if not beside its page: it is asked for its version there, with the same auth. ' +
        'Of a Triton scraped at port 8002 it is port 8000 of that host, unless said',
    ),
  ...targetShape,
})

export type TargetConfig = z.infer<typeof targetConfig>
export type AuthConfig = z.infer<typeof authConfig>
export type TlsConfig = z.infer<typeof tlsConfig>
export type MetricsConfig = z.infer<typeof metricsConfig>
