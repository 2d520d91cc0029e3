/** ExportMetricsServiceRequest → data points. */
import type { MetricsMode } from '../../config.ts'
import type { Envelopes, Scope } from '../json.ts'
import { bytes, fixed64, noTime, ProtoDecoder, varint } from '../proto-decoder.ts'
import { ProtoReader } from '../protobuf.ts'
import type { DecodeOptions } from '../validate.ts'
import { PointBuilder, type DecodedMetrics, type WireBuckets, type WirePoint, type WireValue } from './point-builder.ts'
import { temporalities, type Metric, type Temporality } from './point.ts'

const envelopes: Envelopes = ['resourceMetrics', 'scopeMetrics', 'metrics']

const metricFields = { name: bytes(1), unit: bytes(3) }
const dataFields = { points: bytes(1), temporality: varint(2) }

/** Throws DecodeError when the body is no such message. `body` is not kept: every text is copied. */
export function decodeMetricsProtobuf(body: Buffer, options: DecodeOptions, mode: MetricsMode): DecodedMetrics {
  const decoder = new MetricDecoder(new ProtoReader(body), new PointBuilder(options, mode), envelopes)
  decoder.request(body.length)
  return decoder.builder
}

class MetricDecoder extends ProtoDecoder<PointBuilder> {
  private kind = ''
  private pointIndex = 0

  /** Fields may come in any order, so what is common to the points is looked for first. */
  protected item(end: number, scope: Scope): void {
    const { reader } = this
    const start = reader.at
    let name = ''
    let unit = ''
    while (reader.at < end) {
      const tag = reader.tag()
      if (tag === metricFields.name) name = reader.text(end)
      else if (tag === metricFields.unit) unit = reader.text(end)
      else reader.skip(tag, end)
    }
    reader.finish(end)
    const metric = this.builder.metric(name, unit, scope)
    reader.at = start
    while (reader.at < end) {
      const tag = reader.tag()
      const kind = kinds[tag]
      if (kind) this.data(reader.message(end), metric, kind)
      else reader.skip(tag, end)
    }
    reader.finish(end)
  }

  private data(end: number, metric: Metric, { name, read }: Kind): void {
    const { reader } = this
    const start = reader.at
    let temporality: Temporality = 'unspecified'
    while (reader.at < end) {
      const tag = reader.tag()
      if (tag === dataFields.temporality) temporality = temporalities[reader.varint()] ?? 'unspecified'
      else reader.skip(tag, end)
    }
    reader.finish(end)
    reader.at = start
    this.kind = name
    this.pointIndex = -1
    this.each(end, dataFields.points, (stop) => {
      this.pointIndex++
      this.builder.add(metric, read(this, stop, temporality), this.placeOfPoint)
    })
  }

  private readonly placeOfPoint = () => `${this.where()}.${this.kind}.dataPoints[${this.pointIndex}]`

  /** Exemplars are among what is skipped. */
  number(end: number, temporality: Temporality | null): WirePoint {
    const { reader } = this
    const value: WireValue & { kind: 'number' } = { kind: 'number', value: null, temporality }
    return this.point(end, { start: 2, time: 3, attributes: 7, flags: 8 }, value, (tag) => {
      if (tag === fixed64(4)) value.value = reader.double(end)
      else if (tag === fixed64(6)) value.value = reader.sfixed64(end)
      else reader.skip(tag, end)
    })
  }

  histogram(end: number, temporality: Temporality): WirePoint {
    const { reader } = this
    const value: WireValue & { kind: 'histogram' } = {
      ...unsummed(temporality),
      kind: 'histogram',
      bounds: [],
      counts: [],
    }
    return this.point(end, { start: 2, time: 3, attributes: 9, flags: 10 }, value, (tag) => {
      if (tag === fixed64(4)) value.count = reader.fixed64(end)
      else if (tag === fixed64(5)) value.sum = reader.double(end)
      else if (tag === fixed64(11)) value.min = reader.double(end)
      else if (tag === fixed64(12)) value.max = reader.double(end)
      else if (tag >>> 3 === 6) this.numbers(tag, 1, end, (stop) => value.counts.push(reader.fixed64(stop)))
      else if (tag >>> 3 === 7) this.numbers(tag, 1, end, (stop) => value.bounds.push(reader.double(stop)))
      else reader.skip(tag, end)
    })
  }

  exponential(end: number, temporality: Temporality): WirePoint {
    const { reader } = this
    const value: WireValue & { kind: 'exponential' } = {
      ...unsummed(temporality),
      kind: 'exponential',
      scale: 0,
      zero_count: 0,
      zero_threshold: 0,
      positive: { offset: 0, counts: [] },
      negative: { offset: 0, counts: [] },
    }
    return this.point(end, { start: 2, time: 3, attributes: 1, flags: 10 }, value, (tag) => {
      if (tag === fixed64(4)) value.count = reader.fixed64(end)
      else if (tag === fixed64(5)) value.sum = reader.double(end)
      else if (tag === varint(6)) value.scale = reader.sint32()
      else if (tag === fixed64(7)) value.zero_count = reader.fixed64(end)
      else if (tag === bytes(8)) this.buckets(reader.message(end), value.positive)
      else if (tag === bytes(9)) this.buckets(reader.message(end), value.negative)
      else if (tag === fixed64(12)) value.min = reader.double(end)
      else if (tag === fixed64(13)) value.max = reader.double(end)
      else if (tag === fixed64(14)) value.zero_threshold = reader.double(end)
      else reader.skip(tag, end)
    })
  }

  summary(end: number): WirePoint {
    const { reader } = this
    const value: WireValue & { kind: 'summary' } = { kind: 'summary', count: 0, sum: 0, quantiles: [] }
    return this.point(end, { start: 2, time: 3, attributes: 7, flags: 8 }, value, (tag) => {
      if (tag === fixed64(4)) value.count = reader.fixed64(end)
      else if (tag === fixed64(5)) value.sum = reader.double(end)
      else if (tag === bytes(6)) value.quantiles.push(this.quantile(reader.message(end)))
      else reader.skip(tag, end)
    })
  }

  /** The fields that every kind of point has, under numbers of its own; `other` reads the rest. */
  private point(
    end: number,
    fields: { start: number; time: number; attributes: number; flags: number },
    value: WireValue,
    other: (tag: number) => void,
  ): WirePoint {
    const { reader } = this
    const point: WirePoint = { start: noTime, time: noTime, attributes: new Map(), flags: 0, value }
    while (reader.at < end) {
      const tag = reader.tag()
      if (tag === fixed64(fields.start)) point.start = reader.time(end)
      else if (tag === fixed64(fields.time)) point.time = reader.time(end)
      else if (tag === bytes(fields.attributes)) this.attribute(reader.message(end), point.attributes)
      else if (tag === varint(fields.flags)) point.flags = reader.varint()
      else other(tag)
    }
    reader.finish(end)
    return point
  }

  private buckets(end: number, into: WireBuckets): void {
    const { reader } = this
    while (reader.at < end) {
      const tag = reader.tag()
      if (tag === varint(1)) into.offset = reader.sint32()
      else if (tag >>> 3 === 2) this.numbers(tag, 0, end, () => into.counts.push(reader.varint()))
      else reader.skip(tag, end)
    }
    reader.finish(end)
  }

  private quantile(end: number): [number, number] {
    const { reader } = this
    const pair: [number, number] = [0, 0]
    while (reader.at < end) {
      const tag = reader.tag()
      if (tag === fixed64(1)) pair[0] = reader.double(end)
      else if (tag === fixed64(2)) pair[1] = reader.double(end)
      else reader.skip(tag, end)
    }
    reader.finish(end)
    return pair
  }

  /** A repeated number comes packed into one field, or as one field of wire type `single` each. */
  private numbers(tag: number, single: number, end: number, take: (stop: number) => void): void {
    const { reader } = this
    if ((tag & 7) === single) return take(end)
    if ((tag & 7) !== 2) return reader.skip(tag, end)
    const stop = reader.message(end)
    while (reader.at < stop) take(stop)
    reader.finish(stop)
  }
}

interface Kind {
  name: string
  read: (decoder: MetricDecoder, end: number, temporality: Temporality) => WirePoint
}

/** By the tag of the field that holds a metric's data. */
const kinds: Record<number, Kind> = {
  [bytes(5)]: { name: 'gauge', read: (decoder, end) => decoder.number(end, null) },
  [bytes(7)]: { name: 'sum', read: (decoder, end, temporality) => decoder.number(end, temporality) },
  [bytes(9)]: { name: 'histogram', read: (decoder, end, temporality) => decoder.histogram(end, temporality) },
  [bytes(10)]: {
    name: 'exponentialHistogram',
    read: (decoder, end, temporality) => decoder.exponential(end, temporality),
  },
  [bytes(11)]: { name: 'summary', read: (decoder, end) => decoder.summary(end) },
}

const unsummed = (temporality: Temporality) => ({ temporality, count: 0, sum: null, min: null, max: null })
