/** Buckets of histograms: how much they grew between two points, and exponential ones as bounds. Pure. */

export interface ExplicitBuckets {
  kind: 'explicit'
  /** Upper bounds, rising. */
  bounds: readonly number[]
  /** One more than there are bounds: the last is +Inf's. Not cumulative. */
  counts: readonly number[]
}

/** Bucket i holds what is above base^i and at most base^(i+1), base being 2^(2^-scale); negative ones mirror that. */
export interface ExponentialBuckets {
  kind: 'exponential'
  scale: number
  /** Values as close to 0 as `zero_threshold`. */
  zero_count: number
  zero_threshold: number
  /** By index; without those that are empty. */
  positive: ReadonlyMap<number, number>
  negative: ReadonlyMap<number, number>
}

export type Buckets = ExplicitBuckets | ExponentialBuckets

/** Bounds of an exponential histogram that is written down; SDKs hold up to 160 buckets. */
const maxBounds = 160

/** What came to `before` to make `now`: fell when a count went down, other when the two cannot be compared. */
export function growth(before: Buckets, now: Buckets): Buckets | 'fell' | 'other' {
  if (before.kind === 'explicit' && now.kind === 'explicit') return explicitGrowth(before, now)
  if (before.kind === 'exponential' && now.kind === 'exponential') return exponentialGrowth(before, now)
  return 'other'
}

export function total(buckets: Buckets): number {
  if (buckets.kind === 'explicit') return sum(buckets.counts)
  return sum(buckets.positive.values()) + sum(buckets.negative.values()) + buckets.zero_count
}

/** As bounds and counts; exponential buckets are merged in pairs until they are few enough. */
export function explicit(buckets: Buckets): { bounds: number[]; counts: number[] } {
  if (buckets.kind === 'explicit') return { bounds: [...buckets.bounds], counts: [...buckets.counts] }
  let found = bounded(buckets)
  for (let merged = buckets; found.bounds.length > maxBounds; found = bounded(merged))
    merged = atScale(merged, merged.scale - 1)
  return found
}

function explicitGrowth(before: ExplicitBuckets, now: ExplicitBuckets): ExplicitBuckets | 'fell' | 'other' {
  const { bounds, counts } = now
  if (bounds.length !== before.bounds.length || bounds.some((bound, i) => bound !== before.bounds[i])) return 'other'
  const grown = counts.map((count, i) => count - (before.counts[i] ?? 0))
  return grown.some((count) => count < 0) ? 'fell' : { kind: 'explicit', bounds, counts: grown }
}

/** An SDK merges buckets when values spread: both are brought to the coarser scale and the wider zero. */
function exponentialGrowth(before: ExponentialBuckets, now: ExponentialBuckets): ExponentialBuckets | 'fell' | 'other' {
  const scale = Math.min(before.scale, now.scale)
  const threshold = Math.max(before.zero_threshold, now.zero_threshold)
  const old = withZero(atScale(before, scale), threshold)
  const young = withZero(atScale(now, scale), threshold)
  const positive = difference(old.positive, young.positive)
  const negative = difference(old.negative, young.negative)
  const zero_count = young.zero_count - old.zero_count
  // Through the middle of a bucket, a wider zero takes a part of it that nobody knows.
  if (!positive || !negative || zero_count < 0) return before.zero_threshold === now.zero_threshold ? 'fell' : 'other'
  return { ...young, zero_count, positive, negative }
}

/** Null when a count went down. */
function difference(before: ReadonlyMap<number, number>, now: ReadonlyMap<number, number>): Map<number, number> | null {
  for (const [index, count] of before) if ((now.get(index) ?? 0) < count) return null
  const grown = [...now].map(([index, count]): [number, number] => [index, count - (before.get(index) ?? 0)])
  return new Map(grown.filter(([, count]) => count > 0))
}

/** Merges buckets: the scale must be at most theirs. */
function atScale(buckets: ExponentialBuckets, scale: number): ExponentialBuckets {
  if (scale === buckets.scale) return buckets
  const width = 2 ** (buckets.scale - scale)
  const merged = (counts: ReadonlyMap<number, number>) => {
    const fewer = new Map<number, number>()
    for (const [index, count] of counts) {
      const wider = Math.floor(index / width)
      fewer.set(wider, (fewer.get(wider) ?? 0) + count)
    }
    return fewer
  }
  return { ...buckets, scale, positive: merged(buckets.positive), negative: merged(buckets.negative) }
}

/** Buckets within `threshold` of 0 become part of the zero bucket. */
function withZero(buckets: ExponentialBuckets, threshold: number): ExponentialBuckets {
  if (threshold <= buckets.zero_threshold) return buckets
  let { zero_count } = buckets
  const kept = (counts: ReadonlyMap<number, number>) =>
    new Map(
      [...counts].filter(([index, count]) => {
        const outside = power(index + 1, buckets.scale) > threshold
        if (!outside) zero_count += count
        return outside
      }),
    )
  const positive = kept(buckets.positive)
  const negative = kept(buckets.negative)
  return { ...buckets, zero_count, zero_threshold: threshold, positive, negative }
}

function bounded({ scale, zero_count, zero_threshold, positive, negative }: ExponentialBuckets) {
  const bounds: number[] = []
  const counts: number[] = []
  let beyond = 0
  const put = (lower: number, upper: number, count: number) => {
    const last = bounds.at(-1) ?? -Infinity
    if (lower > last && Number.isFinite(lower)) {
      bounds.push(lower)
      counts.push(0)
    }
    if (upper === Infinity) beyond += count
    // So close to 0 that a double cannot tell the bounds apart.
    else if (upper <= (bounds.at(-1) ?? -Infinity)) counts.push((counts.pop() ?? 0) + count)
    else {
      bounds.push(upper)
      counts.push(count)
    }
  }
  for (const [index, count] of [...negative].sort(([a], [b]) => b - a))
    put(-power(index + 1, scale), -power(index, scale), count)
  if (zero_count > 0) put(-Infinity, zero_threshold, zero_count)
  for (const [index, count] of [...positive].sort(([a], [b]) => a - b))
    put(power(index, scale), power(index + 1, scale), count)
  return { bounds: bounds.map((bound) => bound + 0), counts: [...counts, beyond] }
}

/** base^index */
const power = (index: number, scale: number) => 2 ** (index / 2 ** scale)

function sum(counts: Iterable<number>): number {
  let found = 0
  for (const count of counts) found += count
  return found
}
