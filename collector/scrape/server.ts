/**
 * What an inference server is to the scraper: data. A new server is one file in `servers/` and one line in its list;
 * fetching, parsing, resets, increases and models are the loop's.
 */
import type { HistogramDelta, ServerSample } from '../../records/server-sample.ts'
import type { Families } from './families.ts'

/** A value as it is. Over several engines ratios (`*_ratio`) take the highest, everything else is summed. */
export interface Gauge {
  kind: 'gauge'
  names: readonly string[]
}

/** An increase since the scrape before, summed over engines. */
export interface Counter {
  kind: 'counter'
  names: readonly string[]
  /** Which values of one label count; all when absent. */
  where?: { label: string; is: (value: string) => boolean }
}

/** Increases of one counter by the values of a label. */
export interface CounterBy {
  kind: 'counter_by'
  names: readonly string[]
  label: string
}

/** Bucket increases, summed over engines whose bounds agree. */
export interface Histogram {
  kind: 'histogram'
  names: readonly string[]
  /** Milliseconds in the unit of the server's bounds and sum. */
  unit_ms: number
}

export type Measure = Gauge | Counter | CounterBy | Histogram

type FieldsOf<T> = {
  [F in keyof ServerSample]-?: null extends ServerSample[F] ? (ServerSample[F] extends T | null ? F : never) : never
}[keyof ServerSample]

export type NumberField = Exclude<FieldsOf<number>, 'interval_ms'>
export type HistogramField = FieldsOf<HistogramDelta>

/** Keyed by the fields of `ServerSample`: a typo doesn't compile. */
export type Measures = { [F in NumberField]?: Gauge | Counter } & { [F in HistogramField]?: Histogram } & {
  finished?: CounterBy
}

export interface InferenceServer {
  /** Stands in `server_samples.server` and `targets.kind`, and is what `scrape.targets[].kind` names. */
  name: string
  /** Whether a page comes from this server. */
  detect: (families: Families) => boolean
  /** The label that names the model; null when the server has one model and does not say which. */
  modelLabel: string | null
  measures: Measures
}

/**
 * Names are aliases, the preferred one first: versions rename metrics and for a while send both, so aliases are never
 * summed. With or without `_total` makes no difference.
 */
export const gauge = (...names: string[]): Gauge => ({ kind: 'gauge', names })

export const counter = (...names: string[]): Counter => ({ kind: 'counter', names })

/** A counter of which only series whose `label` satisfies `is` count. */
export const counterWhere = (label: string, is: (value: string) => boolean, ...names: string[]): Counter => ({
  kind: 'counter',
  names,
  where: { label, is },
})

export const counterBy = (label: string, ...names: string[]): CounterBy => ({ kind: 'counter_by', names, label })

export const secondsHistogram = (...names: string[]): Histogram => ({ kind: 'histogram', names, unit_ms: 1000 })

/** The same server behind something that puts a prefix before its metric names. */
export function prefixed(server: InferenceServer, name: string, rename: (metric: string) => string): InferenceServer {
  const measures = Object.entries(server.measures).map(([field, measure]) => [
    field,
    { ...measure, names: measure.names.map(rename) },
  ])
  return {
    ...server,
    name,
    detect: (families) =>
      Object.values(server.measures).some(({ names }) => names.some((metric) => families.has(rename(metric)))),
    measures: Object.fromEntries(measures) as Measures,
  }
}
