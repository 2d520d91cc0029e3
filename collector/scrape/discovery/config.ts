import { resolve } from 'node:path'
import { z } from 'zod'
import { duration } from '../../config-values.ts'
import { targetShape } from '../target-config.ts'
import { relabelConfig } from './relabel-config.ts'

const file = z.string().min(1)

/** What every provider has: how what it finds becomes targets. */
const common = {
  name: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('Where its targets come from, as shown; file[0] and so on unless said'),
  scheme: z.enum(['http', 'https']).default('http').describe('Of targets that do not say'),
  metrics_path: z.string().startsWith('/').default('/metrics').describe('Of targets that do not say'),
  target: z.strictObject(targetShape).prefault({}).describe('What each target gets that does not say otherwise'),
  relabel_configs: z.array(relabelConfig).default([]).describe('Prometheus relabelling, in order'),
}

const fileProvider = z.strictObject({
  ...common,
  files: z
    .array(file.regex(/\.(json|ya?ml)$/, 'expected a path or pattern that ends in .json, .yml or .yaml'))
    .min(1)
    .describe('Files of the form of Prometheus’s file_sd; * and ** stand for names'),
  refresh_interval: duration.default('30s').describe('They are read again after this, and at once when they change'),
})

const dnsProvider = z
  .strictObject({
    ...common,
    names: z.array(z.string().min(1)).min(1).describe('Full names: search domains are not tried'),
    type: z.enum(['SRV', 'A', 'AAAA']).default('SRV').describe('Records asked for'),
    port: z.number().int().min(1).max(65_535).optional().describe('Port of what A and AAAA records name'),
    servers: z
      .array(z.string().regex(/^(\[[0-9a-fA-F:]+\]|[0-9.]+)(:\d{1,5})?$/, 'expected an address, such as 10.0.0.10:53'))
      .optional()
      .describe('Name servers; those of the system unless said'),
    refresh_interval: duration.default('30s').describe('Time between two lookups'),
  })
  .superRefine(({ type, port }, context) => {
    if (type !== 'SRV' && port === undefined)
      context.addIssue({ code: 'custom', path: ['port'], message: `${type} records name no port: expected one` })
  })

const basicAuth = z
  .strictObject({
    username: z.string().default(''),
    password: z.string().optional(),
    password_file: file.optional().describe('Read anew for each request'),
  })
  .describe('HTTP basic authentication')

const httpProvider = z
  .strictObject({
    ...common,
    url: z
      .url({ protocol: /^https?$/ })
      .refine((text) => !/^\w+:\/\/[^/]*@/.test(text), 'expected no user here: basic_auth is for that')
      .describe('Answers JSON of the form of Prometheus’s http_sd'),
    refresh_interval: duration.default('1m').describe('Time between two requests'),
    timeout: duration.default('10s').describe('A request that takes longer counts as failed'),
    basic_auth: basicAuth.optional(),
    bearer_token: z.string().min(1).optional(),
    bearer_token_file: file.optional().describe('Read anew for each request'),
    ca_file: file.optional().describe('PEM file of an authority that the certificate may be of'),
  })
  .superRefine((provider, context) => {
    const given = (['basic_auth', 'bearer_token', 'bearer_token_file'] as const).filter((key) => provider[key])
    if (given.length > 1)
      context.addIssue({ code: 'custom', path: [given[1] ?? ''], message: `goes not together with ${given[0]}` })
  })

const kubernetesRoles = ['pod', 'service', 'endpointslice'] as const

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

const kubernetesProvider = z.strictObject({
  ...common,
  role: z.enum(kubernetesRoles).default('pod').describe('What is looked for'),
  known: z
    .boolean()
    .default(true)
    .describe(
      'Only what asks to be scraped by annotation, and inference servers and GPU exporters that are known by their usual ' +
        'labels and images; otherwise every port of everything, for relabel_configs to choose from',
    ),
  namespaces: z.array(z.string().min(1)).default([]).describe('Namespaces looked in; all unless said'),
  own_namespace: z.boolean().default(false).describe('Look in the namespace of this process, too'),
  label_selector: z.string().min(1).optional().describe('Such as app=vllm,tier!=test'),
  field_selector: z.string().min(1).optional().describe('Such as spec.nodeName=gpu-node-1'),
  api_server: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address of the API; that of the cluster this process runs in unless said'),
  token_file: file
    .default(`${accountFolder}/token`)
    .describe('Token of the service account; read anew for each request'),
  ca_file: file.default(`${accountFolder}/ca.crt`).describe('PEM file of the authority of the API’s certificate'),
  namespace_file: file.default(`${accountFolder}/namespace`).describe('Names the namespace of this process'),
  resync_interval: duration.default('10m').describe('Everything is listed anew after this'),
})

export const discoveryConfig = z
  .strictObject({
    max_targets: z
      .number()
      .int()
      .positive()
      .default(2_000)
      .describe('Targets taken from all providers; more are refused and counted'),
    file: z.array(fileProvider).default([]),
    dns: z.array(dnsProvider).default([]),
    http: z.array(httpProvider).default([]),
    kubernetes: z.array(kubernetesProvider).default([]),
  })
  .superRefine((config, context) => {
    // What the targets of the configuration are said to come from.
    const seen = new Set(['static'])
    for (const { type, index, name } of providersOf(config)) {
      if (seen.has(name))
        context.addIssue({ code: 'custom', path: [type, index, 'name'], message: `"${name}" is used twice` })
      seen.add(name)
    }
  })
  .describe('Where targets are looked for')

export type DiscoveryConfig = z.infer<typeof discoveryConfig>
export type FileProvider = z.infer<typeof fileProvider>
export type DnsProvider = z.infer<typeof dnsProvider>
export type HttpProvider = z.infer<typeof httpProvider>
export type KubernetesProvider = z.infer<typeof kubernetesProvider>
export type CommonProvider = Pick<FileProvider, keyof typeof common>

export type AnyProvider =
  | { type: 'file'; config: FileProvider }
  | { type: 'dns'; config: DnsProvider }
  | { type: 'http'; config: HttpProvider }
  | { type: 'kubernetes'; config: KubernetesProvider }

export type NamedProvider = AnyProvider & { index: number; name: string }

/** All providers of a configuration in order, each with the name that it is shown by. */
export function providersOf(config: Omit<DiscoveryConfig, 'max_targets'>): NamedProvider[] {
  const nameOf = (type: string, index: number, { name }: CommonProvider) => name ?? `${type}[${index}]`
  return [
    ...config.file.map((one, index) => ({
      type: 'file' as const,
      config: one,
      index,
      name: nameOf('file', index, one),
    })),
    ...config.dns.map((one, index) => ({ type: 'dns' as const, config: one, index, name: nameOf('dns', index, one) })),
    ...config.http.map((one, index) => ({
      type: 'http' as const,
      config: one,
      index,
      name: nameOf('http', index, one),
    })),
    ...config.kubernetes.map((one, index) => ({
      type: 'kubernetes' as const,
      config: one,
      index,
      name: nameOf('kubernetes', index, one),
    })),
  ]
}

/** The configuration with paths that start at `baseDir`: `files`, and whatever ends in `_file`. */
export function locateDiscovery(config: DiscoveryConfig, baseDir: string): DiscoveryConfig {
  const at = (path: string) => resolve(baseDir, path)
  return {
    ...config,
    file: config.file.map((one) => ({ ...located(one, at), files: one.files.map(at) })),
    dns: config.dns.map((one) => located(one, at)),
    http: config.http.map((one) => located(one, at)),
    kubernetes: config.kubernetes.map((one) => located(one, at)),
  }
}

/** The same form, with other texts where paths stand. */
function located<T extends object>(value: T, at: (path: string) => string): T {
  const entries = Object.entries(value).map(([key, inner]: [string, unknown]) => {
    if (key.endsWith('_file') && typeof inner === 'string') return [key, at(inner)]
    const isObject = inner !== null && typeof inner === 'object' && !Array.isArray(inner)
    return [key, isObject ? located(inner, at) : inner]
  })
  return Object.fromEntries(entries) as T
}
