/** Minutes, days and months of UTC, and what a key may do in each. Pure. */
import { counted } from '../../../records/counted.ts'
import type { Refusal, RefusalCode } from '../refusal.ts'
import type { KeyLimits } from './config.ts'

export type Window = 'minute' | 'day' | 'month'

const minuteMs = 60_000
const dayMs = 86_400_000

/** Numbers the windows of a kind one after the other. */
export function windowOf(window: Window, ms: number): number {
  if (window === 'minute') return Math.floor(ms / minuteMs)
  if (window === 'day') return Math.floor(ms / dayMs)
  const date = new Date(ms)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

/** Epoch ms at which the window ends that `ms` lies in. */
export function windowEnd(window: Window, ms: number): number {
  const date = new Date(ms)
  if (window === 'month') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
  return (windowOf(window, ms) + 1) * (window === 'minute' ? minuteMs : dayMs)
}

/** Of the windows that a moment lies in. */
export interface Used {
  /** Calls that began in the minute. */
  requests: number
  /** Of the calls that began on the day, as far as they are known. */
  tokens: number
  /** Of the calls that began in the month, as far as it is known. */
  usd: number
}

interface Rule {
  limit: keyof KeyLimits
  used: keyof Used
  window: Window
  code: RefusalCode
  say: (most: number) => string
}

/** The one that is closed for longest comes first. */
const rules: readonly Rule[] = [
  { limit: 'usd_per_month', used: 'usd', window: 'month', code: 'usd_exhausted', say: (most) => `$${most} a month` },
  {
    limit: 'tokens_per_day',
    used: 'tokens',
    window: 'day',
    code: 'tokens_exhausted',
    say: (most) => `${counted(most, 'token')} a day`,
  },
  {
    limit: 'requests_per_minute',
    used: 'requests',
    window: 'minute',
    code: 'requests_exhausted',
    say: (most) => `${counted(most, 'request')} a minute`,
  },
]

/** Why a key may not begin another call; null while it may. */
export function exhausted(name: string, limits: KeyLimits, used: Used, now_ms: number): Refusal | null {
  for (const { limit, used: field, window, code, say } of rules) {
    const most = limits[limit]
    if (most === undefined || used[field] < most) continue
    const opens_ms = windowEnd(window, now_ms)
    const until = new Date(opens_ms).toISOString()
    return {
      code,
      message: `the key "${name}" has used its ${say(most)}; more from ${until} on`,
      closed: { most, opens_ms, wait_s: Math.ceil((opens_ms - now_ms) / 1000) },
    }
  }
  return null
}

/** Of each limit that there is, the part that is used. */
export function usedRatios(limits: KeyLimits, used: Used): [limit: keyof KeyLimits, ratio: number][] {
  return rules.flatMap(({ limit, used: field }): [keyof KeyLimits, number][] => {
    const most = limits[limit]
    return most === undefined ? [] : [[limit, used[field] / most]]
  })
}

export const isLimited = (limits: KeyLimits) => rules.some(({ limit }) => limits[limit] !== undefined)
