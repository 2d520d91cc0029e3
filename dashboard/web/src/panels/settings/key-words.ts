/** Virtual keys as people read them. */
import type { KeyRow } from '../../data/settings.ts'
import { formatExact, formatUsd } from '../../lib/format.ts'

/** What a key used of each limit that it has. */
export function limitsOf({ limits, used }: KeyRow): string[] {
  const { requests_per_minute, tokens_per_day, usd_per_month } = limits
  return [
    ...(usd_per_month === null ? [] : [`${formatUsd(used.usd)} of ${formatUsd(usd_per_month)} a month`]),
    ...(tokens_per_day === null ? [] : [`${formatExact(used.tokens)} of ${formatExact(tokens_per_day)} tokens a day`]),
    ...(requests_per_minute === null
      ? []
      : [`${formatExact(used.requests)} of ${formatExact(requests_per_minute)} requests a minute`]),
  ]
}
