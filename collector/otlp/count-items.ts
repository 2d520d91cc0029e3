/** Counts the items of a metrics or logs request, of which nothing is stored yet: a partial success must say how many. */
import { parse } from './decode-json.ts'
import { Findings } from './findings.ts'
import { ProtoReader } from './protobuf.ts'
import type { Signal } from './signal.ts'

interface Unstored extends Pick<Signal, 'name' | 'method' | 'rejectedField'> {
  /** The way to the items: fields of nested messages, and the same as JSON keys. */
  fields: readonly (readonly number[])[]
  keys: readonly (readonly string[])[]
}

/** Accepts nothing and says so. */
function unstored(way: Unstored): Signal {
  const { name, method, rejectedField } = way
  return {
    name,
    paths: [`/v1/${name}`],
    method,
    rejectedField,
    async take(bytes, encoding) {
      const rejected = new Findings()
      const items = (encoding === 'json' ? countJson : countProtobuf)(bytes, way)
      if (items > 0) rejected.add(`${name}_not_stored`, `${name} are not stored yet`, items)
      return { items: 0, rejected, noted: new Findings() }
    },
  }
}

export const unstoredMetrics = unstored({
  name: 'metrics',
  method: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  rejectedField: 'rejectedDataPoints',
  fields: [[1], [2], [2], [5, 7, 9, 10, 11], [1]],
  keys: [
    ['resourceMetrics'],
    ['scopeMetrics'],
    ['metrics'],
    ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'],
    ['dataPoints'],
  ],
})

export const unstoredLogs = unstored({
  name: 'logs',
  method: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  rejectedField: 'rejectedLogRecords',
  fields: [[1], [2], [2]],
  keys: [['resourceLogs'], ['scopeLogs'], ['logRecords']],
})

/** Throws DecodeError on what is no protobuf. */
function countProtobuf(body: Buffer, { fields }: Unstored): number {
  const reader = new ProtoReader(body)
  const count = (end: number, depth: number): number => {
    const wanted = fields[depth]
    if (!wanted) {
      reader.at = end
      return 1
    }
    let items = 0
    while (reader.at < end) {
      const tag = reader.tag()
      if ((tag & 7) === 2 && wanted.includes(tag >>> 3)) items += count(reader.message(end), depth + 1)
      else reader.skip(tag, end)
    }
    reader.finish(end)
    return items
  }
  return count(body.length, 0)
}

/** Throws DecodeError on what is no JSON. */
function countJson(body: Buffer, { keys }: Unstored): number {
  let level = [parse(body)]
  for (const names of keys) level = level.flatMap((item) => names.flatMap((name) => childrenOf(item, name)))
  return level.length
}

function childrenOf(item: unknown, name: string): unknown[] {
  if (typeof item !== 'object' || item === null) return []
  const child = (item as Record<string, unknown>)[name]
  return Array.isArray(child) ? child : child === undefined || child === null ? [] : [child]
}
