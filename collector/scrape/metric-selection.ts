/**
 * Which series of a target land in `metric_samples`, and under which labels. What is left out by configuration is dropped;
 * what is left out because it cannot be stored truly, or is too much, is refused and said.
 */
import type { MetricSample } from '../../records/server-sample.ts'
import { globMatcher } from '../glob.ts'
import type { MetricsConfig } from './target-config.ts'
import { pagesKept } from './exposition.ts'
import type { Families, Family, Sample } from './families.ts'
import { makeSeries, type Series } from './sample-line.ts'

/** What every row of one target says. */
export interface MetricTarget {
  /** Without credentials. */
  url: string
  /** Put on every row; a label of the page by the same name is then called `exported_…`. */
  labels: Readonly<Record<string, string>>
}

export interface SelectedMetrics {
  rows: MetricSample[]
  /** Samples left out as configured. */
  dropped: number
  /** Samples beyond `max_series`. */
  excess: number
  /** The family that has the most of them. */
  largest: Family | null
  /** Samples that differ from another in dropped labels alone and cannot be added to it. */
  ambiguous: number
  /** A series that has such samples; empty when there is none. */
  ambiguousName: string
  /** Samples of a series that stood on the page before: the first one counts. */
  duplicates: number
}

/** One series as it is stored. */
interface Stored {
  name: string
  labels: Map<string, string>
  /** The page on which it stood last; what follows is of that page. */
  page: number
  value: number
  /** Of the first series that is stored as this one; the others are in `more`. */
  key: string
  more: Set<string> | null
  /** Samples that would have to be added up and cannot be: nothing is stored. */
  ambiguous: boolean
}

/** What the samples of pages with the same families are stored as, where each is stored as a series of its own. */
interface Layout {
  families: Families
  used: ReadonlySet<Sample>
  stored: { sample: Sample; stored: Stored }[]
  dropped: Sample[]
  /** They had no value yet, and so no place. */
  waiting: Sample[]
}

/** Samples of this series are left out. */
const dropped = 'dropped'

/** Remembers the series of one target, so that the same ones are stored of every page. Bounded by `max_series`. */
export class MetricSelection {
  readonly #target: MetricTarget
  readonly #max: number
  readonly #wantsName: (name: string) => boolean
  readonly #wantsLabel: (label: string) => boolean
  /** By name and stored labels. */
  readonly #stored = new Map<string, Stored>()
  /** By identity: the parser hands out the same object while a series stays on the page. */
  #known = new Map<Series, Stored | typeof dropped>()
  #page = 0
  #swept = 0
  #layout: Layout | null = null

  constructor({ keep, drop, labels, max_series }: MetricsConfig, target: MetricTarget) {
    this.#target = target
    this.#max = max_series
    this.#wantsName = wants(keep, drop)
    const wantsLabel = wants(labels.keep, labels.drop)
    // Without these a histogram's buckets would be one number.
    this.#wantsLabel = (label) => label === 'le' || label === 'quantile' || wantsLabel(label)
  }

  isStored(label: string): boolean {
    return this.#wantsLabel(label)
  }

  /** The rows of what is not `used` of one page, scraped at `timestamp`. The same families and set are gone through much faster. */
  selectFrom(families: Families, used: ReadonlySet<Sample>, timestamp: number): SelectedMetrics {
    const layout = this.#layout
    if (layout?.families === families && layout.used === used && !layout.waiting.some(hasValue))
      return this.#selectAgain(layout, timestamp)
    const selected = this.select(families.values(), (sample) => used.has(sample), timestamp)
    this.#layout = this.#layoutOf(families, used)
    return selected
  }

  #selectAgain({ stored: all, dropped }: Layout, timestamp: number): SelectedMetrics {
    this.#page++
    const target = this.#target.url
    const rows: MetricSample[] = []
    for (const { sample, stored } of all) {
      if (!hasValue(sample)) continue
      stored.page = this.#page
      rows.push({ timestamp, target, name: stored.name, labels: stored.labels, value: sample.value })
    }
    return { ...emptySelection(), rows, dropped: dropped.filter(hasValue).length }
  }

  /** Of the page that was just selected from; null when series are added up, doubled, or had no room. */
  #layoutOf(families: Families, used: ReadonlySet<Sample>): Layout | null {
    const layout: Layout = { families, used, stored: [], dropped: [], waiting: [] }
    const taken = new Set<Stored>()
    for (const { samples } of families.values())
      for (const sample of samples) {
        if (used.has(sample)) continue
        const stored = hasValue(sample) ? this.#known.get(sample.series) : null
        if (stored === undefined) return null
        if (stored === null) layout.waiting.push(sample)
        else if (stored === dropped) layout.dropped.push(sample)
        else {
          if (taken.has(stored)) return null
          taken.add(stored)
          layout.stored.push({ sample, stored })
        }
      }
    return layout
  }

  /** The rows of the samples of one page, scraped at `timestamp`. Counters that are stored as one series are added up. */
  select(families: Iterable<Family>, isUsed: (sample: Sample) => boolean, timestamp: number): SelectedMetrics {
    this.#page++
    const found: Stored[] = []
    const result = emptySelection()
    let most = 0
    let read = 0
    for (const family of families) {
      let excess = 0
      for (const sample of family.samples) {
        if (!hasValue(sample) || isUsed(sample)) continue
        read++
        const stored = this.#storedAs(sample.series)
        if (stored === dropped) result.dropped++
        else if (!stored) excess++
        else if (stored.page !== this.#page) found.push(this.#put(stored, sample))
        else this.#join(stored, sample, family, result)
      }
      result.excess += excess
      if (excess > most) {
        most = excess
        result.largest = family
      }
    }
    for (const { name, labels, value, ambiguous } of found)
      if (!ambiguous) result.rows.push({ timestamp, target: this.#target.url, name, labels, value })
    // The parser forgot those that left the page.
    if (this.#known.size > 2 * read + 1000) this.#known = new Map()
    return result
  }

  #put(stored: Stored, { series, value }: Sample): Stored {
    stored.page = this.#page
    stored.value = value
    stored.key = series.key
    stored.more = null
    stored.ambiguous = false
    return stored
  }

  /** A second sample of what is stored as one series. */
  #join(stored: Stored, { series, value }: Sample, family: Family, result: SelectedMetrics): void {
    if (series.key === stored.key || stored.more?.has(series.key)) {
      result.duplicates++
      return
    }
    stored.more ??= new Set()
    stored.more.add(series.key)
    if (addsUp(family, series)) {
      stored.value += value
      return
    }
    // The first one was counted as stored.
    result.ambiguous += stored.ambiguous ? 1 : 2
    result.ambiguousName = stored.name
    stored.ambiguous = true
  }

  /** Undefined: there is no room for it. */
  #storedAs(series: Series): Stored | typeof dropped | undefined {
    const known = this.#known.get(series)
    // One that gave up its place is not on this list under that key any more.
    if (known === dropped || (known && known.page >= this.#page - pagesKept)) return known
    const found = this.#wantsName(series.name) ? this.#place(series) : dropped
    if (found) this.#known.set(series, found)
    return found
  }

  #place(series: Series): Stored | undefined {
    const labels = new Map([...series.labels].filter(([label]) => this.#wantsLabel(label)))
    const key = labels.size === series.labels.size ? series.key : makeSeries(series.name, labels).key
    const known = this.#stored.get(key)
    if (known) return known
    if (!this.#hasRoom()) return undefined
    const stored: Stored = {
      name: series.name,
      labels: withTargetLabels(labels, this.#target.labels),
      page: 0,
      value: 0,
      key: '',
      more: null,
      ambiguous: false,
    }
    this.#stored.set(key, stored)
    return stored
  }

  #hasRoom(): boolean {
    if (this.#stored.size >= this.#max && this.#swept < this.#page) {
      this.#swept = this.#page
      for (const [key, { page }] of this.#stored) if (page < this.#page - pagesKept) this.#stored.delete(key)
    }
    return this.#stored.size < this.#max
  }
}

const hasValue = ({ value }: Sample) => Number.isFinite(value)

const emptySelection = (): SelectedMetrics => ({
  rows: [],
  dropped: 0,
  excess: 0,
  largest: null,
  ambiguous: 0,
  ambiguousName: '',
  duplicates: 0,
})

function wants(keep: readonly string[], drop: readonly string[]): (name: string) => boolean {
  const [kept, left] = [keep.map(globMatcher), drop.map(globMatcher)]
  return (name) => kept.some((matches) => matches(name)) && !left.some((matches) => matches(name))
}

/** Configured labels win over the page's, which then keep theirs under `exported_…`, as in Prometheus. */
function withTargetLabels(labels: Map<string, string>, configured: MetricTarget['labels']): Map<string, string> {
  for (const [name, text] of Object.entries(configured)) {
    const scraped = labels.get(name)
    if (scraped !== undefined) labels.set(`exported_${name}`, scraped)
    labels.set(name, text)
  }
  return labels
}

/** Counts and sums add up over a label; a gauge may be a ratio, a temperature, or a time. */
function addsUp({ type }: Family, { name }: Series): boolean {
  if (type === 'counter' || type === 'histogram') return true
  const isCount = /_(total|bucket|count|sum)$/.test(name)
  return isCount && (type === 'summary' || type === 'untyped')
}
