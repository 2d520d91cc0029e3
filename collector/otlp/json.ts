/** Reading OTLP/JSON: its own dialect of proto3 JSON. Ids are hex, enums are numbers, unknown keys are ignored. */
import type { AttributeValue, Attributes } from '../../records/span.ts'
import { DecodeError } from './findings.ts'
import { checkShape } from './json-shape.ts'
import { maxDepth, type ItemBuilder, type Resource, type WireTime } from './validate.ts'

export type Json = Record<string, unknown>

/** What the items of one scope share. */
export interface Scope {
  resource: Resource
  name: string
  version: string
}

/** The keys of a signal's envelopes, from the outside: `['resourceSpans', 'scopeSpans', 'spans']`. */
export type Envelopes = readonly [string, string, string]

/**
 * Hands every item of a request over, with its place in it: `resourceSpans[0].scopeSpans[0].spans[3]`. One with a value that
 * cannot be read is rejected, the others go through. Throws DecodeError naming the field when that leaves none, or when what
 * is around the items is broken; Refusal 413 on what would not fit into memory as values.
 */
export function eachItem(
  body: Buffer,
  [resources, scopes, items]: Envelopes,
  builder: ItemBuilder,
  take: (item: Json, where: string, scope: Scope) => void,
): void {
  const broken: DecodeError[] = []
  let read = 0
  const tryItem = (item: Json, where: string, scope: Scope) => {
    try {
      take(item, where, scope)
      read++
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      broken.push(error)
    }
  }
  list(object(parse(body), 'the body'), resources, '', (envelope, path) => {
    const resource = builder.resource(
      attributesOf(optional(envelope['resource'], `${path}.resource`), `${path}.resource`, builder),
    )
    list(envelope, scopes, path, (inner, place) => {
      const found = optional(inner['scope'], `${place}.scope`)
      const name = builder.name(text(found, 'name', `${place}.scope`))
      const version = builder.name(text(found, 'version', `${place}.scope`))
      const scope = { resource, name, version }
      list(inner, items, place, (item, where) => tryItem(item, where, scope))
    })
  })
  if (broken[0] && read === 0) throw broken[0]
  for (const { place } of broken) builder.rejected.add('undecodable', place)
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

export function attributesOf(raw: Json, where: string, builder: ItemBuilder): Attributes {
  const attributes: Attributes = new Map()
  list(raw, 'attributes', where, (pair, at) => {
    const value = anyValue(pair['value'], `${at}.value`, 0)
    attributes.set(builder.name(text(pair, 'key', at)), builder.limit(value))
  })
  return attributes
}

/** Presence of a key decides, not its value: 0, false and '' are values. No key at all is the empty value. */
export function anyValue(raw: unknown, where: string, depth: number): AttributeValue {
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

export function object(value: unknown, where: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw unexpected(where, 'an object', value)
}

const nothing: Json = {}
export const optional = (value: unknown, where: string): Json =>
  value === undefined || value === null ? nothing : object(value, where)

export function list(parent: Json, key: string, path: string, take: (item: Json, where: string) => void): void {
  const items = parent[key]
  if (items === undefined || items === null) return
  const place = path === '' ? key : `${path}.${key}`
  if (!Array.isArray(items)) throw unexpected(place, 'an array', items)
  items.forEach((item, index) => take(object(item, `${place}[${index}]`), `${place}[${index}]`))
}

/** A list of numbers; absent is empty. */
export function scalars(parent: Json, key: string, where: string): unknown[] {
  const items = parent[key]
  if (items === undefined || items === null) return []
  if (!Array.isArray(items)) throw unexpected(`${where}.${key}`, 'an array', items)
  return items
}

export function text(parent: Json, key: string, where: string): string {
  const value = parent[key]
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  throw unexpected(`${where}.${key}`, 'a string', value)
}

export function boolean(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value
  throw unexpected(where, 'true or false', value)
}

export function enumeration(parent: Json, key: string, where: string): number {
  const value = parent[key]
  if (typeof value === 'number' && Number.isInteger(value)) return value
  if (value === undefined || value === null) return 0
  throw unexpected(`${where}.${key}`, 'an integer (enums are numbers in OTLP/JSON)', value)
}

export function int64(value: unknown, where: string): number | bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value === 0 ? 0 : value
  const exact = wholeNumber(value)
  if (exact === null || exact !== BigInt.asIntN(64, exact)) throw unexpected(where, 'a 64-bit integer', value)
  const rounded = Number(exact)
  return Number.isSafeInteger(rounded) ? rounded : exact
}

/** A count: not negative, rounded above 2^53; absent is 0. */
export function count(value: unknown, where: string): number {
  if (value === undefined || value === null) return 0
  const exact = wholeNumber(value)
  if (exact === null || exact !== BigInt.asUintN(64, exact)) throw unexpected(where, 'a count', value)
  return Number(exact)
}

export function double(value: unknown, where: string): number {
  if (typeof value === 'number') return value
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
  if (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))) return Number(value)
  throw unexpected(where, 'a number', value)
}

/** A time in ns, as a string (exact) or as a number (which JSON.parse has rounded already). */
export function time(parent: Json, key: string, where: string): WireTime {
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
export const hexOf = (id: string) => (/^[0-9a-f]{0,34}$/i.test(id) ? id.toLowerCase() : '?')

/** The engine's message shows the beginning of the body, which may be content. */
function notJson(cause: unknown): DecodeError {
  return new DecodeError(`not JSON: ${(cause as Error).message}`, { place: 'not JSON', cause })
}

function unexpected(where: string, expected: string, found: unknown): DecodeError {
  const shown = (JSON.stringify(found) ?? String(found)).slice(0, 40)
  const place = `${where}: expected ${expected}`
  return new DecodeError(`${place}, got ${shown}`, { place })
}
