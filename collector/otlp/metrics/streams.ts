/** From points to increases: what came since the point before of the same series. State is bounded, and lost at a restart. */
import type { EpochMicros } from '../../../records/span.ts'
import { growth } from './buckets.ts'
import type { Distribution, HistogramPoint } from './point.ts'

export interface Increase {
  distribution: Distribution
  /** When it began; null when nobody knows. */
  since: EpochMicros | null
  /** The client counted anew without saying so. */
  reset?: boolean
}

/** Why a point adds nothing. */
export type Skipped =
  | 'duplicate_point'
  | 'out_of_order_point'
  /** The first of its series, which began before this process did: an earlier one may have counted it. */
  | 'first_after_restart'
  /** The first since its series, or a younger one, was forgotten for want of room. */
  | 'first_after_eviction'
  /** The first of a series that does not say when it began. */
  | 'unknown_start'
  | 'buckets_changed'

/** A series from one start on: another start is another life of it, and two processes that share a name are two. */
interface Stream {
  start: EpochMicros
  time: EpochMicros
  distribution: Distribution
}

/**
 * A request is `begin`, any number of points, then `commit` when their rows are durable, or `rollback`, after which sending
 * them again gives the same. What cannot be known is left out rather than counted twice.
 */
export class Streams {
  readonly #streams = new Map<string, Stream>()
  readonly #times = new Map<string, string>()
  #nextStreams = new Map<string, Stream>()
  #nextTimes = new Map<string, string>()
  readonly #since: EpochMicros
  readonly #maxSeries: number
  /** The latest start of a stream that was forgotten. */
  #forgotten: EpochMicros = 0
  #now: EpochMicros = 0

  /** `since`: the time from which on this process has seen every point. */
  constructor(since: EpochMicros, maxSeries: number) {
    this.#since = since
    this.#maxSeries = maxSeries
  }

  begin(now: EpochMicros): void {
    this.#now = now
    this.rollback()
  }

  commit(): void {
    for (const [key, stream] of this.#nextStreams) renew(this.#streams, key, stream)
    for (const [key, time] of this.#nextTimes) renew(this.#times, key, time)
    for (const { start } of trim(this.#streams, this.#maxSeries)) this.#forgotten = Math.max(this.#forgotten, start)
    trim(this.#times, this.#maxSeries)
    this.rollback()
  }

  rollback(): void {
    this.#nextStreams = new Map()
    this.#nextTimes = new Map()
  }

  /** Whether the last point of the series had the same times: a request was sent again. */
  repeated(series: string, start: EpochMicros, time: EpochMicros): boolean {
    const times = `${start} ${time}`
    const last = this.#nextTimes.get(series) ?? this.#times.get(series)
    this.#nextTimes.set(series, times)
    return last === times
  }

  increase(series: string, point: HistogramPoint): Increase | Skipped {
    const { start, time, distribution, temporality } = point
    if (temporality === 'cumulative') return this.#cumulative(`${series} ${start}`, point)
    return this.repeated(series, start, time) ? 'duplicate_point' : { distribution, since: start || null }
  }

  #cumulative(key: string, { start, time, distribution }: HistogramPoint): Increase | Skipped {
    const before = this.#nextStreams.get(key) ?? this.#streams.get(key)
    if (before && time <= before.time) return time === before.time ? 'duplicate_point' : 'out_of_order_point'
    this.#nextStreams.set(key, { start, time, distribution })
    if (!before) return this.#doubt(start, time) ?? { distribution, since: start }
    const buckets = growth(before.distribution.buckets, distribution.buckets)
    if (buckets === 'other') return 'buckets_changed'
    if (buckets === 'fell') return { distribution, since: before.time, reset: true }
    const { count, sum } = before.distribution
    const grown = {
      count: distribution.count - count,
      sum: sum === null || distribution.sum === null ? null : distribution.sum - sum,
      // Of all observations since the start: what they were in this interval is not known.
      min: null,
      max: null,
      buckets,
    }
    return { distribution: grown, since: before.time }
  }

  /** Why the first point of a stream may have been counted before; null when it surely was not. */
  #doubt(start: EpochMicros, time: EpochMicros): Skipped | null {
    // A start that equals the time is how clients say that they do not know it.
    if (start === 0 || start >= time) return 'unknown_start'
    // No point is taken in the future: a client that says so has a clock ahead of ours.
    const ahead = Math.max(time - this.#now, 0)
    if (start - ahead < this.#since) return 'first_after_restart'
    return start <= this.#forgotten ? 'first_after_eviction' : null
  }
}

/** Deleted first, so that the map's order is that of last use and the oldest can be forgotten. */
function renew<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
}

function trim<T>(map: Map<string, T>, max: number): T[] {
  const gone: T[] = []
  for (const [key, value] of map) {
    if (map.size <= max) break
    map.delete(key)
    gone.push(value)
  }
  return gone
}
