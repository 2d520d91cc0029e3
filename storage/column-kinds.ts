/** How each kind of record field becomes ClickHouse columns, and how its values are written as RowBinary. */
import { attributeClass, isContentEvent } from '../records/content-names.ts'
import type { HistogramDelta, TokenHistogram } from '../records/server-sample.ts'
import type { Attributes, AttributeValue, EpochMicros, SpanEvent, SpanLink } from '../records/span.ts'
import { RowBinaryWriter } from './rowbinary.ts'

export interface Column {
  name: string
  /** As ClickHouse spells it in system.columns. */
  type: string
}

export interface Kind<Value> {
  /** Most fields are one column of the same name; histograms, events and links spread over several arrays. */
  columns(field: string): Column[]
  write(writer: RowBinaryWriter, value: Value): void
}

const kind = <Value>(type: string, write: Kind<Value>['write']): Kind<Value> => ({
  columns: (name) => [{ name, type }],
  write,
})

export const micros = kind<EpochMicros>("DateTime64(6, 'UTC')", (writer, value) => writer.i64(value))
/** Scrapes need no microseconds: rounded down to whole ms. */
export const millis = kind<EpochMicros>("DateTime64(3, 'UTC')", (writer, value) => writer.i64(Math.floor(value / 1000)))
export const text = kind<string>('String', (writer, value) => writer.text(value))
/** A text with few different values. */
export const label = kind<string>('LowCardinality(String)', (writer, value) => writer.text(value))
export const labels = kind<readonly string[]>('Array(LowCardinality(String))', writeTexts)
/** A list of texts that are all different, such as ids. */
export const texts = kind<readonly string[]>('Array(String)', writeTexts)
/** What ClickHouse's engines read as a flag. */
export const engineFlag = kind<boolean>('UInt8', (writer, value) => writer.u8(value ? 1 : 0))
export const flag = kind<boolean>('Bool', (writer, value) => writer.u8(value ? 1 : 0))
export const float = kind<number>('Float64', (writer, value) => writer.f64(value))
export const attempt = kind<number>('UInt16', (writer, value) => writer.u16(count(value, 65_535) ?? 0))
export const whole = kind<number>('UInt64', (writer, value) => writer.i64(count(value, Number.MAX_SAFE_INTEGER) ?? 0))
export const maybeFloat = kind<number | null>('Nullable(Float64)', writeMaybeFloat)
/** Counts: whole, not negative, below the type's limit; anything else is unknown. */
export const maybeU16 = kind<number | null>('Nullable(UInt16)', (writer, value) => {
  const known = count(value, 65_535)
  writer.u8(known === null ? 1 : 0)
  if (known !== null) writer.u16(known)
})
export const maybeU32 = kind<number | null>('Nullable(UInt32)', (writer, value) => {
  const known = count(value, 4_294_967_295)
  writer.u8(known === null ? 1 : 0)
  if (known !== null) writer.u32(known)
})
export const maybeU64 = kind<number | null>('Nullable(UInt64)', (writer, value) => {
  const known = count(value, Number.MAX_SAFE_INTEGER)
  writer.u8(known === null ? 1 : 0)
  if (known !== null) writer.i64(known)
})
export const smallCounts = kind<readonly number[]>('Array(UInt32)', (writer, value) => {
  writer.varint(value.length)
  for (const item of value) writer.u32(count(item, 4_294_967_295) ?? 0)
})
export const maybeUsd = kind<number | null>('Nullable(Decimal(18, 12))', writeMaybeUsd)

export const textMap = kind<Map<string, string>>('Map(LowCardinality(String), String)', (writer, value) => {
  writer.varint(value.size)
  for (const [key, item] of value) {
    writer.text(key)
    writer.text(item)
  }
})
/** Attributes that many rows share, as a resource's: the same Map, never written to after its first row, is encoded once. */
export const sharedAttributeMap = kind<Attributes>('Map(LowCardinality(String), String)', (writer, value) => {
  let bytes = encodedMaps.get(value)
  if (!bytes) {
    const own = new RowBinaryWriter(1024)
    writeAttributes(own, value)
    bytes = own.take()
    encodedMaps.set(value, bytes)
  }
  writer.bytes(bytes)
})
const encodedMaps = new WeakMap<Attributes, Buffer>()
export const countMap = kind<Map<string, number>>('Map(LowCardinality(String), UInt64)', (writer, value) => {
  writer.varint(value.size)
  for (const [key, item] of value) {
    writer.text(key)
    writer.i64(count(item, Number.MAX_SAFE_INTEGER) ?? 0)
  }
})

export const floats = kind<readonly number[]>('Array(Float64)', writeFloats)
export const counts = kind<readonly number[]>('Array(UInt64)', writeCounts)

/** A null histogram is two empty arrays and a null sum. */
export const histogram: Kind<HistogramDelta | null> = {
  columns: (field) => [
    { name: `${field}_bounds`, type: 'Array(Float64)' },
    { name: `${field}_counts`, type: 'Array(UInt64)' },
    { name: `${field}_sum`, type: 'Nullable(Float64)' },
  ],
  write(writer, value) {
    writeFloats(writer, value?.bounds_ms ?? [])
    writeCounts(writer, value?.counts ?? [])
    writeMaybeFloat(writer, value?.sum_ms ?? null)
  },
}

/** A null histogram is two empty arrays and a null sum. */
export const tokenHistogram: Kind<TokenHistogram | null> = {
  columns: (field) => histogram.columns(field),
  write(writer, value) {
    writeFloats(writer, value?.bounds ?? [])
    writeCounts(writer, value?.counts ?? [])
    writeMaybeFloat(writer, value?.sum ?? null)
  },
}

/** Content stands in a column of its own, which is kept for a shorter time. */
export const spanAttributes: Kind<Attributes> = {
  columns: (field) => [
    { name: field, type: 'Map(LowCardinality(String), String)' },
    { name: 'content', type: 'Map(LowCardinality(String), String)' },
  ],
  write(writer, attributes) {
    const content = contentOf(attributes)
    writeAttributes(writer, attributes, content)
    writeAttributes(writer, content)
  },
}

export const spanEvents: Kind<SpanEvent[]> = {
  columns: () => [
    { name: 'event_timestamps', type: "Array(DateTime64(6, 'UTC'))" },
    { name: 'event_names', type: 'Array(LowCardinality(String))' },
    { name: 'event_attributes', type: 'Array(Map(LowCardinality(String), String))' },
    { name: 'event_content', type: 'Array(Map(LowCardinality(String), String))' },
  ],
  write(writer, events) {
    writer.varint(events.length)
    for (const event of events) writer.i64(event.timestamp)
    writer.varint(events.length)
    for (const event of events) writer.text(event.name)
    writer.varint(events.length)
    const contents = events.map(({ name, attributes }) => (isContentEvent(name) ? attributes : contentOf(attributes)))
    for (const [index, { attributes }] of events.entries()) writeAttributes(writer, attributes, contents[index])
    writer.varint(events.length)
    for (const content of contents) writeAttributes(writer, content)
  },
}

export const spanLinks: Kind<SpanLink[]> = {
  columns: () => [
    { name: 'link_trace_ids', type: 'Array(String)' },
    { name: 'link_span_ids', type: 'Array(String)' },
  ],
  write(writer, links) {
    writer.varint(links.length)
    for (const link of links) writer.text(link.trace_id)
    writer.varint(links.length)
    for (const link of links) writer.text(link.span_id)
  },
}

/** Never written to. */
const none: Attributes = new Map()

function contentOf(attributes: Attributes): Attributes {
  let content = none
  attributes.forEach((value, key) => {
    if (attributeClass(key) !== 'content') return
    if (content === none) content = new Map()
    content.set(key, value)
  })
  return content
}

/** An attribute as stored: texts as they are, arrays and objects as JSON, bytes as base64, null as ''. */
export function attributeText(value: AttributeValue): string {
  if (typeof value === 'string') return value
  if (value === null) return ''
  if (typeof value !== 'object') return String(value)
  if (value instanceof Uint8Array) return base64(value)
  return JSON.stringify(jsonValue(value))
}

/** All but those that `except` has, every one of which is among them. */
function writeAttributes(writer: RowBinaryWriter, attributes: Attributes, except = none): void {
  writer.varint(attributes.size - except.size)
  // Not for … of: it makes a pair of each entry, a third of the time of a span.
  attributes.forEach((value, key) => {
    if (except.size > 0 && except.has(key)) return
    writer.text(key)
    writer.text(typeof value === 'string' ? value : attributeText(value))
  })
}

function writeTexts(writer: RowBinaryWriter, values: readonly string[]): void {
  writer.varint(values.length)
  for (const value of values) writer.text(value)
}

function writeFloats(writer: RowBinaryWriter, values: readonly number[]): void {
  writer.varint(values.length)
  for (const value of values) writer.f64(value)
}

function writeCounts(writer: RowBinaryWriter, values: readonly number[]): void {
  writer.varint(values.length)
  for (const value of values) writer.i64(count(value, Number.MAX_SAFE_INTEGER) ?? 0)
}

function writeMaybeFloat(writer: RowBinaryWriter, value: number | null): void {
  const known = value !== null && Number.isFinite(value)
  writer.u8(known ? 0 : 1)
  if (known) writer.f64(value)
}

/** Decimal(18, 12) holds amounts below a million dollars; a larger one is a mistake somewhere, hence unknown. */
function writeMaybeUsd(writer: RowBinaryWriter, value: number | null): void {
  if (value === null || !(Math.abs(value) < 999_999)) return writer.u8(1)
  writer.u8(0)
  const pico = value * 1e12
  if (Math.abs(pico) < 2 ** 52) return writer.i64(Math.round(pico))
  // Above about 4,500 USD a double no longer holds single pico-dollars: whole dollars and the rest apart stay exact.
  const dollars = Math.trunc(value)
  writer.bigI64(BigInt(dollars) * 1_000_000_000_000n + BigInt(Math.round((value - dollars) * 1e12)))
}

function count(value: number | null, max: number): number | null {
  if (value === null || !(value >= 0 && value <= max)) return null
  return Math.round(value)
}

/** `BigInt` and bytes have no JSON of their own; Buffer's would be an object of numbers. */
function jsonValue(value: AttributeValue): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Uint8Array) return base64(value)
  if (Array.isArray(value)) return value.map(jsonValue)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonValue(item)]))
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
