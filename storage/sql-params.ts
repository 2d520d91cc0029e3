/** The {name:Type} parameters of SQL that a person wrote: which there are, and a value given for one as the engine takes it. */
import { TupleParam } from '@clickhouse/client'

export interface DeclaredParam {
  name: string
  /** As written, without space around it. */
  type: string
  /** Where it stands in the text, `to` after the last character. */
  at: { from: number; to: number }
}

/** As JSON brings it; lists and objects may also come as JSON in a text, and whole numbers as texts, which keeps them exact. */
export type ParamValue = string | number | boolean | null | readonly ParamValue[] | { [key: string]: ParamValue }

/** A value that its type cannot hold; the message says what was expected. */
export class ParamError extends Error {
  override readonly name = 'ParamError'
}

const text = /'(?:[^'\\]|\\[^]|'')*'/.source
const skipped = `${text}|"(?:[^"\\\\]|\\\\[^]|"")*"|\`(?:[^\`\\\\]|\\\\[^]|\`\`)*\`|--[^\\n]*|#[ !][^\\n]*|/\\*[^]*?\\*/`
const part = new RegExp(`${skipped}|\\{\\s*(?<name>[A-Za-z_]\\w*)\\s*:(?<type>(?:[^'{}]|${text})+)\\}`, 'g')

/** In the order of the text, each as often as it stands there; those in strings, quoted names and comments are none. */
export function declaredParams(sql: string): DeclaredParam[] {
  return [...sql.matchAll(part)].flatMap(({ 0: whole, index, groups }) => {
    const { name, type = '' } = groups ?? {}
    return name === undefined ? [] : [{ name, type: type.trim(), at: { from: index, to: index + whole.length } }]
  })
}

/** What to hand to `Db` for it. Throws ParamError. What only the engine can judge, such as an Enum, passes as it is. */
export function boundValue(type: string, value: ParamValue): unknown {
  const { name, args } = parsed(type)
  const [inner = ''] = args
  if (name === 'LowCardinality') return boundValue(inner, value)
  if (name === 'Nullable') return isUnknown(inner, value) ? null : boundValue(inner, value)
  if (value === null) throw new ParamError('expected a value: only a Nullable type holds none')
  if (/^U?Int\d+$/.test(name)) return whole(name, value)
  if (/^(B?Float\d+|Decimal\d*)$/.test(name)) return number(value)
  if (name === 'Bool') return flag(value)
  if (/^Date(32)?$/.test(name)) return day(value)
  if (/^DateTime(64)?$/.test(name)) return moment(name, value)
  if (name === 'Array') return list(value).map((item) => boundValue(inner, item))
  if (name === 'Tuple') return tuple(args, list(value))
  if (name === 'Map') return map(args, value)
  if (typeof value === 'object') throw new ParamError('expected a text')
  return String(value)
}

/** `Array(Nullable(UInt8))`: its name, and what stands between its parentheses, at the outermost commas. */
function parsed(type: string): { name: string; args: string[] } {
  const [, name = '', inside = ''] = /^\s*(\w*)\s*(?:\(([^]*)\))?\s*$/.exec(type) ?? []
  const args = ['']
  let depth = 0
  for (const [found] of inside.matchAll(new RegExp(`${text}|[^]`, 'g'))) {
    if (found === '(') depth += 1
    if (found === ')') depth -= 1
    if (found === ',' && depth === 0) args.push('')
    else args[args.length - 1] += found
  }
  return { name, args: args.map((arg) => arg.trim()) }
}

/** An input that was left empty is unknown, unless a text may be empty. */
const isUnknown = (type: string, value: ParamValue) =>
  value === null || (value === '' && !/^(LowCardinality\()?(Fixed)?String/.test(type))

function whole(name: string, value: ParamValue): bigint {
  const bits = BigInt(/\d+/.exec(name)?.[0] ?? 64)
  const signed = name.startsWith('I')
  const least = signed ? -(2n ** (bits - 1n)) : 0n
  const most = signed ? 2n ** (bits - 1n) - 1n : 2n ** bits - 1n
  const given = wholeOf(value)
  if (given === null || given < least || given > most)
    throw new ParamError(`expected a whole number from ${least} to ${most}`)
  return given
}

/** Numbers beyond 2^53 have lost digits on their way here: those must come as texts. */
function wholeOf(value: ParamValue): bigint | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null
  const written = typeof value === 'string' ? value.trim().replace(/^\+/, '') : ''
  return /^-?\d+$/.test(written) ? BigInt(written) : null
}

function number(value: ParamValue): number {
  const written = typeof value === 'string' ? value.trim() : value
  if (typeof written === 'number' && Number.isFinite(written)) return written
  if (typeof written === 'string' && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(written)) return Number(written)
  throw new ParamError('expected a number')
}

function flag(value: ParamValue): boolean {
  if (value === true || value === 'true' || value === '1' || value === 1) return true
  if (value === false || value === 'false' || value === '0' || value === 0) return false
  throw new ParamError('expected true or false')
}

function day(value: ParamValue): string {
  const written = typeof value === 'string' ? value.trim() : ''
  if (/^\d{4}-\d\d-\d\d$/.test(written) && !Number.isNaN(Date.parse(written))) return written
  throw new ParamError('expected a day such as 2026-11-21')
}

const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(\.\d{1,9})?)?\s*(Z|[+-]\d\d:?\d\d)?$/

/**
 * Epoch seconds with their fraction, which the engine reads whatever zone a type names; of ten digits, since it takes others for a
 * date. A text without a zone is UTC.
 */
function moment(name: string, value: ParamValue): string {
  const [, date, clock = '00:00', fraction = '', zone = 'Z'] =
    iso.exec(typeof value === 'string' ? value.trim() : '') ?? []
  const at = typeof value === 'number' ? value : Date.parse(`${date}T${clock}${zone}`)
  const endYear = name === 'DateTime' ? 2106 : 2286
  if (!(at >= 0 && at < Date.UTC(endYear, 0)) || (date === undefined && typeof value !== 'number'))
    throw new ParamError(`expected a time such as 2026-11-21T10:00:00Z, from 1970 to ${endYear - 1}`)
  const seconds = String(Math.floor(at / 1000)).padStart(10, '0')
  if (name === 'DateTime') return seconds
  const ms = Math.floor(at) - Math.floor(at / 1000) * 1000
  return fraction === '' && ms > 0 ? `${seconds}.${String(ms).padStart(3, '0')}` : seconds + fraction
}

function list(value: ParamValue): readonly ParamValue[] {
  const items = fromJson(value)
  if (isList(items)) return items
  throw new ParamError('expected a list as JSON, such as ["a", "b"] or [1, 2]')
}

function tuple(types: readonly string[], items: readonly ParamValue[]): TupleParam {
  if (items.length !== types.length) throw new ParamError(`expected a list of ${types.length} as JSON`)
  // The types of a tuple may be named: `Tuple(model String, calls UInt64)`.
  return new TupleParam(items.map((item, index) => boundValue((types[index] ?? '').replace(/^\w+\s+(?=\w)/, ''), item)))
}

function map([keyType = '', valueType = '']: readonly string[], value: ParamValue): Map<unknown, unknown> {
  const given = fromJson(value)
  if (typeof given !== 'object' || given === null || isList(given))
    throw new ParamError('expected an object as JSON, such as {"a": 1}')
  return new Map(Object.entries(given).map(([key, one]) => [boundValue(keyType, key), boundValue(valueType, one)]))
}

const isList = (value: ParamValue): value is readonly ParamValue[] => Array.isArray(value)

/** Texts may stand in single quotes, as the engine writes them. What is no JSON then stays the text that it is. */
function fromJson(value: ParamValue): ParamValue {
  if (typeof value !== 'string') return value
  try {
    const json = value.replace(anyQuoted, (quoted) => (quoted.startsWith("'") ? doubleQuoted(quoted) : quoted))
    return JSON.parse(json) as ParamValue
  } catch {
    return value
  }
}

const anyQuoted = new RegExp(`"(?:[^"\\\\]|\\\\[^])*"|${text}`, 'g')
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', 0: '\0' }

function doubleQuoted(quoted: string): string {
  const unescaped = quoted
    .slice(1, -1)
    .replace(/''|\\([^])/g, (_, letter: string | undefined) =>
      letter === undefined ? "'" : (escapes[letter] ?? letter),
    )
  return JSON.stringify(unescaped)
}
