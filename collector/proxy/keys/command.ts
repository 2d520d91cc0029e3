/** What `inferwatch keys` does: makes, lists and revokes virtual keys. Each returns lines to print. */
import { Refused } from '../../../records/refused.ts'
import { textTable } from '../../../storage/text-table.ts'
import { listKeys, makeKey, revokeKey, type KeysContext } from './made.ts'

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

/** Makes a key. The first line is the key, which is shown this once. Throws KeysError, KeyFileError. */
export function keysCreate(name: string, flags: CreateFlags, context: KeysContext, now = new Date()): string[] {
  const { endpoint: endpoints, requestsPerMinute, tokensPerDay, usdPerMonth, ...said } = flags
  const input = {
    name,
    ...said,
    endpoints,
    requests_per_minute: numberOf(requestsPerMinute),
    tokens_per_day: numberOf(tokensPerDay),
    usd_per_month: numberOf(usdPerMonth),
    by: '',
  }
  const { secret, hash } = asCommand(() => makeKey(input, context, now))
  return [secret, `key "${name}" (${hash}); it is not shown again`]
}

/** Takes a key back for good. Throws KeysError, KeyFileError. */
export function keysRevoke(name: string, context: KeysContext, now = new Date()): string[] {
  asCommand(() => revokeKey(name, '', context, now))
  return [`key "${name}" revoked`]
}

/** All keys, and what those with limits have used of them. Throws KeyFileError. */
export function keysList(context: KeysContext, now = Date.now()): string[] {
  const rows = listKeys(context, now).map(({ name, state, team, endpoints, expires_at, limits, used }) => {
    const of = (amount: number, most: number | null) => (most === null ? '' : `${amount} of ${most}`)
    return [
      name,
      state,
      team,
      endpoints?.join(',') ?? 'all',
      expires_at === null ? 'never' : new Date(expires_at).toISOString(),
      of(used.requests, limits.requests_per_minute),
      of(used.tokens, limits.tokens_per_day),
      of(Number(used.usd.toFixed(6)), limits.usd_per_month),
    ]
  })
  return textTable([
    ['key', 'state', 'team', 'endpoints', 'expires', 'requests/min', 'tokens/day', 'usd/month'],
    ...rows,
  ])
}

/** What is wrong, by the name that the command line has for it. */
function asCommand<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const { field, why, message } = error
    throw new KeysError(why === 'invalid' ? `${optionOf[field] ?? field}: ${message}` : message, { cause: error })
  }
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
