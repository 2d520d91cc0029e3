/**
 * What an inference server is to the scraper: data. A new server is one file in `servers/` and one line in its list;
 * fetching, parsing, resets, increases and models are the loop's.
 */
import type { HistogramDelta, ServerRole, ServerSample, TokenHistogram } from '../../records/server-sample.ts'
import { familyNamed, type Families } from './families.ts'

/** Values that labels must have; a label that is not there is the empty text. */
export type Where = Readonly<Record<string, string | RegExp>>

/**
 * The series of one name, with or without `_total`; `x_sum` and `x_count` are parts of the histogram or summary `x`.
 * With `where` only those of them whose labels are so.
 */
export interface Selector {
  name: string
  where?: Where
}

/** Selectors are aliases, the preferred one first: versions rename metrics and for a while send both, so aliases are never summed. */
interface Named {
  names: readonly Selector[]
}

/** A value as it is. Over several engines ratios (`*_ratio`) take the highest, everything else is summed. */
export interface Gauge extends Named {
  kind: 'gauge'
  /** What one unit of the page is in ours: 0.01 for percent where we hold a ratio. */
  factor: number
  /** The server writes 0 also when it does not know. */
  zeroIsUnknown?: boolean
}

/** A gauge times another, of which the highest counts: blocks by tokens per block. */
export interface Product {
  kind: 'product'
  of: Gauge
  per: Gauge
}

/** Numbers in labels of an `_info` series, multiplied; summed over engines, or of the newest series where the value is a time. */
export interface LabelNumber extends Named {
  kind: 'label_number'
  labels: readonly string[]
  newest: boolean
}

/** Names in one label, separated by commas. The value is the time at which they were so: the newest series counts. */
export interface LabelList extends Named {
  kind: 'label_list'
  label: string
}

/** An increase since the scrape before, summed over engines. */
export interface Counter extends Named {
  kind: 'counter'
}

/** Increases of one counter by the values of a label. */
export interface CounterBy extends Named {
  kind: 'counter_by'
  label: string
}

/** Bucket increases, summed over engines whose bounds agree. */
export interface Histogram extends Named {
  kind: 'histogram'
  /** Milliseconds in the unit of the server's bounds and sum; 1 for tokens. */
  unit: number
}

/** A duration of which the server says only the sum and the number: one bucket, so that a mean is all that can be told. */
export interface Mean {
  kind: 'mean'
  sum: Counter
  count: Counter
  /** Milliseconds in the unit of the sum. */
  unit: number
}

export type NumberMeasure = Gauge | Product | LabelNumber | LabelList | Counter
export type Measure = NumberMeasure | CounterBy | Histogram | Mean

type FieldsOf<T> = {
  [F in keyof ServerSample]-?: null extends ServerSample[F] ? (ServerSample[F] extends T | null ? F : never) : never
}[keyof ServerSample]

export type NumberField = Exclude<FieldsOf<number>, 'interval_ms'>
export type HistogramField = FieldsOf<HistogramDelta>
export type TokensField = FieldsOf<TokenHistogram>

/** Keyed by the fields of `ServerSample`: a typo doesn't compile. */
export type Measures = { [F in NumberField]?: NumberMeasure } & { [F in HistogramField]?: Histogram | Mean } & {
  [F in TokensField]?: Histogram
} & { finished?: CounterBy; lora_adapters?: LabelList }

export type MeasureField = keyof Measures

/** Why a measure may be missing from a page, and what to change. */
export interface Hint {
  reason: string
  fix: string
  /** Which pages it explains; all that lack the measure when absent. */
  when?: (families: Families) => boolean
}

/** Where a server tells its version, and in which field of the answer: no page of metrics has it. */
export interface VersionSource {
  /** Below the path that its page lies below. */
  path: string
  field: string
  /** What else the answer must say: other servers answer there too. */
  named?: { field: string; as: string }
  /** Of a page on a port of its own: where the server itself answers, as long as both are the usual ones. */
  ports?: { page: string; api: string }
}

export interface InferenceServer {
  /** Stands in `server_samples.server` and `targets.kind`, and is what `scrape.targets[].kind` names. */
  name: string
  role: ServerRole
  /** Whether a page comes from this server. */
  detect: (families: Families) => boolean
  /** Labels that name the model, the preferred one first; none when the server has one model and does not say which. */
  modelLabels: readonly string[]
  /** Labels of ranks that all report the same work: over them the highest value counts. */
  repeatedOver?: readonly string[]
  /** It serves through an engine whose own series may stand on the same page: a model's row is then the engine's. */
  wraps?: boolean
  measures: Measures
  /** The newest one first: the others are asked where it is not there. Without any its version stays unknown. */
  version?: readonly VersionSource[]
  /** Measures of features that are mostly off: not worth a word when they are missing. */
  optional?: readonly MeasureField[]
  /**
   * Why a measure may be missing; the first one that fits is told. A measure with a hint that the server does not map is
   * one that it never has.
   */
  hints?: { [F in MeasureField]?: readonly Hint[] }
  /** Told of a missing measure that no hint explains. */
  otherwise?: Hint
  /** A page of this server on which nothing of it can be read. */
  silent?: Hint & { when: (families: Families) => boolean }
}

/** Whether a page has one of these families, with samples or only declared, with or without `_total`. */
export const hasAny =
  (...names: string[]) =>
  (families: Families): boolean =>
    names.some((name) => familyNamed(families, name) !== undefined)

export const only = (name: string, where: Where): Selector => ({ name, where })

type Name = string | Selector

const selectors = (names: readonly Name[]): Selector[] =>
  names.map((name) => (typeof name === 'string' ? { name } : name))

export const gauge = (...names: Name[]): Gauge => ({ kind: 'gauge', names: selectors(names), factor: 1 })

/** A gauge that is 0 also when the server does not know. */
export const positiveGauge = (...names: Name[]): Gauge => ({ ...gauge(...names), zeroIsUnknown: true })

export const product = (of: Gauge, per: Gauge): Product => ({ kind: 'product', of, per })

export const labelProduct = (name: string, ...labels: string[]): LabelNumber => ({
  kind: 'label_number',
  names: selectors([name]),
  labels,
  newest: false,
})

export const newestLabel = (name: string, label: string): LabelNumber => ({
  kind: 'label_number',
  names: selectors([name]),
  labels: [label],
  newest: true,
})

export const newestList = (name: string, label: string): LabelList => ({
  kind: 'label_list',
  names: selectors([name]),
  label,
})

export const counter = (...names: Name[]): Counter => ({ kind: 'counter', names: selectors(names) })

export const counterBy = (label: string, ...names: Name[]): CounterBy => ({
  kind: 'counter_by',
  names: selectors(names),
  label,
})

const histogram =
  (unit: number) =>
  (...names: Name[]): Histogram => ({ kind: 'histogram', names: selectors(names), unit })

export const secondsHistogram = histogram(1000)
export const msHistogram = histogram(1)
export const tokensHistogram = histogram(1)

/** From two counters; `us` counts microseconds. */
export const meanOfUs = (us: string, count: string): Mean => ({
  kind: 'mean',
  sum: counter(us),
  count: counter(count),
  unit: 0.001,
})

/** Every selector of a measure. */
export function selectorsOf(measure: Measure): readonly Selector[] {
  if (measure.kind === 'product') return [...measure.of.names, ...measure.per.names]
  if (measure.kind === 'mean') return [...measure.sum.names, ...measure.count.names]
  return measure.names
}

/** The measures of a server, with their fields. */
export const measuresOf = (server: InferenceServer) =>
  Object.entries(server.measures) as readonly [MeasureField, Measure][]

/** The measures of the same server under other names. */
export function renamedMeasures(server: InferenceServer, rename: (metric: string) => string): Measures {
  const measures = measuresOf(server).map(([field, measure]) => [field, renamedMeasure(measure, rename)])
  return Object.fromEntries(measures) as Measures
}

function renamedMeasure<M extends Measure>(measure: M, rename: (metric: string) => string): M {
  if (measure.kind === 'product')
    return { ...measure, of: renamedMeasure(measure.of, rename), per: renamedMeasure(measure.per, rename) }
  if (measure.kind === 'mean')
    return { ...measure, sum: renamedMeasure(measure.sum, rename), count: renamedMeasure(measure.count, rename) }
  return { ...measure, names: measure.names.map((one) => ({ ...one, name: rename(one.name) })) }
}
