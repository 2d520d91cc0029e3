/** Keeps every value that a rule measured, for suggestions and charts. Bounded. */
import { alertLabels, type Sample } from '../instance.ts'
import { fingerprint, type Labels } from '../labels.ts'
import type { Rule } from '../rule.ts'
import type { Answer, Moments } from './answers.ts'
import type { ValueHistory, ValueSeries } from './suggest.ts'

/** About 50 MB. */
const mostValues = 3_000_000

export class HistoryRecorder {
  readonly #rule: Rule
  readonly #moments: Moments
  readonly #series = new Map<string, ValueSeries>()
  /** What was worked out for the labels of a row. */
  readonly #known = new Map<string, ValueSeries>()
  readonly #failed = new Set<number>()
  #values = 0

  constructor(rule: Rule, moments: Moments) {
    this.#rule = rule
    this.#moments = moments
  }

  add({ at, samples }: Answer): void {
    const place = (at - this.#moments.first) / this.#moments.step_ms
    if (samples === null) return void this.#failed.add(place)
    this.#values += samples.length
    if (this.#values > mostValues) return
    for (const sample of samples) {
      const series = this.#seriesOf(sample)
      series.places.push(place)
      series.values.push(sample.value)
    }
  }

  /** Null when there were more values than are kept. */
  history(): ValueHistory | null {
    if (this.#values > mostValues) return null
    return { series: [...this.#series.values()], failed: this.#failed, moments: this.#moments }
  }

  #seriesOf(sample: Sample): ValueSeries {
    const key = JSON.stringify(sample.labels)
    const known = this.#known.get(key)
    if (known) return known
    const labels: Labels = alertLabels(this.#rule, sample)
    const print = fingerprint(labels)
    const series = this.#series.get(print) ?? { fingerprint: print, labels, places: [], values: [] }
    this.#series.set(print, series)
    this.#known.set(key, series)
    return series
  }
}

/** One line of a chart: the value farthest towards the threshold of each stretch of time. */
export interface ChartSeries {
  labels: Labels
  /** Epoch milliseconds and value, in order; nothing where nothing was measured. */
  points: [number, number][]
}

const mostSeries = 20
const mostPoints = 600

/** The instances that came farthest, at most twenty, each at most 600 points. */
export function chartOf({ series, moments }: ValueHistory, side: 'above' | 'below'): ChartSeries[] {
  const farther = (a: number, b: number) => (side === 'above' ? a > b : a < b)
  const farthest = ({ values }: ValueSeries) => values.reduce((best, value) => (farther(value, best) ? value : best))
  const perPoint = Math.ceil(moments.count / mostPoints)
  const ranked = series.filter(({ values }) => values.length > 0).map((one) => ({ one, peak: farthest(one) }))
  ranked.sort((a, b) => (farther(a.peak, b.peak) ? -1 : 1))
  return ranked.slice(0, mostSeries).map(({ one: { labels, places, values } }) => {
    const points = new Map<number, [number, number]>()
    for (const [index, place] of places.entries()) {
      const value = values[index] ?? NaN
      const stretch = Math.floor(place / perPoint)
      const before = points.get(stretch)
      if (!before || farther(value, before[1])) points.set(stretch, [moments.first + place * moments.step_ms, value])
    }
    return { labels, points: [...points.values()] }
  })
}
