/** Where "what differs here?" leads: the explorer of requests, with a part of its heatmap brushed. */
import { elsewhere } from './elsewhere.ts'
import { defaultMeasure, type HeatmapMeasure, type Search } from './search.ts'

/** Epoch ms. */
export interface Times {
  from: number
  to: number
}

/** Which requests of a time a chart is about; all of them unless said. */
export interface About {
  /** What the heatmap shows of them. */
  measure?: HeatmapMeasure
  /** Only those with at least so much of it; null is all of them. */
  min?: number | null
  filters?: Search['filters']
}

/** The explorer with the requests of some time brushed; those of the rest of the range are what they are compared with. */
export function whyOf(search: Search, { from, to }: Times, { measure = defaultMeasure, min = null, filters }: About) {
  return {
    ...elsewhere({ ...search, filters: { ...search.filters, ...filters } }),
    ...(measure !== defaultMeasure && { measure }),
    brush: { from, to, min, max: null },
  } satisfies Search
}

/** The same about all of a range: compared with the equally long time before it, for nothing else is in view. */
export function whyInView(search: Search, { from, to }: Times, about: About) {
  const { range: _range, ...rest } = search
  return whyOf({ ...rest, from: from - (to - from), to }, { from, to }, about)
}

export interface Told {
  /** One value a bucket. */
  values: readonly (number | null)[]
  /** Whose requests it tells of. */
  filters: Search['filters']
}

interface Buckets {
  times: readonly number[]
  step_ms: number
}

/**
 * Of lines that each tell a high quantile, the one that is highest in some time against what is usual of it, and its requests that
 * take longer than that: the middle value of the buckets outside that time, or of all where none is outside.
 */
export function slowIn(
  { times, step_ms }: Buckets,
  lines: readonly Told[],
  { from, to }: Times,
): Pick<About, 'min' | 'filters'> {
  const found = lines.map(({ values, filters }) => {
    const known = times.flatMap((at, index) => {
      const value = values[index] ?? null
      return value === null ? [] : [{ value, inside: at < to && at + step_ms > from }]
    })
    const [inside, outside] = [known.filter((one) => one.inside), known.filter((one) => !one.inside)]
    const usual = middleOf((outside.length > 0 ? outside : inside).map(({ value }) => value))
    const highest = Math.max(...inside.map(({ value }) => value))
    return { filters, usual, times: usual === null || usual === 0 ? -Infinity : highest / usual }
  })
  const [most] = found.toSorted((a, b) => b.times - a.times)
  if (!most || most.usual === null || most.times === -Infinity) return {}
  return { filters: most.filters, min: Number(most.usual.toPrecision(3)) }
}

function middleOf(values: number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null
}
