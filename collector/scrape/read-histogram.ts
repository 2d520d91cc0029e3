/** Histograms as they stand on a page. */
import type { Sample } from './families.ts'
import { parseNumber } from './sample-line.ts'

/** One histogram series; `cumulative` has one more entry than `bounds`: the last is +Inf. */
export interface Points {
  key: string
  labels: ReadonlyMap<string, string>
  bounds: number[]
  cumulative: number[]
  sum: number
}

/** What a histogram grew by; not cumulative. */
export interface Buckets {
  bounds: number[]
  counts: number[]
  sum: number
}

interface Draft {
  labels: ReadonlyMap<string, string>
  buckets: Map<number, number>
  sum: number | null
  count: number | null
}

/** The histograms among `samples`. One without its sum or number was cut off with the page, and is left out. */
export function pointsBySeries(samples: readonly Sample[]): Points[] {
  const drafts = new Map<string, Draft>()
  for (const { series, value } of samples) {
    const name = /^(.*)_(bucket|sum|count)$/.exec(series.name)
    if (!name) continue
    const key = `${name[1]}\u0002${series.group}`
    let draft = drafts.get(key)
    if (!draft) drafts.set(key, (draft = { labels: series.labels, buckets: new Map(), sum: null, count: null }))
    if (name[2] === 'sum') draft.sum ??= value
    else if (name[2] === 'count') draft.count ??= value
    else {
      const bound = boundOf(series.labels.get('le'))
      if (bound !== null && !draft.buckets.has(bound)) draft.buckets.set(bound, value)
    }
  }
  return [...drafts].flatMap(([key, draft]) => finish(key, draft) ?? [])
}

function finish(key: string, { labels, buckets, sum, count }: Draft): Points | null {
  const all = buckets.get(Infinity) ?? count
  if (all === null || sum === null) return null
  const bounds = [...buckets.keys()].filter((bound) => bound !== Infinity).sort((a, b) => a - b)
  return { key, labels, bounds, cumulative: [...bounds.map((bound) => buckets.get(bound) ?? 0), all], sum }
}

/** Buckets add up only where bounds match; an engine with others than the first is of another version, and left out. */
export function addBuckets(all: readonly Buckets[]): Buckets | null {
  const [first] = all
  if (!first) return null
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
