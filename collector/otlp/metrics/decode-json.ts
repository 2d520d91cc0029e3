/** OTLP/JSON → data points. */
import type { MetricsMode } from '../../config.ts'
import {
  attributesOf,
  count,
  double,
  eachItem,
  enumeration,
  int64,
  list,
  optional,
  scalars,
  text,
  time,
} from '../json.ts'
import type { Json, Scope } from '../json.ts'
import type { DecodeOptions } from '../validate.ts'
import { PointBuilder, type DecodedMetrics, type WireBuckets, type WireValue } from './point-builder.ts'
import { temporalities, type Temporality } from './point.ts'

/** Reads the value of one point of a kind of metric; `data` is what stands around its points. */
type ReadValue = (point: Json, where: string, data: { temporality: Temporality }) => WireValue

/** Throws DecodeError naming the field: `resourceMetrics[0].scopeMetrics[0].metrics[3].sum: expected an object, got 1`. */
export function decodeMetricsJson(body: Buffer, options: DecodeOptions, mode: MetricsMode): DecodedMetrics {
  const builder = new PointBuilder(options, mode)
  eachItem(body, ['resourceMetrics', 'scopeMetrics', 'metrics'], builder, (raw, where, scope) =>
    metric(raw, where, scope, builder),
  )
  return builder
}

function metric(raw: Json, where: string, scope: Scope, builder: PointBuilder): void {
  const found = builder.metric(text(raw, 'name', where), text(raw, 'unit', where), scope)
  for (const [kind, valueOf] of Object.entries(kinds)) {
    const place = `${where}.${kind}`
    const data = optional(raw[kind], place)
    const temporality = temporalities[enumeration(data, 'aggregationTemporality', place)] ?? 'unspecified'
    list(data, 'dataPoints', place, (point, at) => {
      const wire = {
        start: time(point, 'startTimeUnixNano', at),
        time: time(point, 'timeUnixNano', at),
        attributes: attributesOf(point, at, builder),
        flags: enumeration(point, 'flags', at),
        value: valueOf(point, at, { temporality }),
      }
      builder.add(found, wire, () => at)
    })
  }
}

const kinds: Record<string, ReadValue> = {
  gauge: (point, where) => ({ kind: 'number', value: numberOf(point, where), temporality: null }),
  sum: (point, where, { temporality }) => ({ kind: 'number', value: numberOf(point, where), temporality }),
  histogram: (point, where, { temporality }) => ({
    kind: 'histogram',
    temporality,
    ...summed(point, where),
    bounds: scalars(point, 'explicitBounds', where).map((bound, i) => double(bound, `${where}.explicitBounds[${i}]`)),
    counts: countsOf(point, where),
  }),
  exponentialHistogram: (point, where, { temporality }) => ({
    kind: 'exponential',
    temporality,
    ...summed(point, where),
    scale: enumeration(point, 'scale', where),
    zero_count: count(point['zeroCount'], `${where}.zeroCount`),
    zero_threshold: maybe(point, 'zeroThreshold', where) ?? 0,
    positive: bucketsOf(point, 'positive', where),
    negative: bucketsOf(point, 'negative', where),
  }),
  summary: (point, where) => {
    const quantiles: [number, number][] = []
    list(point, 'quantileValues', where, (pair, at) =>
      quantiles.push([maybe(pair, 'quantile', at) ?? 0, maybe(pair, 'value', at) ?? 0]),
    )
    const { count: found } = summed(point, where)
    return { kind: 'summary', count: found, sum: maybe(point, 'sum', where) ?? 0, quantiles }
  },
}

function numberOf(point: Json, where: string): number | null {
  const { asInt } = point
  if (asInt !== undefined && asInt !== null) return Number(int64(asInt, `${where}.asInt`))
  return maybe(point, 'asDouble', where)
}

function summed(point: Json, where: string) {
  return {
    count: count(point['count'], `${where}.count`),
    sum: maybe(point, 'sum', where),
    min: maybe(point, 'min', where),
    max: maybe(point, 'max', where),
  }
}

function bucketsOf(point: Json, key: string, where: string): WireBuckets {
  const place = `${where}.${key}`
  const found = optional(point[key], place)
  return { offset: enumeration(found, 'offset', place), counts: countsOf(found, place) }
}

const countsOf = (parent: Json, where: string) =>
  scalars(parent, 'bucketCounts', where).map((value, i) => count(value, `${where}.bucketCounts[${i}]`))

function maybe(parent: Json, key: string, where: string): number | null {
  const value = parent[key]
  return value === undefined || value === null ? null : double(value, `${where}.${key}`)
}
