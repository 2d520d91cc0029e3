/** What `inferwatch keys` does: makes, lists and revokes virtual keys. Each returns lines to print. */
import { randomBytes } from 'node:crypto'
import { durationMs, durationPattern } from '../../../records/duration.ts'
import type { EndpointConfig, ProxyConfig } from '../../config.ts'
import { textTable } from '../../text-table.ts'
import { keyPrefix } from './credential.ts'
import { changeKeys, KeyFileError, readKeys, type StoredKey } from './file.ts'
import { Ledger, type Entry } from './ledger.ts'
import { readJournal } from './journal.ts'
import { hashOf, type KnownKey, objection } from './ring.ts'
import { spendingDir } from './spending.ts'
import { virtualKey } from './config.ts'

/** A word that a command was given cannot be used; the message is one line that says what is expected. */
export class KeysError extends Error {
  override name = 'KeysError'
}

export interface CreateFlags {
  team?: string
  user?: string
  feature?: string
  endpoint?: string[]
  /** A date, a time, or how long from now. */
  expires?: string
  requestsPerMinute?: string
  tokensPerDay?: string
  usdPerMonth?: string
}

interface KeysContext {
  proxy: Pick<ProxyConfig, 'keys'>
  endpoints: readonly Pick<EndpointConfig, 'name'>[]
  data_dir: string
}

/** Makes a key. The first line is the key, which is shown this once. Throws KeysError, KeyFileError. */
export function keysCreate(name: string, flags: CreateFlags, context: KeysContext, now = new Date()): string[] {
  const secret = keyPrefix + randomBytes(32).toString('base64url')
  const key = { ...keyOf(name, flags, now), hash: hashOf(secret) }
  const parsed = virtualKey.safeParse(key)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const at = issue?.path.at(-1)
    throw new KeysError(`${optionOf[String(at)] ?? String(at)}: ${issue?.message ?? 'is not usable'}`)
  }
  const known = new Set(context.endpoints.map((endpoint) => endpoint.name))
  const unknown = parsed.data.endpoints?.find((endpoint) => !known.has(endpoint))
  if (unknown !== undefined)
    throw new KeysError(`--endpoint: there is no endpoint "${unknown}"; there is ${[...known].join(', ') || 'none'}`)
  changeKeys(context.data_dir, (keys) => {
    const inUse = [...context.proxy.keys, ...keys.filter((one) => one.revoked_at === undefined)]
    if (inUse.some((one) => one.name === name)) throw new KeysError(`there is a key "${name}" already: revoke it first`)
    return [...keys, { ...parsed.data, created_at: now.toISOString() }]
  })
  return [secret, `key "${name}" (${key.hash}); it is not shown again`]
}

/** Takes a key back for good. Throws KeysError, KeyFileError. */
export function keysRevoke(name: string, context: KeysContext, now = new Date()): string[] {
  if (context.proxy.keys.some((key) => key.name === name))
    throw new KeysError(`the key "${name}" stands in the configuration: remove it from proxy.keys`)
  changeKeys(context.data_dir, (keys) => {
    const isMeant = (key: StoredKey) => key.name === name && key.revoked_at === undefined
    if (!keys.some(isMeant)) throw new KeysError(`there is no key "${name}" to revoke; keys list shows those in use`)
    return keys.map((key) => (isMeant(key) ? { ...key, revoked_at: now.toISOString() } : key))
  })
  return [`key "${name}" revoked`]
}

/** All keys, and what those with limits have used of them. Throws KeyFileError. */
export function keysList({ proxy, data_dir }: KeysContext, now = Date.now()): string[] {
  const ledger = ledgerOf(spendingDir(data_dir))
  const rows = [...proxy.keys, ...readKeys(data_dir)].map((key: KnownKey) => {
    const used = ledger.used(key.name, now)
    const of = (amount: number, most: number | undefined) => (most === undefined ? '' : `${amount} of ${most}`)
    return [
      key.name,
      objection(key, undefined, now)?.code.replace('key_', '') ?? 'active',
      key.team ?? '',
      key.endpoints?.join(',') ?? 'all',
      key.expires ?? 'never',
      of(used.requests, key.limits.requests_per_minute),
      of(used.tokens, key.limits.tokens_per_day),
      of(Number(used.usd.toFixed(6)), key.limits.usd_per_month),
    ]
  })
  return textTable([
    ['key', 'state', 'team', 'endpoints', 'expires', 'requests/min', 'tokens/day', 'usd/month'],
    ...rows,
  ])
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

function keyOf(name: string, flags: CreateFlags, now: Date): Record<string, unknown> {
  const { team, user, feature, endpoint, expires, requestsPerMinute, tokensPerDay, usdPerMonth } = flags
  const limits = {
    requests_per_minute: numberOf(requestsPerMinute),
    tokens_per_day: numberOf(tokensPerDay),
    usd_per_month: numberOf(usdPerMonth),
  }
  const isDuration = expires !== undefined && durationPattern.test(expires)
  const until = isDuration ? new Date(now.getTime() + durationMs(expires)).toISOString() : expires
  return defined({ name, team, user, feature, endpoints: endpoint, expires: until, limits: defined(limits) })
}

const optionOf: Record<string, string> = {
  name: 'name',
  team: '--team',
  user: '--user',
  feature: '--feature',
  endpoints: '--endpoint',
  expires: '--expires',
  requests_per_minute: '--requests-per-minute',
  tokens_per_day: '--tokens-per-day',
  usd_per_month: '--usd-per-month',
}

const numberOf = (text: string | undefined) => (text === undefined ? undefined : Number(text))

const defined = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
