/** Samples of the time in which each key was last seen: what it is like now needs no other ones of a long range. */
import type { TimeRange } from '../../records/time-range.ts'

const hour = 3_600_000
const day = 24 * hour

/**
 * A condition on samples, further to their range: in the last hour in which their key was seen, as the rollup of an hour says, or
 * at the end of the range, which that rollup may not have yet. Up to 24 h it lets everything through.
 */
export function lastSeen(range: TimeRange, rollup: 'gpu_1h' | 'server_1h', keys: readonly string[]): string {
  if (range.to - range.from <= day) return 'true'
  return `(timestamp >= fromUnixTimestamp64Milli({newest_ms:Int64}, 'UTC') or toStartOfHour(timestamp) in (
      select max(h.timestamp) from ${rollup} as h
      where h.timestamp >= fromUnixTimestamp64Milli({first_hour_ms:Int64}, 'UTC')
        and h.timestamp < fromUnixTimestamp64Milli({last_hour_ms:Int64}, 'UTC') and h.samples > 0
      group by ${keys.map((key) => `h.${key}`).join(', ')}))`
}

export function lastSeenBounds({ from, to }: TimeRange): Record<string, number> {
  const last_hour_ms = Math.floor(to / hour) * hour
  return { newest_ms: last_hour_ms - hour, last_hour_ms, first_hour_ms: Math.floor(from / hour) * hour }
}
