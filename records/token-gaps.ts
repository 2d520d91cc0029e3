/**
 * Gaps between the tokens of a streamed answer, counted in fixed buckets: exact enough for percentiles of inter-token latency,
 * small enough to keep for every call. Pure.
 */

const leastMs = 0.1
/** Bounds to a doubling: neighbours are 19 % apart. */
const perDoubling = 4
const boundCount = 80

/** Upper bounds of the buckets in ms, 0.1 to 88,313; one bucket more holds what is longer. */
export const gapBoundsMs: readonly number[] = Array.from(
  { length: boundCount },
  (_, index) => leastMs * 2 ** (index / perDoubling),
)

/** The bucket of a gap: the first whose bound is not below it. */
export function gapBucket(gapMs: number): number {
  if (!(gapMs > leastMs)) return 0
  return Math.min(Math.ceil(Math.log2(gapMs / leastMs) * perDoubling - 1e-9), boundCount)
}

/** The gap below which a share `quantile` of all gaps lies, interpolated within its bucket; null without gaps. */
export function gapQuantile(counts: readonly number[], quantile: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  let below = 0
  for (const [index, count] of counts.entries()) {
    const wanted = quantile * total - below
    if (count > 0 && wanted <= count) {
      const upper = gapBoundsMs[Math.min(index, boundCount - 1)] ?? 0
      const lower = index === 0 ? 0 : (gapBoundsMs[index - 1] ?? upper)
      return lower + (upper - lower) * (Math.max(wanted, 0) / count)
    }
    below += count
  }
  return gapBoundsMs.at(-1) ?? null
}
