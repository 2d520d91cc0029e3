/** Makes, lists and takes back virtual keys, for the command line and the settings page alike. */
import { randomBytes } from 'node:crypto'
import { durationMs, durationPattern } from '../../../records/duration.ts'
import { Refused } from '../../../records/refused.ts'
import type { KeyInput, VirtualKeyEntry } from '../../../records/virtual-key.ts'
import type { EndpointConfig, ProxyConfig } from '../../config.ts'
import { virtualKey } from './config.ts'
import { keyPrefix } from './credential.ts'
import { changeKeys, KeyFileError, readKeys, type StoredKey } from './file.ts'
import { readJournal } from './journal.ts'
import { Ledger, type Entry } from './ledger.ts'
import { hashOf, type KnownKey, objection } from './ring.ts'
import { spendingDir } from './spending.ts'

export interface KeysContext {
  proxy: Pick<ProxyConfig, 'keys'>
  endpoints: readonly Pick<EndpointConfig, 'name'>[]
  data_dir: string
}

/** The key itself is kept nowhere. Throws Refused, KeyFileError. */
export function makeKey(input: KeyInput, context: KeysContext, now: Date): { secret: string; hash: string } {
  const secret = keyPrefix + randomBytes(32).toString('base64url')
  const hash = hashOf(secret)
  const parsed = virtualKey.safeParse({ ...keyOf(input, now), hash })
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Refused(String(issue?.path.at(-1)), issue?.message ?? 'is not usable')
  }
  const key = parsed.data
  if (key.expires !== undefined && Date.parse(key.expires) <= now.getTime())
    throw new Refused('expires', 'lies in the past: the key would be of no use')
  const known = new Set(context.endpoints.map((endpoint) => endpoint.name))
  const unknown = key.endpoints?.find((endpoint) => !known.has(endpoint))
  if (unknown !== undefined)
    throw new Refused('endpoints', `there is no endpoint "${unknown}"; there is ${[...known].join(', ') || 'none'}`)
  changeKeys(context.data_dir, (keys) => {
    const inUse = [...context.proxy.keys, ...keys.filter((one) => one.revoked_at === undefined)]
    if (inUse.some(({ name }) => name === key.name))
      throw new Refused('name', `there is a key "${key.name}" already: revoke it first`, 'conflict')
    return [...keys, { ...key, created_at: now.toISOString(), ...(input.by !== '' && { created_by: input.by }) }]
  })
  return { secret, hash }
}

/** For good. Throws Refused, KeyFileError. */
export function revokeKey(name: string, by: string, context: KeysContext, now: Date): void {
  const fixed = context.proxy.keys.findIndex((key) => key.name === name)
  if (fixed >= 0)
    throw new Refused('name', `the key "${name}" stands in the configuration: remove it from proxy.keys`, 'conflict')
  changeKeys(context.data_dir, (keys) => {
    const isMeant = (key: StoredKey) => key.name === name && key.revoked_at === undefined
    if (!keys.some(isMeant))
      throw new Refused('name', `there is no key "${name}" to revoke; keys list shows those in use`, 'missing')
    const revoked = { revoked_at: now.toISOString(), ...(by !== '' && { revoked_by: by }) }
    return keys.map((key) => (isMeant(key) ? { ...key, ...revoked } : key))
  })
}

/** All keys, those of the configuration first. Throws KeyFileError. */
export function listKeys({ proxy, data_dir }: KeysContext, now_ms: number): VirtualKeyEntry[] {
  const ledger = ledgerOf(spendingDir(data_dir))
  const all: [KnownKey & Partial<StoredKey>, string | null][] = [
    ...proxy.keys.map((key, index): [KnownKey, string] => [key, `proxy.keys[${index}]`]),
    ...readKeys(data_dir).map((key): [StoredKey, null] => [key, null]),
  ]
  const moment = (text: string | undefined) => (text === undefined ? null : Date.parse(text))
  return all.map(([key, path]) => {
    const { name, team = '', user = '', feature = '', endpoints = null, created_by = '', limits } = key
    const stopped = objection(key, undefined, now_ms)
    return {
      name,
      key: path,
      state: stopped === null ? 'active' : stopped.code === 'key_revoked' ? 'revoked' : 'expired',
      team,
      user,
      feature,
      endpoints,
      expires_at: moment(key.expires),
      created_at: moment(key.created_at),
      created_by,
      revoked_at: moment(key.revoked_at),
      limits: {
        requests_per_minute: limits.requests_per_minute ?? null,
        tokens_per_day: limits.tokens_per_day ?? null,
        usd_per_month: limits.usd_per_month ?? null,
      },
      used: ledger.used(name, now_ms),
    }
  })
}

function ledgerOf(dir: string): Ledger {
  const ledger = new Ledger()
  try {
    for (const entry of readJournal<Entry>(dir).entries) ledger.apply(entry)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new KeyFileError(`${dir} cannot be read (${code ?? message}): give this user rights to it`, { cause: error })
  }
  return ledger
}

function keyOf(input: KeyInput, now: Date): Record<string, unknown> {
  const { name, team, user, feature, endpoints, expires } = input
  const { requests_per_minute, tokens_per_day, usd_per_month } = input
  const isDuration = expires !== undefined && durationPattern.test(expires)
  const until = isDuration ? momentAt(now.getTime() + durationMs(expires)) : expires
  const limits = defined({ requests_per_minute, tokens_per_day, usd_per_month })
  return defined({ name, team, user, feature, endpoints, expires: until, limits })
}

/** Throws Refused for what lies beyond any calendar. */
function momentAt(ms: number): string {
  const at = new Date(ms)
  if (Number.isNaN(at.getTime()) || at.getUTCFullYear() > 9999) throw new Refused('expires', 'is too far away')
  return at.toISOString()
}

const defined = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
