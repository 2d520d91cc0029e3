/** Which data points can be stored, and what is put right on the way, whatever the encoding. */
import type { MetricsMode } from '../../config.ts'
import type { Attributes } from '../../../records/span.ts'
import type { Findings } from '../findings.ts'
import type { Scope } from '../json.ts'
import { ItemBuilder, type DecodeOptions, type WireTime } from '../validate.ts'
import { total, type Buckets, type ExponentialBuckets } from './buckets.ts'
import type { Distribution, Metric, MetricPoint, Temporality } from './point.ts'

export interface DecodedMetrics {
  points: MetricPoint[]
  /** Points that are not stored, by reason. */
  rejected: Findings
  /** Points that were put right or hold nothing, and values that were cut, by reason. */
  noted: Findings
}

/** What every kind of point has on the wire. */
export interface WirePoint {
  start: WireTime
  time: WireTime
  attributes: Attributes
  flags: number
  value: WireValue
}

interface WireHistogram {
  temporality: Temporality
  count: number
  sum: number | null
  min: number | null
  max: number | null
}

/** Counts of consecutive buckets from `offset` on. */
export interface WireBuckets {
  offset: number
  counts: number[]
}

export type WireValue =
  | { kind: 'number'; value: number | null; temporality: Temporality | null }
  | (WireHistogram & { kind: 'histogram'; bounds: number[]; counts: number[] })
  | (WireHistogram & {
      kind: 'exponential'
      scale: number
      zero_count: number
      zero_threshold: number
      positive: WireBuckets
      negative: WireBuckets
    })
  | { kind: 'summary'; count: number; sum: number; quantiles: [number, number][] }

/** The first bit of a point's flags: the series ended or has a gap, there is no value. */
const noRecordedValue = 1
/** Of one point: SDKs hold up to 160. State is kept per series, and a series must not be large. */
const maxBuckets = 1_000
/** Wider than any SDK's, and narrow enough that powers of the base stay numbers. */
const scales = { least: -20, most: 30 }
const largestIndex = 2 ** 31

/** Clients, servers and gateways of models. */
const genAiNames = /^(?:(?:kong\.)?gen_ai|llm|mcp)\./

export class PointBuilder extends ItemBuilder implements DecodedMetrics {
  readonly points: MetricPoint[] = []
  private readonly mode: MetricsMode

  constructor(options: DecodeOptions, mode: MetricsMode) {
    super(options)
    this.mode = mode
  }

  metric(name: string, unit: string, { resource, name: scope_name }: Scope): Metric {
    return { name: this.name(name), unit: this.name(unit), resource, scope_name }
  }

  add(metric: Metric, wire: WirePoint, where: () => string): void {
    if (this.mode === 'genai' && !genAiNames.test(metric.name)) return this.rejected.add('not_genai', where())
    const time = wire.time.micros
    const fault = time === 0 ? 'missing_time' : this.misplaced(time, 'time')
    if (fault) return this.rejected.add(fault, where())
    if (wire.flags & noRecordedValue) return this.noted.add('no_recorded_value', where())
    const value = this.usable(wire.value, where)
    if (typeof value === 'string') return this.rejected.add(value, where())
    this.points.push({ metric, start: this.start(wire, where), time, attributes: wire.attributes, ...value })
  }

  private start({ start, time }: WirePoint, where: () => string): number {
    if (start.micros === 0) return 0
    if (this.misplaced(start.micros, 'start') === null && start.micros <= time.micros) return start.micros
    this.noted.add('invalid_start_time', where())
    return 0
  }

  /** The reason for which the point is rejected, as a string. */
  private usable(value: WireValue, where: () => string) {
    if (value.kind === 'number') {
      if (value.value === null) return 'missing_value'
      if (!Number.isFinite(value.value)) return 'not_finite'
      if (value.temporality === 'unspecified') return 'missing_temporality'
      return { kind: 'number' as const, value: value.value, temporality: value.temporality }
    }
    if (value.kind === 'summary') return value
    if (value.temporality === 'unspecified') return 'missing_temporality'
    const buckets = bucketsOf(value)
    if (typeof buckets === 'string') return buckets
    const distribution: Distribution = {
      count: total(buckets),
      sum: finite(value.sum),
      min: finite(value.min),
      max: finite(value.max),
      buckets,
    }
    if (distribution.count !== value.count) this.noted.add('count_mismatch', where())
    return { kind: 'histogram' as const, temporality: value.temporality, distribution }
  }
}

/** The reason for which they cannot be used, as a string. */
function bucketsOf(value: Exclude<WireValue, { kind: 'number' | 'summary' }>): Buckets | string {
  if (value.kind === 'exponential') return exponentialBuckets(value)
  const { bounds } = value
  // Without buckets a histogram still has its count and sum.
  const counts = bounds.length === 0 && value.counts.length === 0 ? [value.count] : value.counts
  if (counts.length > maxBuckets) return 'too_many_buckets'
  const rising = bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > (bounds[i - 1] ?? 0)))
  if (counts.length !== bounds.length + 1 || !rising) return 'malformed_buckets'
  return { kind: 'explicit', bounds, counts }
}

function exponentialBuckets(value: Extract<WireValue, { kind: 'exponential' }>): ExponentialBuckets | string {
  const { scale, zero_count, zero_threshold, positive, negative } = value
  if (positive.counts.length + negative.counts.length > maxBuckets) return 'too_many_buckets'
  const ends = [positive, negative].flatMap(({ offset, counts }) => [offset, offset + counts.length])
  const placed = ends.every((index) => Math.abs(index) <= largestIndex)
  const scaled = Number.isInteger(scale) && scale >= scales.least && scale <= scales.most
  const zeroed = zero_threshold >= 0 && Number.isFinite(zero_threshold)
  if (!placed || !scaled || !zeroed) return 'malformed_buckets'
  const filled = ({ offset, counts }: WireBuckets) =>
    new Map(counts.map((count, i): [number, number] => [offset + i, count]).filter(([, count]) => count > 0))
  return {
    kind: 'exponential',
    scale,
    zero_count,
    zero_threshold,
    positive: filled(positive),
    negative: filled(negative),
  }
}

const finite = (value: number | null) => (value !== null && Number.isFinite(value) ? value : null)
