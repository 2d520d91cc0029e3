/** Samples of the time in which each key was last seen: what it is like now needs no other ones of a long range. */
import type { TimeRange } from '../../records/time-range.ts'

const hour = 3_600_000
const day = 24 * hour

const samplesOf = { gpu_1h: 'gpu_samples', server_1h: 'server_samples' } as const
/** Of so short a range, all samples are read as quickly. */
const readWhole = 2 * hour

/**
 * A condition on samples, further to their range: in the last hour in which their key was seen. Up to 24 h the samples themselves say
 * so; beyond, the rollup of an hour, and what is at the end of the range, which that rollup may not have yet, counts too.
 */
export function lastSeen(range: TimeRange, rollup: 'gpu_1h' | 'server_1h', keys: readonly string[]): string {
  if (range.to - range.from <= readWhole) return 'true'
  const by = keys.map((key) => `h.${key}`).join(', ')
  if (range.to - range.from <= day)
    return `toStartOfHour(timestamp) in (
      select toStartOfHour(max(h.timestamp)) from ${samplesOf[rollup]} as h
      where h.timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}) and h.timestamp < fromUnixTimestamp64Milli({to_ms:Int64})
      group by ${by})`
  return `(timestamp >= fromUnixTimestamp64Milli({newest_ms:Int64}, 'UTC') or toStartOfHour(timestamp) in (
      select max(h.timestamp) from ${rollup} as h
      where h.timestamp >= fromUnixTimestamp64Milli({first_hour_ms:Int64}, 'UTC')
        and h.timestamp < fromUnixTimestamp64Milli({last_hour_ms:Int64}, 'UTC') and h.samples > 0
      group by ${by}))`
}

export function lastSeenBounds({ from, to }: TimeRange): Record<string, number> {
  const last_hour_ms = Math.floor(to / hour) * hour
  return { newest_ms: last_hour_ms - hour, last_hour_ms, first_hour_ms: Math.floor(from / hour) * hour }
}
