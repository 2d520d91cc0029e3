/** Joins the rooms' configuration schemas; reads the file, fills in ${ENV}, and says exactly what is wrong with it. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import type { Logger } from 'pino'
import { z } from 'zod'
import { alertsConfig } from './alerts/config.ts'
import { isRuleFile, ruleFolders } from './alerts/rule-file.ts'
import { ConfigError, messageOf, parseYaml, type Path, type YamlFile } from './alerts/yaml-file.ts'
import {
  attributionConfig,
  contentConfig,
  endpointConfig,
  ingestConfig,
  pricesConfig,
  proxyConfig,
  scrapeConfig,
  spoolConfig,
  withScrapePaths,
} from './collector/config.ts'
import { locateDiscovery } from './collector/scrape/discovery/config.ts'
import { reloadOnChange } from './collector/self/reload.ts'
import { dashboardConfig } from './dashboard/api/config.ts'
import { errorCode } from './records/error-code.ts'
import { clickhouseConfig, retentionConfig } from './storage/config.ts'
import { exportConfig, locateExports } from './storage/export/config.ts'

const hostAndPort = 'expected host:port, such as 127.0.0.1:8080 (port 0 picks a free one)'

const address = (fallback: string, what: string) =>
  z
    .string(hostAndPort)
    .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, hostAndPort)
    .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'expected a port of at most 65535')
    .default(fallback)
    .describe(what)

const listenConfig = z.strictObject({
  dashboard: address('127.0.0.1:8080', 'Web app, /api, /metrics, /healthz, /readyz, /proxy/<endpoint>/…'),
  otlp_http: address('127.0.0.1:4318', 'OTLP/HTTP: /v1/traces, /v1/logs, /v1/metrics'),
  otlp_grpc: address('127.0.0.1:4317', 'OTLP/gRPC'),
  clickhouse: address('127.0.0.1:8123', 'ClickHouse HTTP interface of the embedded engine'),
})

const configSchema = z
  .strictObject({
    data_dir: z.string().min(1).default('./data').describe('Embedded ClickHouse, spool, generated keys'),
    listen: listenConfig.prefault({}),
    clickhouse: clickhouseConfig.prefault({}),
    retention: retentionConfig.prefault({}),
    ingest: ingestConfig.prefault({}),
    spool: spoolConfig.prefault({}),
    content: contentConfig,
    scrape: scrapeConfig.prefault({}),
    endpoints: z.array(endpointConfig).default([]),
    prices: pricesConfig.prefault({}),
    attribution: attributionConfig.prefault({}),
    proxy: proxyConfig.prefault({}),
    alerts: alertsConfig.prefault({}),
    export: exportConfig.prefault({}),
    dashboard: dashboardConfig.prefault({}),
    log_level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .superRefine((config, context) => {
    for (const issue of exposures(config)) context.addIssue({ code: 'custom', ...issue })
    const names = config.endpoints.map((endpoint) => endpoint.name)
    for (const [index, name] of names.entries())
      if (names.indexOf(name) !== index)
        context.addIssue({ code: 'custom', path: ['endpoints', index, 'name'], message: `"${name}" is used twice` })
    for (const [index, key] of config.proxy.keys.entries())
      for (const [at, endpoint] of key.endpoints?.entries() ?? [])
        if (!names.includes(endpoint))
          context.addIssue({
            code: 'custom',
            path: ['proxy', 'keys', index, 'endpoints', at],
            message: `there is no endpoint "${endpoint}"`,
          })
  })

export type Config = z.infer<typeof configSchema>
export type ConfigKey = keyof Config

/** What other machines would reach without a key. */
function exposures({
  listen,
  dashboard,
  ingest,
  clickhouse,
}: Pick<Config, 'listen' | 'dashboard' | 'ingest' | 'clickhouse'>) {
  const open = (key: keyof Config['listen'], what: string) =>
    isLoopback(listen[key])
      ? []
      : [
          {
            path: ['listen', key],
            message: `${listen[key]} is reachable from other machines${what}listen on 127.0.0.1`,
          },
        ]
  return [
    ...(dashboard.api_keys.length > 0 ? [] : open('dashboard', ': set dashboard.api_keys, or ')),
    ...(ingest.api_keys.length > 0 ? [] : open('otlp_http', ': set ingest.api_keys, or ')),
    ...(ingest.api_keys.length > 0 ? [] : open('otlp_grpc', ': set ingest.api_keys, or ')),
    ...(clickhouse.url !== 'embedded' || clickhouse.users.length > 0
      ? []
      : open('clickhouse', ': set clickhouse.users, or ')),
  ]
}

export { ConfigError }

const defaultConfigFile = 'inferwatch.yaml'

export interface LoadedConfig {
  config: Config
  /** The values of the file as they stand in it, before variables are filled in. */
  written: Record<string, unknown>
  /** Relative paths in the configuration start here. */
  baseDir: string
  /** Null when the defaults are used. */
  file: string | null
  /** What is allowed and hardly meant: file, line and key, one line each. */
  warnings: string[]
}

/**
 * Reads a configuration file. Without `file`, `./inferwatch.yaml` if it is there, else the defaults.
 * Paths in it are relative to the file. Of keys that are not among `only` the defaults are used, whatever stands there. Throws
 * ConfigError.
 */
export function loadConfig(
  file: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
  only?: readonly ConfigKey[],
): LoadedConfig {
  const chosen = file ?? (existsSync(defaultConfigFile) ? defaultConfigFile : null)
  if (chosen === null)
    return { config: configSchema.parse({}), written: {}, baseDir: process.cwd(), file: null, warnings: [] }
  let text: string
  try {
    text = readFileSync(chosen, 'utf8')
  } catch (error) {
    throw new ConfigError(`${chosen}: cannot be read (${errorCode(error)}); name another file with --config`, {
      cause: error,
    })
  }
  const config = parseConfig(text, chosen, env, only)
  const baseDir = dirname(resolve(chosen))
  const located = { ...config, ...withPaths(config, baseDir) }
  const parsed = parseYaml(text, chosen)
  const written = parsed.value as Record<string, unknown>
  return { config: located, written, baseDir, file: resolve(chosen), warnings: undeclaredEndpoints(config, parsed) }
}

/** Of targets. Traffic may call an endpoint by a name that is declared nowhere, so none of them is refused. */
function undeclaredEndpoints({ scrape, endpoints }: Config, file: YamlFile): string[] {
  const names = endpoints.map(({ name }) => name)
  return scrape.targets.flatMap(({ endpoint = '' }, index) => {
    if (endpoint === '' || names.includes(endpoint)) return []
    const [nearest] = names.toSorted((a, b) => distance(endpoint, a) - distance(endpoint, b))
    const others = nearest === undefined ? 'which names none' : `where the nearest is "${nearest}"`
    const where = file.where(['scrape', 'targets', index, 'endpoint'])
    return [`${where}: "${endpoint}" is not under endpoints, ${others}; that is right only if traffic calls it so`]
  })
}

/** Paths that start at the file's folder. Throws ConfigError for a file that cannot be read. */
function withPaths(
  { data_dir, endpoints, scrape, export: exported }: Config,
  baseDir: string,
): Pick<Config, 'data_dir' | 'endpoints' | 'scrape' | 'export'> {
  const readable = (path: string, key: string) => {
    const found = resolve(baseDir, path)
    try {
      readFileSync(found)
    } catch (cause) {
      throw new ConfigError(`${key}: ${found} cannot be read (${errorCode(cause)})`, { cause })
    }
    return found
  }
  return {
    data_dir: resolve(baseDir, data_dir),
    endpoints: endpoints.map((endpoint, index) =>
      endpoint.ca_file === undefined
        ? endpoint
        : { ...endpoint, ca_file: readable(endpoint.ca_file, `endpoints[${index}].ca_file`) },
    ),
    scrape: { ...withScrapePaths(scrape, readable), discovery: locateDiscovery(scrape.discovery, baseDir) },
    export: locateExports(exported, (folder) => resolve(baseDir, folder)),
  }
}

/** Parses and checks the text of a configuration file; `name` stands in messages. Throws ConfigError. */
export function parseConfig(
  text: string,
  name: string,
  env: NodeJS.ProcessEnv = process.env,
  only?: readonly ConfigKey[],
): Config {
  const file = parseYaml(text, name)
  const missing: string[] = []
  const value = interpolate(only ? withoutOthers(file.value, only) : file.value, [], env, (path, variable) =>
    missing.push(
      `${file.where(path)}: environment variable ${variable} is not set; set it or write \${${variable}:-default}`,
    ),
  )
  if (missing.length > 0) throw new ConfigError(missing.join('\n'))
  const result = configSchema.safeParse(value)
  if (result.success) return result.data
  throw new ConfigError(result.error.issues.flatMap((issue) => explain(issue, value, file)).join('\n'))
}

/** What is no key stays: it may be a misspelt one that is meant. */
function withoutOthers(value: unknown, only: readonly ConfigKey[]): unknown {
  if (typeof value !== 'object' || value === null) return value
  const others = new Set(Object.keys(configSchema.shape)).difference(new Set<string>(only))
  return Object.fromEntries(Object.entries(value).filter(([key]) => !others.has(key)))
}

function explain(issue: z.core.$ZodIssue, value: unknown, file: YamlFile): string[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  const meant = issue.code === 'invalid_union' ? issue.errors.find(fitsInKind) : undefined
  if (meant) return meant.flatMap((inner) => explain({ ...inner, path: [...issue.path, ...inner.path] }, value, file))
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${file.where([...path, key])}: unknown key; ${suggest(key, knownKeys(path))}`)
  const found = path.reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], value)
  const shown = isSecret(path) ? 'a value' : JSON.stringify(found, withoutSecrets)
  // Where keys or a list belong, any text may stand, and the message has its type.
  const isOther = issue.code === 'invalid_type' && ['object', 'array', 'record'].includes(issue.expected)
  const hint =
    issue.code === 'custom' || isOther || found === undefined ? '' : `; found ${shown?.slice(0, 80) ?? 'nothing'}`
  return [`${file.where(path)}: ${messageOf(issue)}${hint}`]
}

/** Of a value that may be a word or an object, whether the complaints are about what is inside that object. */
function fitsInKind(issues: z.core.$ZodIssue[]): boolean {
  return issues.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys')
}

const secretName = /key|secret|password|token|hash|webhook_url/

/** What stands below them goes to somebody else, who may know its sender by it. */
const closed = ['headers', 'heartbeat', 'notify', 'body']

/** Whether a value may be one. Of a list, the list's name says what is in it. */
export const isSecret = (path: Path) =>
  closed.some((name) => path.includes(name)) || secretName.test(path.findLast((part) => typeof part === 'string') ?? '')

/** For `JSON.stringify`: of a value that is shown. */
function withoutSecrets(name: string, value: unknown): unknown {
  if (secretName.test(name)) return '…'
  if (typeof value !== 'string') return value
  // Of an address also where it is none yet: without its scheme, or with a wrong one.
  return value.replace(/(^|:\/\/)[^/\s]*@/, '$1…@').replace(/^(\S*\/\S*?)\?.*$/s, '$1?…')
}

/** The keys that the schema knows at a path; unions and records know none. */
function knownKeys(path: Path): string[] {
  const schema = unwrap(schemaAt(path))
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

/** What a key means; of an item of a list, what the list does. Empty where nobody said. */
export function describeKey(path: Path): string {
  const schema = schemaAt(path.slice(0, path.findLastIndex((part) => typeof part === 'string') + 1))
  return schema instanceof z.ZodType ? (schema.description ?? '') : ''
}

function schemaAt(path: Path): unknown {
  let at: unknown = configSchema
  for (const part of path) at = step(unwrap(at), part)
  return at
}

function unwrap(schema: unknown): unknown {
  let at = schema
  while (
    at instanceof z.ZodDefault ||
    at instanceof z.ZodPrefault ||
    at instanceof z.ZodOptional ||
    at instanceof z.ZodNullable ||
    at instanceof z.ZodPipe
  )
    at = at instanceof z.ZodPipe ? at.out : at.unwrap()
  // Where a word may stand for it, the keys are those of the object.
  return at instanceof z.ZodUnion ? at.options.find((option) => option instanceof z.ZodObject) : at
}

function step(schema: unknown, part: string | number): unknown {
  if (schema instanceof z.ZodObject) return schema.shape[String(part)]
  return schema instanceof z.ZodArray ? schema.element : undefined
}

function suggest(key: string, known: string[]): string {
  const near = known.find((name) => distance(key, name) <= 2)
  if (near) return `did you mean "${near}"?`
  return known.length > 0 ? `known keys: ${known.join(', ')}` : 'it is not part of the configuration'
}

/** Levenshtein distance, for "did you mean". */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, left] of a.split('').entries()) {
    const next = [i + 1]
    for (const [j, right] of b.split('').entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (left === right ? 0 : 1)))
    row = next
  }
  return row[b.length] ?? 0
}

function interpolate(
  value: unknown,
  path: Path,
  env: NodeJS.ProcessEnv,
  onMissing: (path: Path, variable: string) => void,
): unknown {
  if (typeof value === 'string')
    return value.replaceAll(
      /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
      (_, variable: string, fallback: string | undefined) => {
        const found = env[variable] ?? fallback
        if (found === undefined) onMissing(path, variable)
        return found ?? ''
      },
    )
  if (Array.isArray(value)) return value.map((item, index) => interpolate(item, [...path, index], env, onMissing))
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, interpolate(item, [...path, key], env, onMissing)]),
    )
  return value
}

const listenProblems: Record<string, string> = {
  EADDRINUSE: 'is in use by another program: stop that, or set another port',
  EACCES: 'needs rights that this user lacks: set a port above 1023',
  EADDRNOTAVAIL: 'is no address of this machine: set another host',
  ENOTFOUND: 'names no known host: set another host',
}

/** For `catch` where a room listens: EADDRINUSE and its like become a ConfigError that names the setting. */
export function cannotListen(setting: keyof Config['listen'], address: string): (error: unknown) => never {
  return (error) => {
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      const problem = 'code' in at ? listenProblems[String(at.code)] : undefined
      if (problem) throw new ConfigError(`listen.${setting}: ${address} ${problem}`, { cause: error })
    }
    throw error
  }
}

/** Keys that are read once: a change takes a restart. */
const fixedKeys = ['data_dir', 'listen', 'clickhouse', 'spool', 'retention', 'dashboard'] as const
type FixedKey = (typeof fixedKeys)[number]

/** The configuration in force, and how the file differs from it. */
export interface RunningConfig {
  config: Config
  written: Record<string, unknown>
  /** Epoch ms. */
  loaded_at: number
  /** Why the file as it is now is not in force; empty when it is. */
  problem: string
  /** Keys of it that take a restart. */
  waiting: FixedKey[]
}

/**
 * Reloads on SIGHUP and when the file or a rule file is edited. `apply` gets each new configuration, one at a time. A file
 * that can't be used, or that `apply` refuses, is logged with what is wrong, and the old configuration stays.
 */
export function watchConfig(
  { file, baseDir, config: first, written: firstWritten, warnings }: LoadedConfig,
  { apply, log }: { apply: (config: Config) => Promise<void>; log: Logger },
): { stop(): void; running(): RunningConfig } {
  let state: RunningConfig = { config: first, written: firstWritten, loaded_at: Date.now(), problem: '', waiting: [] }
  for (const warning of warnings) log.warn(warning)
  const reload = async () => {
    try {
      const loaded = loadConfig(file ?? undefined)
      const next = loaded.config
      const changed = fixedKeys.filter((key) => JSON.stringify(next[key]) !== JSON.stringify(first[key]))
      const kept = Object.fromEntries(fixedKeys.map((key) => [key, first[key]])) as Pick<Config, FixedKey>
      const keptWritten = Object.fromEntries(fixedKeys.map((key) => [key, firstWritten[key]]))
      const running = { ...next, ...kept }
      // A key that goes together with its address is still needed: the address stays until the restart.
      for (const { path, message } of exposures(running)) throw new ConfigError(`${path.join('.')}: ${message}`)
      await apply(running)
      for (const warning of loaded.warnings) log.warn(warning)
      for (const key of changed) log.warn(`${key} changed: restart to apply it`)
      const written = { ...loaded.written, ...keptWritten }
      state = { config: running, written, loaded_at: Date.now(), problem: '', waiting: changed }
      log.info('configuration reloaded')
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      state = { ...state, problem }
      log.error(`configuration not reloaded, the old one stays: ${problem}`)
    }
  }
  const watched = reloadOnChange({
    log,
    reload,
    folders: () => [...(file ? [dirname(file)] : []), ...ruleFolders(state.config.alerts, baseDir)],
    concerns: (path) =>
      path === file ||
      isRuleFile(path, state.config.alerts, baseDir) ||
      ruleFolders(state.config.alerts, baseDir).includes(path) ||
      // Kubernetes swaps this link when a mounted ConfigMap changes; the files' own names never do.
      basename(path) === '..data',
  })
  return { stop: () => watched.stop(), running: () => state }
}

/** Whether a listen address is only reachable from this machine. */
export function isLoopback(hostPort: string): boolean {
  const host = hostPort.slice(0, hostPort.lastIndexOf(':')).replaceAll(/[[\]]/g, '')
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
