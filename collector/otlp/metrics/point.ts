/** A data point of an OTLP metric after decoding, whatever its encoding. Pure data. */
import type { Attributes, EpochMicros } from '../../../records/span.ts'
import type { Resource } from '../validate.ts'
import type { Buckets } from './buckets.ts'

export const temporalities = ['unspecified', 'delta', 'cumulative'] as const
/** delta: since the point before · cumulative: since the series began. */
export type Temporality = (typeof temporalities)[number]

export interface Metric {
  name: string
  unit: string
  resource: Resource
  scope_name: string
}

interface Point {
  metric: Metric
  /** 0 when unknown. */
  start: EpochMicros
  time: EpochMicros
  attributes: Attributes
}

export interface NumberPoint extends Point {
  kind: 'number'
  value: number
  /** Null for a gauge, which has none. */
  temporality: Temporality | null
}

export interface HistogramPoint extends Point {
  kind: 'histogram'
  temporality: Temporality
  distribution: Distribution
}

export interface SummaryPoint extends Point {
  kind: 'summary'
  count: number
  sum: number
  /** Quantile (0–1) and its value. */
  quantiles: readonly (readonly [number, number])[]
}

export type MetricPoint = NumberPoint | HistogramPoint | SummaryPoint

export interface Distribution {
  count: number
  sum: number | null
  min: number | null
  max: number | null
  buckets: Buckets
}
