/**
 * Quantiles of histograms whose observations are known by bucket only, with how far they may be off. Counts of equal bounds add
 * up; those of different bounds never do: each has a count at its own bounds, and the quantile is narrowed down by all of them.
 */

/** Observations of histograms with equal bounds. `counts` has one more entry than `bounds_ms`: above the last. Not cumulative. */
export interface BucketCounts {
  bounds_ms: readonly number[]
  counts: readonly number[]
}

export interface BucketQuantile {
  /**
   * As Prometheus' histogram_quantile estimates it: as if observations were spread evenly over their bucket. Above the last bound
   * it is that bound.
   */
  value_ms: number
  /** The quantile is above this bound, whatever the spread; 0 in the first bucket. */
  low_ms: number
  /** The quantile is at most this bound; null above the last one, where nothing is known but `low_ms`. */
  high_ms: number | null
}

/** The sum of all counts. */
export function observationsOf(groups: readonly BucketCounts[]): number {
  return groups.reduce((sum, { counts }) => sum + total(counts), 0)
}

/** The quantile at `level` (0 to 1) over all groups together, one entry per set of bounds. Null without observations. */
export function bucketQuantile(groups: readonly BucketCounts[], level: number): BucketQuantile | null {
  const seen = groups.filter(({ counts }) => total(counts) > 0).map(cumulated)
  const rank = level * observationsOf(groups)
  const bounds = [...new Set(seen.flatMap(({ bounds_ms }) => bounds_ms))].sort((a, b) => a - b)
  const last = bounds.at(-1)
  if (last === undefined) return null
  const countsAt = (which: (group: Cumulated, bound: number) => number) => (bound: number) =>
    seen.reduce((sum, group) => sum + which(group, bound), 0)
  const high_ms = bounds.find((bound) => countsAt(atLeast)(bound) >= rank) ?? null
  const low_ms = bounds.findLast((bound) => countsAt(atMost)(bound) < rank) ?? 0
  return { value_ms: interpolated(bounds, countsAt(estimated), rank), low_ms, high_ms }
}

/** Where the count of observations up to a value, a line between bounds, reaches `rank`. */
function interpolated(bounds: readonly number[], countAt: (bound: number) => number, rank: number): number {
  const at = bounds.findIndex((bound) => countAt(bound) >= rank)
  const end = bounds[at]
  if (end === undefined) return bounds.at(-1) ?? 0
  // A first bound that is not above zero has no lower end to begin at.
  if (at === 0 && end <= 0) return end
  const start = bounds[at - 1] ?? 0
  const before = at === 0 ? 0 : countAt(start)
  return start + ((end - start) * (rank - before)) / Math.max(countAt(end) - before, Number.MIN_VALUE)
}

interface Cumulated {
  bounds_ms: readonly number[]
  /** Observations up to each bound. */
  upTo: readonly number[]
  all: number
}

function cumulated({ bounds_ms, counts }: BucketCounts): Cumulated {
  let sum = 0
  const upTo = bounds_ms.map((_, index) => (sum += counts[index] ?? 0))
  return { bounds_ms, upTo, all: total(counts) }
}

/** Observations that are surely not above `bound`. */
function atLeast({ bounds_ms, upTo }: Cumulated, bound: number): number {
  return upTo[bounds_ms.findLastIndex((own) => own <= bound)] ?? 0
}

/** Observations that may be at or below `bound`. */
function atMost({ bounds_ms, upTo, all }: Cumulated, bound: number): number {
  return upTo[bounds_ms.findIndex((own) => own >= bound)] ?? all
}

/** Observations at or below `bound` when those of a bucket are spread evenly; those above the last bound stay above. */
function estimated(group: Cumulated, bound: number): number {
  const { bounds_ms, upTo } = group
  const at = bounds_ms.findIndex((own) => own >= bound)
  if (at === -1) return upTo.at(-1) ?? 0
  const start = bounds_ms[at - 1] ?? 0
  const end = bounds_ms[at] ?? start
  const before = upTo[at - 1] ?? 0
  const share = end === bound ? 1 : (bound - start) / (end - start)
  return before + ((upTo[at] ?? before) - before) * Math.max(share, 0)
}

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0)
