/**
 * Reading attributes whose types cannot be trusted: clients send booleans and integers as strings, integers as doubles,
 * arrays as JSON or comma-joined strings. Each reader takes names in order of preference; the first usable value wins.
 */
import type { Attributes, AttributeValue } from '../../../records/span.ts'

/** Longest identifier kept: these land in dictionary-coded columns, where one long value costs every reader. */
const maxIdentifier = 256

/** Text of a value: strings as they are, numbers and booleans printed, lists and objects as JSON. Null when empty. */
export function textOf(value: AttributeValue | undefined): string | null {
  if (typeof value === 'string') return value === '' ? null : value
  if (value === undefined || value === null) return null
  if (typeof value === 'object') {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
    return Array.isArray(value) && value.length === 0 ? null : json(value)
  }
  return String(value)
}

/** JSON of a value; integers beyond 2^53 as strings, bytes as base64. */
export function json(value: AttributeValue): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'bigint') return item.toString()
    return item instanceof Uint8Array ? Buffer.from(item).toString('base64') : item
  })
}

/** The first non-empty text, or empty. */
export function text(attributes: Attributes, names: readonly string[]): string {
  for (const name of names) {
    const value = attributes.get(name)
    if (value === undefined) continue
    const found = textOf(value)
    if (found !== null) return found
  }
  return ''
}

/** Like text, cut to what a column of names should hold. */
export function identifier(attributes: Attributes, names: readonly string[]): string {
  return shortened(text(attributes, names))
}

/** Text cut to what a column of names should hold. */
export function shortened(found: string): string {
  return found.length > maxIdentifier ? found.slice(0, maxIdentifier) : found
}

/** A finite number from a number, bigint or numeric string; null otherwise. */
function numberOf(value: AttributeValue | undefined): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'string' || value.length > 32 || !/^\s*[+-]?\d/.test(value)) return null
  const parsed = Number(value)
  return Number.isFinite(parsed) ? parsed : null
}

/** The first finite number, or null. */
export function number(attributes: Attributes, names: readonly string[]): number | null {
  for (const name of names) {
    const value = attributes.get(name)
    if (value === undefined) continue
    const found = numberOf(value)
    if (found !== null) return found
  }
  return null
}

/**
 * The first whole number, also as 23.0 or "23". Negative and absurd ones are passed on, and NaN stands for what is no
 * whole number: the pipeline makes them unknown and counts them.
 */
export function integer(attributes: Attributes, names: readonly string[]): number | null {
  let otherwise: number | null = null
  for (const name of names) {
    const value = attributes.get(name)
    if (value === undefined || value === null) continue
    const found = numberOf(value)
    if (found !== null && Number.isInteger(found)) return found
    if (typeof value !== 'string' || value.trim() !== '') otherwise = NaN
  }
  return otherwise
}

/** The first boolean, also as "True", "false", 1 or 0; null when there is none. */
export function boolean(attributes: Attributes, names: readonly string[]): boolean | null {
  for (const name of names) {
    const value = attributes.get(name)
    if (value === undefined) continue
    const found = booleanOf(value)
    if (found !== null) return found
  }
  return null
}

function booleanOf(value: AttributeValue): boolean | null {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return value !== 0
  if (typeof value !== 'string') return null
  const word = value.toLowerCase()
  if (word === 'true' || word === '1') return true
  return word === 'false' || word === '0' ? false : null
}

/** The first item of a list that came as an array, a JSON array in a string, a comma-joined string or one word. */
export function firstOf(value: AttributeValue | undefined): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return textOf(value.find((item) => textOf(item) !== null)) ?? ''
  const whole = textOf(value) ?? ''
  if (whole.startsWith('[')) {
    const parsed = parsedJson(whole)
    if (Array.isArray(parsed)) return firstOf(parsed as AttributeValue[])
  }
  return whole.split(',', 1)[0]?.trim() ?? ''
}

/** The object in a JSON string or a structured attribute; null when it is none or larger than 64 KiB. */
export function object(attributes: Attributes, name: string): { [key: string]: AttributeValue } | null {
  const value = attributes.get(name)
  if (value === undefined || value === null) return null
  const found = typeof value === 'string' ? parsedJson(value) : value
  return typeof found === 'object' && found !== null && !Array.isArray(found) && !(found instanceof Uint8Array)
    ? (found as { [key: string]: AttributeValue })
    : null
}

/** The fields of an object as attributes of their own; none when it is no object. */
export function fieldsOf(value: AttributeValue | undefined): Attributes {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
    ? new Map(Object.entries(value))
    : new Map()
}

/** The fields of the object in a JSON string or a structured attribute; null as for `object`. */
export function objectFields(attributes: Attributes, name: string): Attributes | null {
  const found = object(attributes, name)
  return found && new Map(Object.entries(found))
}

/** JSON of at most `limit` characters; null when it is none. */
export function parsedJson(content: string, limit = 65_536): unknown {
  if (content.length > limit) return null
  try {
    return JSON.parse(content) as unknown
  } catch {
    return null
  }
}
