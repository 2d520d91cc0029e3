/** Turns a page of an inference server into one ServerSample per model. */
import {
  emptyServerSample,
  type HistogramDelta,
  type ServerSample,
  type TokenHistogram,
} from '../../records/server-sample.ts'
import { modelName } from '../../records/model-name.ts'
import type { BucketIncrease, Deltas } from './delta.ts'
import type { Families, Sample } from './families.ts'
import { addBuckets, pointsBySeries, scaled, type Buckets, type Points } from './read-histogram.ts'
import { select, type Selection } from './select.ts'
import {
  measuresOf,
  type CounterBy,
  type Gauge,
  type Histogram,
  type HistogramField,
  type InferenceServer,
  type LabelList,
  type LabelNumber,
  type Mean,
  type Measures,
  type NumberField,
  type NumberMeasure,
  type Selector,
  type TokensField,
} from './server.ts'

/** What every row of one scrape of one target says. */
export interface ServerContext extends Pick<ServerSample, 'timestamp' | 'instance' | 'endpoint'> {
  /** Of a page that names none. */
  model: string
}

export interface ServerPage {
  rows: ServerSample[]
  /** Samples that stand in the rows or repeat one that does. The others of the page are stored as plain metrics. */
  used: ReadonlySet<Sample>
}

/** One row per model on the page, but those in `except`. `deltas` has begun this scrape; the caller commits it. */
export function readServer(
  server: InferenceServer,
  families: Families,
  deltas: Deltas,
  context: ServerContext,
  except: ReadonlySet<string> = new Set(),
): ServerPage {
  const isLeftOut = (model: string) => except.has(modelName(model === '' ? context.model : model).model)
  const selection = select(server, families, isLeftOut)
  // They are counted all the same: once they are not left out any more, all that was ever counted would look new.
  if (except.size > 0) {
    const all = select(server, families)
    for (const model of all.models.filter(isLeftOut)) readModel(server, model, all, deltas, context)
  }
  const rows = selection.models.map((model) => readModel(server, model, selection, deltas, context))
  return { rows, used: selection.used }
}

function readModel(
  server: InferenceServer,
  model: string,
  selection: Selection,
  deltas: Deltas,
  { model: configured, ...place }: ServerContext,
): ServerSample {
  const resets = deltas.resets
  const reader = new ModelReader(server, model, selection, deltas)
  const row: ServerSample = {
    ...emptyServerSample(),
    ...place,
    interval_ms: deltas.interval_ms,
    server: server.name,
    role: server.role,
    model: modelName(model === '' ? configured : model).model,
  }
  for (const [field] of measuresOf(server)) reader.read(row, field)
  return { ...row, restarted: deltas.resets > resets }
}

/** Reads the measures of one model; every series is asked for its increase once, however many measures read it. */
class ModelReader {
  readonly #measures: Measures
  readonly #repeatedOver: readonly string[]
  readonly #model: string
  readonly #selection: Selection
  readonly #deltas: Deltas
  readonly #increases = new Map<Sample, number | null>()
  readonly #histograms = new Map<string, BucketIncrease | null>()

  constructor(server: InferenceServer, model: string, selection: Selection, deltas: Deltas) {
    this.#measures = server.measures
    this.#repeatedOver = server.repeatedOver ?? []
    this.#model = model
    this.#selection = selection
    this.#deltas = deltas
  }

  read(row: ServerSample, field: keyof Measures): void {
    if (field === 'finished') row.finished = this.#countsBy(this.#measures.finished)
    else if (field === 'lora_adapters') row.lora_adapters = this.#list(this.#measures.lora_adapters) ?? []
    else if (field === 'request_input_tokens' || field === 'request_output_tokens') row[field] = this.#tokens(field)
    else if (isHistogramField(field)) row[field] = this.#histogram(field)
    else row[field] = this.#number(field, this.#measures[field])
  }

  /** Samples of the first alias that has some. */
  #samples(names: readonly Selector[]): readonly Sample[] {
    for (const name of names) {
      const samples = this.#selection.found.get(name)?.samples.get(this.#model)
      if (samples) return samples
    }
    return []
  }

  #number(field: NumberField, measure: NumberMeasure | undefined): number | null {
    if (!measure) return null
    if (measure.kind === 'counter') return this.#counter(measure.names)
    if (measure.kind === 'label_number') return this.#labelNumber(measure)
    if (measure.kind === 'label_list') return this.#list(measure)?.length ?? null
    if (measure.kind === 'product') return times(total(this.#gauges(measure.of)), highest(this.#gauges(measure.per)))
    return field.endsWith('_ratio') ? highest(this.#gauges(measure)) : total(this.#gauges(measure))
  }

  #gauges({ names, factor, zeroIsUnknown = false }: Gauge): number[] {
    // vLLM's V0 engine writes -1 for "not available"; none of these can be negative.
    const known = ({ value }: Sample) => Number.isFinite(value) && (zeroIsUnknown ? value > 0 : value >= 0)
    const samples = this.#samples(names).filter(known)
    return this.#once(samples.map((sample) => [sample, sample.value * factor]))
  }

  #counter(names: readonly Selector[]): number | null {
    const samples = this.#samples(names)
    if (samples.length > 0) return total(this.#once(this.#grown(samples)))
    // Clients create a label's series when it first happens: absent beside others is none so far, once we can tell.
    const beside = names.some((name) => this.#selection.found.get(name)?.models.has(this.#model))
    return beside && this.#deltas.interval_ms !== null ? 0 : null
  }

  #grown(samples: readonly Sample[]): [Sample, number][] {
    return samples.flatMap((sample) => {
      const value = this.#increase(sample)
      return value === null ? [] : [[sample, value] as [Sample, number]]
    })
  }

  #increase(sample: Sample): number | null {
    const known = this.#increases.get(sample)
    if (known !== undefined) return known
    const value = this.#deltas.increase(sample.series.key, sample.value)
    this.#increases.set(sample, value)
    return value
  }

  /** One value for all ranks that report the same work: the highest. */
  #once(values: readonly (readonly [Sample, number])[]): number[] {
    if (this.#repeatedOver.length === 0) return values.map(([, value]) => value)
    const byWork = new Map<string, number>()
    for (const [{ series }, value] of values) {
      const key = this.#withoutRanks(series.labels)
      byWork.set(key, Math.max(value, byWork.get(key) ?? 0))
    }
    return [...byWork.values()]
  }

  #withoutRanks(labels: ReadonlyMap<string, string>): string {
    const kept = [...labels].filter(([label]) => label !== 'le' && !this.#repeatedOver.includes(label))
    return JSON.stringify(kept.sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #countsBy(measure: CounterBy | undefined): Map<string, number> {
    const result = new Map<string, number>()
    for (const [sample, value] of this.#grown(measure ? this.#samples(measure.names) : [])) {
      const reason = sample.series.labels.get(measure?.label ?? '') ?? ''
      if (value > 0) result.set(reason, (result.get(reason) ?? 0) + value)
    }
    return result
  }

  #list(measure: LabelList | undefined): string[] | null {
    const latest = newest(measure ? this.#samples(measure.names) : [])
    if (!latest || !measure) return null
    const names = (latest.series.labels.get(measure.label) ?? '').split(',').map((name) => name.trim())
    return names.filter((name) => name !== '')
  }

  #labelNumber(measure: LabelNumber): number | null {
    const samples = this.#samples(measure.names)
    const latest = newest(samples)
    const counted = measure.newest ? (latest ? [latest] : []) : samples
    const numbers = counted.map((sample) => {
      const labels = measure.labels.map((label) => wholeNumber(sample.series.labels.get(label)))
      return [sample, labels.reduce((result, value) => result * value, 1)] as const
    })
    return total(this.#once(numbers.filter(([, value]) => Number.isFinite(value))))
  }

  #histogram(field: HistogramField): HistogramDelta | null {
    const measure = this.#measures[field]
    if (!measure) return null
    if (measure.kind === 'mean') return this.#mean(measure)
    const buckets = this.#buckets(measure)
    return buckets && { bounds_ms: buckets.bounds, counts: buckets.counts, sum_ms: buckets.sum }
  }

  #tokens(field: TokensField): TokenHistogram | null {
    const measure = this.#measures[field]
    return measure ? this.#buckets(measure) : null
  }

  #mean({ sum, count, unit }: Mean): HistogramDelta | null {
    const [observed, duration] = [this.#counter(count.names), this.#counter(sum.names)]
    return observed === null || duration === null
      ? null
      : { bounds_ms: [], counts: [observed], sum_ms: duration * unit }
  }

  #grownHistogram({ key, bounds, cumulative, sum }: Points): BucketIncrease | null {
    const known = this.#histograms.get(key)
    if (known !== undefined) return known
    const grown = this.#deltas.histogram(key, bounds, cumulative, sum)
    this.#histograms.set(key, grown)
    return grown
  }

  #buckets(measure: Histogram): Buckets | null {
    const byRank = new Map<string, Buckets>()
    for (const points of pointsBySeries(this.#samples(measure.names))) {
      const grown = this.#grownHistogram(points)
      if (!grown) continue
      const buckets = {
        bounds: points.bounds.map((bound) => scaled(bound, measure.unit)),
        counts: grown.counts,
        sum: grown.sum * measure.unit,
      }
      const key = this.#repeatedOver.length === 0 ? points.key : this.#withoutRanks(points.labels)
      const other = byRank.get(key)
      if (!other || observations(buckets) > observations(other)) byRank.set(key, buckets)
    }
    return addBuckets([...byRank.values()])
  }
}

const isHistogramField = (field: NumberField | HistogramField): field is HistogramField => field.endsWith('_ms')

const highest = (values: readonly number[]) => (values.length === 0 ? null : Math.max(...values))

const times = (a: number | null, b: number | null) => (a === null || b === null ? null : a * b)

/** Null when none is known. */
function total(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0)
}

const observations = ({ counts }: Buckets) => total(counts) ?? 0

/** The series whose value, a time, is the latest. */
function newest(samples: readonly Sample[]): Sample | undefined {
  return samples.reduce<Sample | undefined>(
    (best, sample) => (best && best.value >= sample.value ? best : sample),
    undefined,
  )
}

/** NaN when the label is no number: `None`, `auto`. */
const wholeNumber = (text: string | undefined) => (text && /^\d+$/.test(text) ? Number(text) : Number.NaN)
