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

/** What is remembered of one series. Whoever asks for the same on every scrape keeps it, instead of looking the key up. */
interface Remembered<Value> {
  readonly key: string
  /** Of the last committed scrape on which it stood; null when there was none. */
  last: Value | null
  /** Of the scrape that asked last. */
  next: Value | null
  /** The scrape that asked last. */
  asked: number
  /** Higher the later it was asked for a scrape that was committed; 0 when none was. */
  used: number
  /** There was no more room for it. */
  isForgotten: boolean
}

export type KnownCounter = Remembered<number>
export type KnownHistogram = Remembered<Buckets>

/**
 * Remembers the last value of every counter of one target. One scrape is `begin`, any number of questions, then
 * `commit` when its samples were stored; without `commit` the next scrape covers both intervals and nothing is lost.
 *
 * A counter that went backwards restarted at 0, so its increase is its value. On the first scrape nothing is known: null.
 * A counter that appears on a later scrape was born at 0 since (servers create series on first use), unless the page
 * before was cut or unreadable in part. A counter that was missing for a while goes on from where it was.
 */
export class Deltas {
  readonly #counters: Memory<number>
  readonly #histograms: Memory<Buckets>
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
  /** Another number for every scrape, from 1. */
  scrape = 0

  constructor(maxKeys = 200_000) {
    this.#counters = new Memory(maxKeys)
    this.#histograms = new Memory(maxKeys)
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
    this.scrape++
    if (grown) this.#complete = false
    this.#counters.begin()
    this.#histograms.begin()
  }

  counter(key: string): KnownCounter {
    return this.#counters.of(key)
  }

  histogramOf(key: string): KnownHistogram {
    return this.#histograms.of(key)
  }

  /** Increase of a counter; null when it is unknown. A key that comes twice in a scrape counts once: 0 for the second. */
  increase(counter: string | KnownCounter, value: number): number | null {
    if (!Number.isFinite(value) || value < 0) return null
    const known = typeof counter === 'string' ? this.counter(counter) : counter
    if (!this.#counters.note(known, value)) return 0
    const before = known.last
    if (before === null) return this.#complete ? value : null
    if (value >= before && !this.#restarted) return value - before
    this.resets++
    return value
  }

  /**
   * Increase of a histogram from its cumulative counts (the last is +Inf's) and sum; null when unknown, when its bounds
   * changed (then it is a new histogram), or when the key came before in this scrape.
   */
  histogram(
    histogram: string | KnownHistogram,
    bounds: readonly number[],
    cumulative: readonly number[],
    sum: number,
  ): BucketIncrease | null {
    for (const count of cumulative) if (!Number.isFinite(count)) return null
    const known = typeof histogram === 'string' ? this.histogramOf(histogram) : histogram
    if (!this.#histograms.note(known, { bounds, cumulative, sum })) return null
    const before = known.last
    if (before === null) return this.#complete ? { counts: differences(cumulative, nothing), sum } : null
    if (!equal(before.bounds, bounds)) return null
    if (this.#restarted || isLess(cumulative, before.cumulative)) {
      this.resets++
      return { counts: differences(cumulative, nothing), sum }
    }
    return { counts: differences(cumulative, before.cumulative), sum: Math.max(sum - before.sum, 0) }
  }

  /** The scrape counts. `complete`: its page was read whole, so that what is new on the next one was born since. */
  commit(complete: boolean): void {
    const forgot = this.#counters.commit() + this.#histograms.commit()
    this.#lastAt = this.#now
    this.#startedAt = this.#start ?? this.#startedAt
    // A forgotten series that comes back would count from 0 again.
    this.#complete = complete && forgot === 0
  }
}

/** The series not asked for longest are forgotten when there are too many. */
class Memory<Value> {
  readonly #max: number
  readonly #known = new Map<string, Remembered<Value>>()
  #asked: Remembered<Value>[] = []
  #scrape = 0
  #uses = 0

  constructor(max: number) {
    this.#max = max
  }

  begin(): void {
    this.#scrape++
    this.#asked = []
    // Those of scrapes that were never committed.
    this.#trim()
  }

  of(key: string): Remembered<Value> {
    let known = this.#known.get(key)
    if (!known) this.#known.set(key, (known = { key, last: null, next: null, asked: 0, used: 0, isForgotten: false }))
    return known
  }

  /** False when the same was asked before in this scrape. */
  note(known: Remembered<Value>, value: Value): boolean {
    if (known.asked === this.#scrape) return false
    known.asked = this.#scrape
    known.next = value
    this.#asked.push(known)
    return true
  }

  /** Says how many it had to forget. */
  commit(): number {
    for (const known of this.#asked) {
      known.last = known.next
      known.used = ++this.#uses
      // Also one that was forgotten while somebody kept it.
      if (!known.isForgotten) continue
      known.isForgotten = false
      this.#known.set(known.key, known)
    }
    this.#asked = []
    return this.#trim()
  }

  #trim(): number {
    const excess = this.#known.size - this.#max
    if (excess <= 0) return 0
    const oldest = [...this.#known.values()].sort((a, b) => a.used - b.used).slice(0, excess)
    let forgotten = 0
    for (const known of oldest) {
      if (known.last !== null) forgotten++
      known.last = null
      known.isForgotten = true
      this.#known.delete(known.key)
    }
    return forgotten
  }
}

const nothing: readonly number[] = []

/** What each bucket grew by. A count below its predecessor's is the exporter's mistake and counts as 0. */
function differences(cumulative: readonly number[], before: readonly number[]): number[] {
  const counts: number[] = []
  let below = 0
  for (let index = 0; index < cumulative.length; index++) {
    const grown = (cumulative[index] ?? 0) - (before[index] ?? 0)
    counts.push(Math.max(grown - below, 0))
    below = grown
  }
  return counts
}

function isLess(counts: readonly number[], before: readonly number[]): boolean {
  for (let index = 0; index < counts.length; index++) if ((counts[index] ?? 0) < (before[index] ?? 0)) return true
  return false
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((value, index) => value === b[index]))
}
