/** Histograms as they stand on a page. */
import type { Sample } from './families.ts'
import { parseNumber, type Series } from './sample-line.ts'

/** One histogram series, by the samples that hold its counts. */
export interface HistogramSeries {
  key: string
  labels: ReadonlyMap<string, string>
  bounds: number[]
  /** One for each of `bounds`. */
  buckets: Sample[]
  /** The bucket without bound, or the number of observations. */
  all: Sample
  sum: Sample
}

/** What a histogram grew by; not cumulative. */
export interface Buckets {
  bounds: number[]
  counts: number[]
  sum: number
}

interface Draft {
  labels: ReadonlyMap<string, string>
  buckets: Map<number, Sample>
  sum?: Sample
  count?: Sample
}

/** What a series is of a histogram. */
interface Part {
  kind: 'bucket' | 'sum' | 'count'
  /** Equal for all parts of one histogram series. */
  key: string
  /** Of a bucket; null when it is no number. */
  bound: number | null
}

/** The histograms among `samples`. One without its sum or number was cut off with the page, and is left out. */
export function histogramSeries(samples: readonly Sample[]): HistogramSeries[] {
  const drafts = new Map<string, Draft>()
  for (const sample of samples) {
    const part = partOf(sample.series)
    if (!part) continue
    const { kind, key, bound } = part
    let draft = drafts.get(key)
    if (!draft) drafts.set(key, (draft = { labels: sample.series.labels, buckets: new Map() }))
    if (kind === 'sum') draft.sum ??= sample
    else if (kind === 'count') draft.count ??= sample
    else if (bound !== null && !draft.buckets.has(bound)) draft.buckets.set(bound, sample)
  }
  return [...drafts].flatMap(([key, draft]) => finish(key, draft) ?? [])
}

/** As they stand on the page; the last is of all observations. */
export function cumulativeCounts({ buckets, all }: HistogramSeries): number[] {
  const counts: number[] = []
  for (const { value } of buckets) counts.push(value)
  counts.push(all.value)
  return counts
}

function partOf({ name, group, labels }: Series): Part | null {
  const [, histogram, kind] = /^(.*)_(bucket|sum|count)$/.exec(name) ?? []
  if (kind !== 'bucket' && kind !== 'sum' && kind !== 'count') return null
  return { kind, key: `${histogram}\u0002${group}`, bound: kind === 'bucket' ? boundOf(labels.get('le')) : null }
}

function finish(key: string, { labels, buckets, sum, count }: Draft): HistogramSeries | null {
  const all = buckets.get(Infinity) ?? count
  if (!all || !sum) return null
  const bounded = [...buckets].filter(([bound]) => bound !== Infinity).sort(([a], [b]) => a - b)
  return {
    key,
    labels,
    bounds: bounded.map(([bound]) => bound),
    buckets: bounded.map(([, sample]) => sample),
    all,
    sum,
  }
}

/** Buckets add up only where bounds match; an engine with others than the first is of another version, and left out. */
export function addBuckets(all: readonly Buckets[]): Buckets | null {
  const [first] = all
  if (!first || all.length === 1) return first ?? null
  const same = all.filter(({ bounds }) => String(bounds) === String(first.bounds))
  return {
    bounds: first.bounds,
    counts: first.counts.map((_, index) => same.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0)),
    sum: same.reduce((sum, buckets) => sum + buckets.sum, 0),
  }
}

function boundOf(text: string | undefined): number | null {
  try {
    return parseNumber(text ?? '')
  } catch {
    return null
  }
}

const inMs = new Map<number, number>()

/** Bounds such as 0.3 s come out as 300, not 300.00000000000006. */
export function scaled(bound: number, unit: number): number {
  if (unit === 1) return bound
  if (unit !== 1000) return Number((bound * unit).toPrecision(12))
  let ms = inMs.get(bound)
  if (ms !== undefined) return ms
  ms = Number((bound * unit).toPrecision(12))
  // Few bounds are in use; a page that keeps inventing them must not fill the memory.
  if (inMs.size < 10_000) inMs.set(bound, ms)
  return ms
}
