/** OTLP/JSON → spans. Its own dialect of proto3 JSON: ids are hex, enums are numbers, unknown keys are ignored. */
import type { AttributeValue, Attributes, Span, SpanEvent } from '../../records/span.ts'
import { spanKinds, spanStatuses } from '../../records/span.ts'
import { DecodeError } from './findings.ts'
import { checkShape } from './json-shape.ts'
import { TraceBuilder, maxDepth, type DecodeOptions, type DecodedTraces, type WireTime } from './validate.ts'

type Json = Record<string, unknown>

/**
 * A span with a value that cannot be read is rejected, the others go through. Throws DecodeError when that leaves none, or
 * when what is around the spans is broken, naming the field:
 * `resourceSpans[0].scopeSpans[0].spans[3].kind: expected an integer, got "CLIENT"`.
 */
export function decodeJson(body: Buffer, options: DecodeOptions): DecodedTraces {
  const builder = new TraceBuilder(options)
  const root = object(parse(body), 'the body')
  const broken: DecodeError[] = []
  list(root, 'resourceSpans', '', (item, path) => resourceSpans(item, path, builder, broken))
  if (broken[0] && builder.spans.length === 0) throw broken[0]
  for (const { place } of broken) builder.rejected.add('undecodable', place)
  return builder
}

/** Throws DecodeError on what is not JSON, Refusal 413 on what would not fit into memory as values. */
export function parse(body: Buffer): unknown {
  checkShape(body)
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw notJson(cause)
  }
}

function resourceSpans(item: Json, path: string, builder: TraceBuilder, broken: DecodeError[]): void {
  const resource = optional(item['resource'], `${path}.resource`)
  const common = builder.resource(attributesOf(resource, `${path}.resource`, builder))
  list(item, 'scopeSpans', path, (scopeSpans, place) => {
    const scope = optional(scopeSpans['scope'], `${place}.scope`)
    const name = builder.name(text(scope, 'name', `${place}.scope`))
    const version = builder.name(text(scope, 'version', `${place}.scope`))
    const around = { ...common, name, version }
    list(scopeSpans, 'spans', place, (raw, where) => {
      try {
        addSpan(raw, where, around, builder)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        broken.push(error)
      }
    })
  })
}

/** What a span has from its resource and its scope. */
interface Around {
  service: string
  environment: string
  attributes: Attributes
  name: string
  version: string
}

function addSpan(raw: Json, where: string, around: Around, builder: TraceBuilder): void {
  const span: Span = {
    timestamp: 0,
    duration_ms: 0,
    trace_id: hexOf(text(raw, 'traceId', where)),
    span_id: hexOf(text(raw, 'spanId', where)),
    parent_span_id: hexOf(text(raw, 'parentSpanId', where)),
    name: text(raw, 'name', where),
    kind: spanKinds[enumeration(raw, 'kind', where)] ?? 'unspecified',
    service: around.service,
    environment: around.environment,
    scope_name: around.name,
    scope_version: around.version,
    status: 'unset',
    status_message: '',
    attributes: attributesOf(raw, where, builder),
    resource_attributes: around.attributes,
    events: [],
    links: [],
    version: 0,
  }
  list(raw, 'events', where, (event, at) => span.events.push(eventOf(event, at, builder)))
  list(raw, 'links', where, (link, at) =>
    span.links.push({
      trace_id: hexOf(text(link, 'traceId', at)),
      span_id: hexOf(text(link, 'spanId', at)),
    }),
  )
  status(raw, where, span, builder)
  builder.add(span, time(raw, 'startTimeUnixNano', where), time(raw, 'endTimeUnixNano', where), () => where)
}

function status(raw: Json, where: string, span: Span, builder: TraceBuilder): void {
  const found = optional(raw['status'], `${where}.status`)
  span.status = spanStatuses[enumeration(found, 'code', `${where}.status`)] ?? 'unset'
  span.status_message = builder.cut(text(found, 'message', `${where}.status`))
}

function eventOf(raw: Json, where: string, builder: TraceBuilder): SpanEvent {
  return {
    timestamp: time(raw, 'timeUnixNano', where).micros,
    name: builder.name(text(raw, 'name', where)),
    attributes: attributesOf(raw, where, builder),
  }
}

function attributesOf(raw: Json, where: string, builder: TraceBuilder): Attributes {
  const attributes: Attributes = new Map()
  list(raw, 'attributes', where, (pair, at) => {
    const value = anyValue(pair['value'], `${at}.value`, 0)
    attributes.set(builder.name(text(pair, 'key', at)), builder.limit(value))
  })
  return attributes
}

/** Presence of a key decides, not its value: 0, false and '' are values. No key at all is the empty value. */
function anyValue(raw: unknown, where: string, depth: number): AttributeValue {
  if (raw === undefined || raw === null) return null
  if (depth > maxDepth) throw new DecodeError(`${where}: values nested deeper than ${maxDepth}`)
  const value = object(raw, where)
  const has = (key: string) => value[key] !== undefined && value[key] !== null
  if (has('stringValue')) return text(value, 'stringValue', where)
  if (has('boolValue')) return boolean(value['boolValue'], `${where}.boolValue`)
  if (has('intValue')) return int64(value['intValue'], `${where}.intValue`)
  if (has('doubleValue')) return double(value['doubleValue'], `${where}.doubleValue`)
  if (has('arrayValue')) {
    const items: AttributeValue[] = []
    const array = object(value['arrayValue'], `${where}.arrayValue`)
    list(array, 'values', `${where}.arrayValue`, (item, at) => items.push(anyValue(item, at, depth + 1)))
    return items
  }
  if (has('kvlistValue')) {
    const entries: [string, AttributeValue][] = []
    const pairs = object(value['kvlistValue'], `${where}.kvlistValue`)
    list(pairs, 'values', `${where}.kvlistValue`, (pair, at) =>
      entries.push([text(pair, 'key', at), anyValue(pair['value'], `${at}.value`, depth + 1)]),
    )
    // Unlike an assignment, this takes `__proto__` as the plain name that it is here.
    return Object.fromEntries(entries)
  }
  if (has('bytesValue')) return Uint8Array.from(Buffer.from(text(value, 'bytesValue', where), 'base64'))
  return null
}

function object(value: unknown, where: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw unexpected(where, 'an object', value)
}

const nothing: Json = {}
const optional = (value: unknown, where: string): Json =>
  value === undefined || value === null ? nothing : object(value, where)

function list(parent: Json, key: string, path: string, take: (item: Json, where: string) => void): void {
  const items = parent[key]
  if (items === undefined || items === null) return
  const place = path === '' ? key : `${path}.${key}`
  if (!Array.isArray(items)) throw unexpected(place, 'an array', items)
  items.forEach((item, index) => take(object(item, `${place}[${index}]`), `${place}[${index}]`))
}

function text(parent: Json, key: string, where: string): string {
  const value = parent[key]
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  throw unexpected(`${where}.${key}`, 'a string', value)
}

function boolean(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value
  throw unexpected(where, 'true or false', value)
}

function enumeration(parent: Json, key: string, where: string): number {
  const value = parent[key]
  if (typeof value === 'number' && Number.isInteger(value)) return value
  if (value === undefined || value === null) return 0
  throw unexpected(`${where}.${key}`, 'an integer (enums are numbers in OTLP/JSON)', value)
}

function int64(value: unknown, where: string): number | bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value === 0 ? 0 : value
  const exact = wholeNumber(value)
  if (exact === null || exact !== BigInt.asIntN(64, exact)) throw unexpected(where, 'a 64-bit integer', value)
  const rounded = Number(exact)
  return Number.isSafeInteger(rounded) ? rounded : exact
}

function double(value: unknown, where: string): number {
  if (typeof value === 'number') return value
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
  if (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))) return Number(value)
  throw unexpected(where, 'a number', value)
}

/** A time in ns, as a string (exact) or as a number (which JSON.parse has rounded already). */
function time(parent: Json, key: string, where: string): WireTime {
  const value = parent[key]
  if (value === undefined || value === null) return { micros: 0, nanos: 0 }
  if (typeof value === 'string' && /^\d{4,19}$/.test(value))
    return { micros: Number(value.slice(0, -3)), nanos: Number(value.slice(-3)) }
  const exact = wholeNumber(value)
  if (exact === null || exact !== BigInt.asUintN(64, exact))
    throw unexpected(`${where}.${key}`, 'nanoseconds since 1970', value)
  return { micros: Number(exact / 1000n), nanos: Number(exact % 1000n) }
}

function wholeNumber(value: unknown): bigint | null {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : null
}

/** What is not hex cannot be an id: made so short that validation calls it invalid rather than missing. */
const hexOf = (id: string) => (/^[0-9a-f]{0,34}$/i.test(id) ? id.toLowerCase() : '?')

/** The engine's message shows the beginning of the body, which may be content. */
function notJson(cause: unknown): DecodeError {
  return new DecodeError(`not JSON: ${(cause as Error).message}`, { place: 'not JSON', cause })
}

function unexpected(where: string, expected: string, found: unknown): DecodeError {
  const shown = (JSON.stringify(found) ?? String(found)).slice(0, 40)
  const place = `${where}: expected ${expected}`
  return new DecodeError(`${place}, got ${shown}`, { place })
}
