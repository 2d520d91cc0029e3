/** Increases of counters and histograms between two scrapes of one target, safe against restarts. */

/** Increase of one histogram. `counts` has one entry per bound and one more for +Inf; not cumulative. */
export interface BucketIncrease {
  counts: number[]
  sum: number
}

interface Buckets {
  bounds: readonly number[]
  cumulative: readonly number[]
  sum: number
}

/**
 * Remembers the last value of every counter of one target. One scrape is `begin`, any number of questions, then
 * `commit` when its samples were stored; without `commit` the next scrape covers both intervals and nothing is lost.
 *
 * A counter that went backwards restarted at 0, so its increase is its value. On the first scrape nothing is known: null.
 * A counter that appears on a later scrape was born at 0 since (servers create series on first use), unless the page
 * before was cut or unreadable in part. A counter that was missing for a while goes on from where it was.
 */
export class Deltas {
  #counters = new Map<string, number>()
  #histograms = new Map<string, Buckets>()
  #nextCounters = new Map<string, number>()
  #nextHistograms = new Map<string, Buckets>()
  readonly #maxKeys: number
  #lastAt: number | null = null
  #startedAt: number | null = null
  #now = 0
  #start: number | null = null
  #complete = false
  #restarted = false
  /** Since the last committed scrape, in ms; null on the first. */
  interval_ms: number | null = null
  /** How often something went backwards since `begin`. */
  resets = 0

  constructor(maxKeys = 200_000) {
    this.#maxKeys = maxKeys
  }

  /**
   * Starts a scrape at `now` (epoch ms). `processStart` is the server's process_start_time_seconds: when it moves, every
   * counter restarted, also those that have grown past their old value already. `grown`: the page goes on where the one
   * before ended, which may have been cut there: what is new on it is not taken for born since.
   */
  begin(now: number, processStart: number | null = null, grown = false): void {
    this.#now = now
    this.#start = processStart
    this.#restarted = this.#startedAt !== null && processStart !== null && Math.abs(processStart - this.#startedAt) > 1
    this.interval_ms = this.#lastAt === null ? null : Math.max(now - this.#lastAt, 0)
    this.resets = 0
    if (grown) this.#complete = false
    this.#nextCounters = new Map()
    this.#nextHistograms = new Map()
  }

  /** Increase of a counter; null when it is unknown. A key that comes twice in a scrape counts once: 0 for the second. */
  increase(key: string, value: number): number | null {
    if (!Number.isFinite(value) || value < 0) return null
    if (this.#nextCounters.has(key)) return 0
    this.#nextCounters.set(key, value)
    const before = this.#counters.get(key)
    if (before === undefined) return this.#complete ? value : null
    if (value >= before && !this.#restarted) return value - before
    this.resets++
    return value
  }

  /**
   * Increase of a histogram from its cumulative counts (the last is +Inf's) and sum; null when unknown, when its bounds
   * changed (then it is a new histogram), or when the key came before in this scrape.
   */
  histogram(key: string, bounds: number[], cumulative: number[], sum: number): BucketIncrease | null {
    if (this.#nextHistograms.has(key) || cumulative.some((count) => !Number.isFinite(count))) return null
    this.#nextHistograms.set(key, { bounds, cumulative, sum })
    const before = this.#histograms.get(key)
    if (before === undefined) return this.#complete ? { counts: differences(cumulative), sum } : null
    if (!equal(before.bounds, bounds)) return null
    if (this.#restarted || cumulative.some((count, index) => count < (before.cumulative[index] ?? 0))) {
      this.resets++
      return { counts: differences(cumulative), sum }
    }
    const grown = cumulative.map((count, index) => count - (before.cumulative[index] ?? 0))
    return { counts: differences(grown), sum: Math.max(sum - before.sum, 0) }
  }

  /** The scrape counts. `complete`: its page was read whole, so that what is new on the next one was born since. */
  commit(complete: boolean): void {
    for (const [key, value] of this.#nextCounters) {
      // Deleted first, so that the map's order is that of last use and the oldest can be forgotten.
      this.#counters.delete(key)
      this.#counters.set(key, value)
    }
    for (const [key, value] of this.#nextHistograms) {
      this.#histograms.delete(key)
      this.#histograms.set(key, value)
    }
    const forgot = trim(this.#counters, this.#maxKeys) + trim(this.#histograms, this.#maxKeys)
    this.#lastAt = this.#now
    this.#startedAt = this.#start ?? this.#startedAt
    // A forgotten series that comes back would count from 0 again.
    this.#complete = complete && forgot === 0
  }
}

/** From cumulative to per bucket. A count below its predecessor's is the exporter's mistake and counts as 0. */
function differences(cumulative: number[]): number[] {
  return cumulative.map((count, index) => Math.max(count - (cumulative[index - 1] ?? 0), 0))
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index])
}

function trim(map: Map<string, unknown>, max: number): number {
  let forgotten = 0
  for (const key of map.keys()) {
    if (map.size <= max) break
    map.delete(key)
    forgotten++
  }
  return forgotten
}
