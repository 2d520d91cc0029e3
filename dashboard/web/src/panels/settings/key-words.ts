/** Virtual keys as people read them. */
import type { KeyRow } from '../../data/settings.ts'
import { formatPart, formatUsd } from '../../lib/format.ts'

/** What a key used of each limit that it has. */
export function limitsOf({ limits, used }: KeyRow): string[] {
  const { requests_per_minute, tokens_per_day, usd_per_month } = limits
  return [
    ...(usd_per_month === null ? [] : [`${formatUsd(used.usd)} of ${formatUsd(usd_per_month)} a month`]),
    ...(tokens_per_day === null ? [] : [`${formatPart(used.tokens, tokens_per_day, 'token')} a day`]),
    ...(requests_per_minute === null ? [] : [`${formatPart(used.requests, requests_per_minute, 'request')} a minute`]),
  ]
}
