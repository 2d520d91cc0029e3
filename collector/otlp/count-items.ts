/** Counts the items of a metrics or logs request, of which nothing is stored yet: a partial success must say how many. */
import { parse } from './json.ts'
import { ProtoReader } from './protobuf.ts'

export interface Unstored {
  name: 'metrics' | 'logs'
  /** The field of the partial success. */
  rejected: string
  /** The way to the items: fields of nested messages, and the same as JSON keys. */
  fields: readonly (readonly number[])[]
  keys: readonly (readonly string[])[]
}

/** By path, relative to the receiver's base. */
export const unstored: Record<string, Unstored> = {
  '/v1/metrics': {
    name: 'metrics',
    rejected: 'rejectedDataPoints',
    fields: [[1], [2], [2], [5, 7, 9, 10, 11], [1]],
    keys: [
      ['resourceMetrics'],
      ['scopeMetrics'],
      ['metrics'],
      ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'],
      ['dataPoints'],
    ],
  },
  '/v1/logs': {
    name: 'logs',
    rejected: 'rejectedLogRecords',
    fields: [[1], [2], [2]],
    keys: [['resourceLogs'], ['scopeLogs'], ['logRecords']],
  },
}

/** Throws DecodeError on what is no protobuf. */
export function countProtobuf(body: Buffer, { fields }: Unstored): number {
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
export function countJson(body: Buffer, { keys }: Unstored): number {
  let level = [parse(body)]
  for (const names of keys) level = level.flatMap((item) => names.flatMap((name) => childrenOf(item, name)))
  return level.length
}

function childrenOf(item: unknown, name: string): unknown[] {
  if (typeof item !== 'object' || item === null) return []
  const child = (item as Record<string, unknown>)[name]
  return Array.isArray(child) ? child : child === undefined || child === null ? [] : [child]
}
