/** Turns a page of an inference server into one ServerSample per model. */
import { emptyServerSample, type HistogramDelta, type ServerSample } from '../../records/server-sample.ts'
import { modelName } from '../../records/model-name.ts'
import type { Deltas } from './delta.ts'
import type { Families, Sample } from './families.ts'
import { ModelSeries } from './model-series.ts'
import type { Buckets } from './read-histogram.ts'
import { select, type Selection } from './select.ts'
import {
  measuresOf,
  type Counter,
  type CounterBy,
  type Gauge,
  type Histogram,
  type HistogramField,
  type InferenceServer,
  type LabelList,
  type LabelNumber,
  type MeasureField,
  type Measures,
  type NumberField,
  type NumberMeasure,
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

/** Reads pages of a server whose families are the same, whatever their values. */
export interface ServerReader {
  /** Models that it makes rows of. */
  models: readonly string[]
  used: ReadonlySet<Sample>
  /** The deltas have begun this scrape; the caller commits them. */
  read(place: Omit<ServerContext, 'model'>): ServerSample[]
}

/** One row per model on the page, but those in `except`. `deltas` has begun this scrape; the caller commits it. */
export function readServer(
  server: InferenceServer,
  families: Families,
  deltas: Deltas,
  { model, ...place }: ServerContext,
): ServerPage {
  const reader = serverReader(server, families, deltas, model)
  return { rows: reader.read(place), used: reader.used }
}

/** A reader of pages with these families, of all models but those in `except`. `configured` is the model of a page that names none. */
export function serverReader(
  server: InferenceServer,
  families: Families,
  deltas: Deltas,
  configured: string,
  except: ReadonlySet<string> = new Set(),
): ServerReader {
  const nameOf = (model: string) => modelName(model === '' ? configured : model).model
  const selection = select(server, families, (model) => except.has(nameOf(model)))
  const models = selection.models.map((model) => ({
    model: nameOf(model),
    readings: readingsOf(server, model, selection, deltas),
  }))
  // Counted all the same: once they are not left out any more, all that was ever counted would look new.
  const all = except.size > 0 ? select(server, families) : null
  const leftOut =
    all?.models.filter((model) => except.has(nameOf(model))).map((model) => readingsOf(server, model, all, deltas)) ??
    []
  return {
    models: models.map(({ model }) => model),
    used: selection.used,
    read: ({ timestamp, instance, endpoint }) => {
      for (const readings of leftOut) {
        const row = emptyServerSample()
        for (const read of readings) read(row)
      }
      return models.map(({ model, readings }) => {
        const resets = deltas.resets
        const row = emptyServerSample()
        row.timestamp = timestamp
        row.interval_ms = deltas.interval_ms
        row.server = server.name
        row.role = server.role
        row.instance = instance
        row.endpoint = endpoint
        row.model = model
        for (const read of readings) read(row)
        row.restarted = deltas.resets > resets
        return row
      })
    },
  }
}

/** Reads one field off the page into a row. */
type Reading = (row: ServerSample) => void
/** Reads a value off the page; null where the page can never say it. */
type Value<T> = (() => T) | null

/** Those that this model's series can say anything of. */
function readingsOf(server: InferenceServer, model: string, selection: Selection, deltas: Deltas): Reading[] {
  const series = new ModelSeries(model, selection, deltas, server.repeatedOver ?? [])
  return measuresOf(server).flatMap(([field]) => readingOf(field, server.measures, series) ?? [])
}

function readingOf(field: MeasureField, measures: Measures, series: ModelSeries): Reading | null {
  if (field === 'finished') {
    const read = measures.finished ? countsBy(measures.finished, series) : null
    return read && ((row) => (row.finished = read()))
  }
  if (field === 'lora_adapters') {
    const read = measures.lora_adapters ? list(measures.lora_adapters, series) : null
    return read && ((row) => (row.lora_adapters = read()))
  }
  if (field === 'request_input_tokens' || field === 'request_output_tokens') {
    const read = measures[field] ? buckets(measures[field], series) : null
    return read && ((row) => (row[field] = read()))
  }
  if (isHistogramField(field)) {
    const read = durations(measures[field], series)
    return read && ((row) => (row[field] = read()))
  }
  const read = number(field, measures[field], series)
  return read && ((row) => (row[field] = read()))
}

function number(field: NumberField, measure: NumberMeasure | undefined, series: ModelSeries): Value<number | null> {
  if (!measure) return null
  if (measure.kind === 'counter') return counter(measure, series)
  if (measure.kind === 'label_number') return labelNumber(measure, series)
  if (measure.kind === 'label_list') return count(list(measure, series))
  if (measure.kind === 'product') return product(gauges(measure.of, series), gauges(measure.per, series))
  const values = gauges(measure, series)
  const together = field.endsWith('_ratio') ? highest : total
  return values && (() => together(values()))
}

function gauges({ names, factor, zeroIsUnknown = false }: Gauge, series: ModelSeries): Value<number[]> {
  const samples = series.of(names)
  // vLLM's V0 engine writes -1 for "not available"; none of these can be negative.
  const isKnown = (value: number) => Number.isFinite(value) && (zeroIsUnknown ? value > 0 : value >= 0)
  if (samples.length === 0) return null
  return () => series.once(samples, ({ value }) => (isKnown(value) ? value * factor : null))
}

function product(of: Value<number[]>, per: Value<number[]>): Value<number | null> {
  return of && per && (() => times(total(of()), highest(per())))
}

function counter({ names }: Counter, series: ModelSeries): Value<number | null> {
  const samples = series.of(names)
  if (samples.length > 0) return () => total(series.once(samples, series.increase))
  // Clients create a label's series when it first happens: absent beside others is none so far, once we can tell.
  return series.standBeside(names) ? () => (series.interval_ms === null ? null : 0) : null
}

function countsBy({ names, label }: CounterBy, series: ModelSeries): Value<Map<string, number>> {
  const samples = series.of(names).map((sample) => ({ sample, reason: sample.series.labels.get(label) ?? '' }))
  if (samples.length === 0) return null
  return () => {
    const result = new Map<string, number>()
    for (const { sample, reason } of samples) {
      const value = series.increase(sample)
      if (value !== null && value > 0) result.set(reason, (result.get(reason) ?? 0) + value)
    }
    return result
  }
}

function list({ names, label }: LabelList, series: ModelSeries): Value<string[]> {
  const samples = series.of(names)
  if (samples.length === 0) return null
  return () => {
    const listed = (newest(samples)?.series.labels.get(label) ?? '').split(',').map((name) => name.trim())
    return listed.filter((name) => name !== '')
  }
}

const count = (values: Value<string[]>): Value<number> => values && (() => values().length)

function labelNumber({ names, labels, newest: onlyNewest }: LabelNumber, series: ModelSeries): Value<number | null> {
  const samples = series.of(names)
  if (samples.length === 0) return null
  const numberOf = (sample: Sample) => {
    const numbers = labels.map((label) => wholeNumber(sample.series.labels.get(label)))
    const value = numbers.reduce((result, value) => result * value, 1)
    return Number.isFinite(value) ? value : null
  }
  return () => {
    const latest = onlyNewest ? newest(samples) : undefined
    return total(series.once(latest ? [latest] : samples, numberOf))
  }
}

function durations(measure: Measures[HistogramField], series: ModelSeries): Value<HistogramDelta | null> {
  if (!measure) return null
  if (measure.kind === 'mean') {
    const [observed, duration] = [counter(measure.count, series), counter(measure.sum, series)]
    return observed && duration && (() => mean(observed(), duration(), measure.unit))
  }
  const read = buckets(measure, series)
  return (
    read &&
    (() => {
      const grown = read()
      return grown && { bounds_ms: grown.bounds, counts: grown.counts, sum_ms: grown.sum }
    })
  )
}

function buckets({ names, unit }: Histogram, series: ModelSeries): Value<Buckets | null> {
  const histograms = series.histograms(names, unit)
  return histograms.length === 0 ? null : () => series.grown(histograms, unit)
}

function mean(observed: number | null, duration: number | null, unit: number): HistogramDelta | null {
  return observed === null || duration === null ? null : { bounds_ms: [], counts: [observed], sum_ms: duration * unit }
}

const isHistogramField = (field: NumberField | HistogramField): field is HistogramField => field.endsWith('_ms')

const highest = (values: readonly number[]) => (values.length === 0 ? null : Math.max(...values))

const times = (a: number | null, b: number | null) => (a === null || b === null ? null : a * b)

/** Null when none is known. */
function total(values: readonly number[]): number | null {
  if (values.length === 0) return null
  let sum = 0
  for (const value of values) sum += value
  return sum
}

/** The series whose value, a time, is the latest. */
function newest(samples: readonly Sample[]): Sample | undefined {
  return samples.reduce<Sample | undefined>(
    (best, sample) => (best && best.value >= sample.value ? best : sample),
    undefined,
  )
}

/** NaN when the label is no number: `None`, `auto`. */
const wholeNumber = (text: string | undefined) => (text && /^\d+$/.test(text) ? Number(text) : Number.NaN)
