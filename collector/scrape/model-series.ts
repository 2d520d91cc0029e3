/** The series of one model on pages with the same families, and what they grew by. */
import type { BucketIncrease, Deltas, KnownCounter, KnownHistogram } from './delta.ts'
import type { Sample } from './families.ts'
import {
  addBuckets,
  cumulativeCounts,
  histogramSeries,
  scaled,
  type Buckets,
  type HistogramSeries,
} from './read-histogram.ts'
import type { Selection } from './select.ts'
import type { Selector } from './server.ts'

/** What was asked of a series on the page of `asked`. */
interface Asked<Known, Increase> {
  known: Known
  asked: number
  grown: Increase | null
}

/** A histogram as one measure reads it. */
export interface MeasuredHistogram {
  series: HistogramSeries
  /** In the unit of the measure. */
  bounds: number[]
  increase: Asked<KnownHistogram, BucketIncrease>
  /** Equal for ranks that report the same work. */
  work: string
}

/** Every series is asked for its increase once a scrape, however many measures read it. */
export class ModelSeries {
  readonly #model: string
  readonly #selection: Selection
  readonly #deltas: Deltas
  readonly #repeatedOver: readonly string[]
  readonly #counters = new Map<Sample, Asked<KnownCounter, number>>()
  readonly #histograms = new Map<string, Asked<KnownHistogram, BucketIncrease>>()
  readonly #works = new Map<Sample, string>()

  constructor(model: string, selection: Selection, deltas: Deltas, repeatedOver: readonly string[]) {
    this.#model = model
    this.#selection = selection
    this.#deltas = deltas
    this.#repeatedOver = repeatedOver
  }

  get interval_ms(): number | null {
    return this.#deltas.interval_ms
  }

  /** Samples of the first alias that has some. */
  of(names: readonly Selector[]): readonly Sample[] {
    for (const name of names) {
      const samples = this.#selection.found.get(name)?.samples.get(this.#model)
      if (samples) return samples
    }
    return []
  }

  /** Whether the model has series of one of the names, whatever their labels. */
  standBeside(names: readonly Selector[]): boolean {
    return names.some((name) => this.#selection.found.get(name)?.models.has(this.#model))
  }

  /** Null when it is unknown. */
  readonly increase = (sample: Sample): number | null => {
    let asked = this.#counters.get(sample)
    if (!asked) {
      asked = { known: this.#deltas.counter(sample.series.key), asked: 0, grown: null }
      this.#counters.set(sample, asked)
    }
    if (asked.asked === this.#deltas.scrape) return asked.grown
    asked.asked = this.#deltas.scrape
    asked.grown = this.#deltas.increase(asked.known, sample.value)
    return asked.grown
  }

  /** The known ones of the values; of ranks that report the same work only the highest. */
  once(samples: readonly Sample[], valueOf: (sample: Sample) => number | null): number[] {
    const values: number[] = []
    const byWork = this.#repeatedOver.length === 0 ? null : new Map<string, number>()
    for (const sample of samples) {
      const value = valueOf(sample)
      if (value === null) continue
      if (!byWork) {
        values.push(value)
        continue
      }
      const work = this.#workOf(sample)
      byWork.set(work, Math.max(value, byWork.get(work) ?? 0))
    }
    return byWork ? [...byWork.values()] : values
  }

  histograms(names: readonly Selector[], unit: number): MeasuredHistogram[] {
    return histogramSeries(this.of(names)).map((series) => {
      let increase = this.#histograms.get(series.key)
      if (!increase) {
        increase = { known: this.#deltas.histogramOf(series.key), asked: 0, grown: null }
        this.#histograms.set(series.key, increase)
      }
      const bounds = series.bounds.map((bound) => scaled(bound, unit))
      const work = this.#repeatedOver.length === 0 ? series.key : this.#withoutRanks(series.labels)
      return { series, bounds, increase, work }
    })
  }

  /** What they grew by together; of ranks that report the same work the one that says most counts. */
  grown(histograms: readonly MeasuredHistogram[], unit: number): Buckets | null {
    const [only] = histograms
    if (only && histograms.length === 1) return this.#bucketsOf(only, unit)
    const byWork = new Map<string, Buckets>()
    for (const histogram of histograms) {
      const buckets = this.#bucketsOf(histogram, unit)
      if (!buckets) continue
      const other = byWork.get(histogram.work)
      if (!other || observations(buckets) > observations(other)) byWork.set(histogram.work, buckets)
    }
    return addBuckets([...byWork.values()])
  }

  #bucketsOf({ series, bounds, increase }: MeasuredHistogram, unit: number): Buckets | null {
    if (increase.asked !== this.#deltas.scrape) {
      const { known } = increase
      increase.asked = this.#deltas.scrape
      increase.grown = this.#deltas.histogram(known, series.bounds, cumulativeCounts(series), series.sum.value)
    }
    const { grown } = increase
    return grown && { bounds, counts: grown.counts, sum: grown.sum * unit }
  }

  #workOf(sample: Sample): string {
    let work = this.#works.get(sample)
    if (work === undefined) this.#works.set(sample, (work = this.#withoutRanks(sample.series.labels)))
    return work
  }

  #withoutRanks(labels: ReadonlyMap<string, string>): string {
    const kept = [...labels].filter(([label]) => label !== 'le' && !this.#repeatedOver.includes(label))
    return JSON.stringify(kept.sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

const observations = ({ counts }: Buckets) => counts.reduce((sum, value) => sum + value, 0)
