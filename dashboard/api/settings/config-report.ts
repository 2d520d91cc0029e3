/** The configuration in force, value by value, with where each comes from; what is or may hold a secret is not in it. Pure. */
import { stringify } from 'yaml'
import type { Path } from '../../../alerts/yaml-file.ts'
import { describeKey, type Config } from '../../../config.ts'
import type { Declared, Setting } from '../../../records/setting.ts'

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}/g

/** `written`: the value of the file before variables were filled in; {} where there is none. */
export function settingsOf(config: Config, written: unknown, env: NodeJS.ProcessEnv = process.env): Setting[] {
  const leaves = leavesOf(config, [])
  const secrets = leaves
    .filter(([path, value]) => typeof value === 'string' && value.length >= shortestSecret && isSecret(path))
    .map(([, value]) => String(value))
  return leaves.map(([path, value]) => {
    const raw = at(written, path)
    const variables = typeof raw === 'string' ? [...raw.matchAll(variable)].map(([, name]) => name ?? '') : []
    const secret = typeof value === 'string' && value !== '' && isSecret(path)
    const shown = variables.length > 0 ? String(raw).replaceAll(variable, (_, name: string) => `\${${name}}`) : value
    return {
      path: textOf(path),
      value: secret ? '' : scrubbed(textOfValue(shownPart(path, shown)), secrets),
      origin:
        raw === undefined ? 'default' : variables.some((name) => env[name] !== undefined) ? 'environment' : 'file',
      variables,
      secret,
      about: describeKey(path),
    }
  })
}

/** What the file says of endpoints and metrics pages. */
export function declaredIn({ endpoints, scrape, proxy }: Pick<Config, 'endpoints' | 'scrape' | 'proxy'>): Declared {
  return {
    endpoints: endpoints.map(({ name, kind, upstream, probes = [], gpu_hour_usd }, index) => ({
      name,
      key: `endpoints[${index}]`,
      kind,
      upstream: upstream === undefined ? null : plainUrl(upstream),
      proxied: upstream === undefined || !proxy.enabled ? null : `/proxy/${encodeURIComponent(name)}/`,
      probes: probes.length,
      gpu_hour_usd: gpu_hour_usd ?? null,
    })),
    targets: scrape.targets.map(({ url, endpoint = '' }, index) => ({
      url: plainUrl(url),
      key: `scrape.targets[${index}]`,
      endpoint,
    })),
  }
}

/** Shorter ones are words that stand elsewhere too. */
const shortestSecret = 6

const secretKey = /key|secret|password|token|hash|credential|webhook_url/
/** Whatever stands below them goes to somebody else, who may know its sender by it. */
const closed = new Set(['headers', 'heartbeat', 'env', 'body', 'command'])
/** Of a channel of a receiver; who knows the rest can send in its name. */
const openInChannels = new Set(['type', 'host', 'from', 'to', 'channel', 'url', 'api_url'])

/** Names of files hold none; an attribute's name is none. */
function isSecret(path: Path): boolean {
  const names = path.filter((part) => typeof part === 'string')
  const last = names.at(-1) ?? ''
  if (names[0] === 'attribution' || last.endsWith('_file')) return false
  if (names.some((name) => closed.has(name)) || secretKey.test(last)) return true
  return isChannel(path) && !openInChannels.has(last)
}

const isChannel = (path: Path) => path[0] === 'alerts' && path.includes('notify')

/** Of an address, what says nothing of who asks: of a channel's, its host alone. */
function shownPart(path: Path, value: unknown): unknown {
  if (typeof value !== 'string' || !/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return value
  return isChannel(path) ? `${URL.canParse(value) ? new URL(value).origin : ''}/…` : plainUrl(value)
}

/** Without user, password, query and fragment. */
function plainUrl(text: string): string {
  return text.replace(/(:\/\/)[^/\s]*@/, '$1…@').replace(/[?#].*$/s, '?…')
}

/** A secret that stands inside another value, too. */
function scrubbed(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '…'), text)
}

function leavesOf(value: unknown, path: Path): [path: Path, value: unknown][] {
  if (value === undefined) return []
  if (value === null || typeof value !== 'object') return [[path, value]]
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : Object.entries(value)
  if (entries.length === 0) return [[path, value]]
  return entries.flatMap(([key, item]) => leavesOf(item, [...path, key]))
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, part) => (inner as Record<string, unknown> | null | undefined)?.[part], value)
}

const textOfValue = (value: unknown) =>
  typeof value === 'string' ? value : stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd()

/** `endpoints[0].probes[1].model` */
function textOf(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${part}`)).join('')
}
