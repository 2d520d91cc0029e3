/**
 * One sample line of the Prometheus text format 0.0.4 or OpenMetrics: `name{labels} value [timestamp] [# exemplar]`.
 * Tolerant where real exporters are odd (spaces after commas, quoted names, a trailing comma), strict about what it means.
 */

/** What identifies a sample from one scrape to the next. */
export interface Series {
  /** As on the wire: `vllm:e2e_request_latency_seconds_bucket`. */
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  /** Name and labels in canonical order: equal for equal series, however they were written. */
  readonly key: string
  /** The labels of `key` without `le` and `quantile`: equal for all lines of one histogram. */
  readonly group: string
}

/** A line that is not a sample; the message says what was expected. */
export class LineError extends Error {
  override name = 'LineError'
}

const nameAt = /[ \t]*([a-zA-Z_:][a-zA-Z0-9_:]*)?[ \t]*/y
const labelAt = /[ \t]*(?:([^\s="{},]+)|"((?:[^"\\]|\\.)*)")[ \t]*(?:(=)[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*)?(,|(?=\}))/y
const restPattern = /^[ \t]*(?:[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)?[ \t]*(?:#[^\n]*)?$/
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** Parses the series of a sample line; `end` is where the white space before the value begins. Throws LineError. */
export function parseSeries(line: string): { series: Series; end: number } {
  nameAt.lastIndex = 0
  const found = nameAt.exec(line)
  let name = found?.[1] ?? ''
  let end = found?.[0].length ?? 0
  const labels = new Map<string, string>()
  if (line[end] === '{') {
    const block = parseLabels(line, end + 1, labels)
    name ||= block.name
    end = block.end
  } else end = found?.[0].trimEnd().length ?? 0
  if (name === '') throw new LineError(`expected a metric name, found ${quote(line)}`)
  return { series: makeSeries(name, labels), end }
}

function parseLabels(line: string, from: number, labels: Map<string, string>): { name: string; end: number } {
  let name = ''
  let at = from
  for (;;) {
    const close = skipBlank(line, at)
    if (line[close] === '}') return { name, end: close + 1 }
    labelAt.lastIndex = at
    const match = labelAt.exec(line)
    if (!match) throw new LineError(`expected label="value" at column ${at + 1}, found ${quote(line.slice(at))}`)
    const key = match[1] ?? unescape(match[2] ?? '')
    if (match[3] === undefined) {
      // The only word without a value is a quoted metric name, as UTF-8 names are written: {"my.metric", a="b"}.
      if (match[2] === undefined || name !== '') throw new LineError(`label ${quote(key)} has no quoted value`)
      name = key
    } else if (labels.has(key)) throw new LineError(`label ${quote(key)} stands twice`)
    else labels.set(key, unescape(match[4] ?? ''))
    at = labelAt.lastIndex
  }
}

export function makeSeries(name: string, labels: ReadonlyMap<string, string>): Series {
  const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : 1))
  const group = sorted
    .filter(([label]) => label !== 'le' && label !== 'quantile')
    .map(([label, value]) => `${label}\u0001${value}`)
    .join('\u0002')
  const extra =
    (labels.get('le') ?? labels.get('quantile') ?? '') && `\u0003${labels.get('le')}\u0003${labels.get('quantile')}`
  return { name, labels, key: `${name}\u0002${group}${extra}`, group }
}

/** A position that the caller reads back; one object, so that reading a value allocates nothing. */
export interface Cursor {
  at: number
}

const powers = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)

/**
 * Reads the value at `cursor.at` and moves the cursor behind it. Short decimals, nearly all there are, are read without
 * allocating: up to 15 digits over a power of ten divide exactly rounded. Throws LineError.
 */
export function readValue(text: string, cursor: Cursor): number {
  const start = skipBlank(text, cursor.at)
  let at = start
  let code = text.charCodeAt(at)
  const negative = code === 45
  if (negative) code = text.charCodeAt(++at)
  let mantissa = 0
  let digits = 0
  let scale = -1
  for (; ; code = text.charCodeAt(++at)) {
    if (code >= 48 && code <= 57) {
      mantissa = mantissa * 10 + code - 48
      digits++
      if (scale >= 0) scale++
    } else if (code === 46 && scale < 0) scale = 0
    else break
  }
  if (digits > 0 && digits <= 15 && isBreak(code)) {
    cursor.at = at
    const value = scale > 0 ? mantissa / (powers[scale] ?? Number.NaN) : mantissa
    return negative ? -value : value
  }
  while (!isBreak(text.charCodeAt(at))) at++
  cursor.at = at
  return parseNumber(text.slice(start, at))
}

/** A number as Prometheus writes them: decimals, `1.15e+011`, `NaN`, `+Inf`. Throws LineError. */
export function parseNumber(word: string): number {
  if (decimal.test(word)) return Number(word)
  switch (word.toLowerCase()) {
    case 'nan':
      return Number.NaN
    case 'inf':
    case '+inf':
    case 'infinity':
    case '+infinity':
      return Infinity
    case '-inf':
    case '-infinity':
      return -Infinity
    default:
      throw new LineError(word === '' ? 'expected a value' : `expected a number, found ${quote(word)}`)
  }
}

/** Whether what follows a value is nothing, a timestamp, an exemplar, or both. */
export const isRest = (text: string) => restPattern.test(text)

export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

/** Space, tab, line end, or the end of the text (NaN). */
export function isBreak(code: number): boolean {
  return code === 10 || code === 32 || code === 9 || code === 13 || Number.isNaN(code)
}

export function skipBlank(text: string, from: number): number {
  let at = from
  for (let code = text.charCodeAt(at); code === 32 || code === 9; code = text.charCodeAt(at)) at++
  return at
}

/** The three escapes of a label value or a HELP text; any other backslash stands for itself. */
export function unescape(text: string): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(/\\([\\"n])/g, (_, char: string) => (char === 'n' ? '\n' : char))
}
