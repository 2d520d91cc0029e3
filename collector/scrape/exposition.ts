/**
 * Parses metric pages: Prometheus text format 0.0.4 and OpenMetrics text, as exporters really write them.
 * https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md
 */
import { Draft, familyTypes, type FamilyType, type Named, type Page, type Sample } from './families.ts'
import {
  LineError,
  isBreak,
  isRest,
  parseSeries,
  quote,
  readValue,
  skipBlank,
  unescape,
  type Cursor,
  type Series,
} from './sample-line.ts'

export interface ParserOptions {
  /** Series that are remembered; no others are taken. */
  maxSeries?: number
  /** Longest `name{labels}` in characters. */
  maxSeriesLength?: number
}

interface Slot extends Named {
  /** The page that `samples` are of. */
  page: number
}

interface SeriesLine {
  /** As it stands before the value. */
  text: string
  series: Series
  named: Slot
  /** The page on which it stood last. */
  page: number
  /** On that page. */
  sample: Writable<Sample>
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

type Line =
  | SeriesLine
  | { text: string; series: null; type?: [string, FamilyType] | undefined; help?: [string, string] | undefined }

/** Lines beyond the limit that are still told from lines that cannot be read. */
const examinedLines = 1_000

/** A series that was away for this many pages gives its place to another, when there is no more room. */
export const pagesKept = 60

/**
 * A parser for the pages of one target. Exporters write the same lines in the same order, so each line is first compared
 * with the one that stood there on the page before; then it is looked up among all that stood on the page; and only what is
 * new is parsed. Never throws on what a page says.
 *
 * At most `maxSeries` are remembered, and only they are taken: the ones that came first stay, so that the same are taken from
 * every page, wherever they stand on it.
 *
 * A page that has the lines of the one before, with other values, is the same `Page` with other values: what was worked out from
 * its families but not from their values holds on.
 */
export class ExpositionParser {
  readonly #maxSeries: number
  readonly #maxSeriesLength: number
  #order: Line[] = []
  /** The page before, when nothing was wrong with it. */
  #last: Page | null = null
  /** Of a page that may turn out not to be like the one before, by place in `#order`. */
  #values: number[] = []
  readonly #known = new Map<string, SeriesLine>()
  readonly #names = new Map<string, Slot>()
  #page = 0
  /** The page on which room was last made. */
  #swept = 0

  constructor({ maxSeries = 50_000, maxSeriesLength = 8192 }: ParserOptions = {}) {
    this.#maxSeries = maxSeries
    this.#maxSeriesLength = maxSeriesLength
  }

  parse(text: string): Page {
    this.#page++
    if (this.#last) {
      if (this.#readAgain(text)) return this.#withValues(this.#last)
      for (const line of this.#order) if (line.series) line.page = this.#page - 1
    }
    const draft = new Draft()
    const cursor: Cursor = { at: 0 }
    let index = 0
    for (let at = 0, line = 1; at < text.length; line++) {
      if (text.charCodeAt(at) === 10) {
        at++
        continue
      }
      let known = this.#order[index]
      if (!known || !sameLine(known, text, at)) {
        const found = this.#find(text, at, line, draft)
        if (!found) {
          at = lineEnd(text, at) + 1
          continue
        }
        known = found
        this.#order[index] = known
      }
      index++
      cursor.at = at + known.text.length
      if (known.series) this.#take(known, text, cursor, line, draft)
      else {
        if (known.help) draft.help(...known.help)
        if (known.type) draft.declare(...known.type, line)
      }
      at = (text.charCodeAt(cursor.at) === 10 ? cursor.at : lineEnd(text, cursor.at)) + 1
    }
    this.#order.length = index
    // Series that no longer come would pile up on a page that keeps inventing them.
    if (this.#known.size > 2 * index + 1000) this.#forget(0)
    const names: Slot[] = []
    for (const named of this.#names.values()) if (named.page === this.#page) names.push(named)
    if (this.#names.size > 2 * names.length + 1000)
      for (const [name, { page }] of this.#names) if (page < this.#page) this.#names.delete(name)
    const page = draft.finish(names)
    const isWhole = page.refused === 0 && page.duplicates === 0 && page.errors.length === 0
    this.#last = isWhole ? page : null
    this.#values.length = index
    return page
  }

  /** Whether the page has the lines of the one before, and all their values could be read. */
  #readAgain(text: string): boolean {
    const order = this.#order
    const cursor: Cursor = { at: 0 }
    let index = 0
    let at = 0
    for (; at < text.length; at++) {
      if (text.charCodeAt(at) === 10) continue
      const known = order[index]
      if (!known || !sameLine(known, text, at)) return false
      cursor.at = at + known.text.length
      if (known.series && !this.#readValue(text, cursor, index)) return false
      index++
      at = text.charCodeAt(cursor.at) === 10 ? cursor.at : lineEnd(text, cursor.at)
    }
    return index === order.length
  }

  /** Only once all are read, so that a page that turns out to be another leaves the one before as it is. */
  #withValues(page: Page): Page {
    const order = this.#order
    for (let index = 0; index < order.length; index++) {
      const line = order[index]
      if (line?.series) line.sample.value = this.#values[index] ?? Number.NaN
    }
    return page
  }

  #readValue(text: string, cursor: Cursor, index: number): boolean {
    try {
      this.#values[index] = readValue(text, cursor)
    } catch {
      return false
    }
    const next = text.charCodeAt(cursor.at)
    return next === 10 || Number.isNaN(next) || isRest(text.slice(cursor.at, lineEnd(text, cursor.at)).trimEnd())
  }

  /** Forgets the series that were not on the last pages, nor on this one. */
  #forget(pages: number): void {
    for (const [text, { page }] of this.#known) if (page < this.#page - pages) this.#known.delete(text)
  }

  #hasRoom(): boolean {
    if (this.#known.size >= this.#maxSeries && this.#swept < this.#page) {
      this.#swept = this.#page
      this.#forget(pagesKept)
    }
    return this.#known.size < this.#maxSeries
  }

  /** Reads the value behind a series. */
  #take(known: SeriesLine, text: string, cursor: Cursor, line: number, draft: Draft): void {
    const { series, named } = known
    try {
      const value = readValue(text, cursor)
      const next = text.charCodeAt(cursor.at)
      if (next !== 10 && !Number.isNaN(next)) {
        const rest = text.slice(cursor.at, lineEnd(text, cursor.at)).trimEnd()
        if (!isRest(rest)) throw new LineError(`expected a timestamp after the value, found ${quote(rest.trim())}`)
      }
      if (known.page === this.#page) {
        draft.duplicates++
        return
      }
      known.page = this.#page
      if (named.page !== this.#page) {
        named.page = this.#page
        named.samples = []
      }
      named.samples.push((known.sample = { series, value }))
    } catch (error) {
      draft.unreadable(line, error)
    }
  }

  /** The line at `at`, remembered or new; undefined when there is nothing to keep. */
  #find(text: string, at: number, line: number, draft: Draft): Line | undefined {
    const end = seriesEnd(text, at)
    const known = end > at ? this.#known.get(text.slice(at, end)) : undefined
    if (known) return known
    const raw = text.slice(at, lineEnd(text, at))
    if (raw.trim() === '') return undefined
    if (/^[ \t]*#/.test(raw)) {
      const content = owned(raw.endsWith('\r') ? raw.slice(0, -1) : raw)
      return { text: content, series: null, ...declaration(content) }
    }
    try {
      return this.#learn(raw, draft)
    } catch (error) {
      draft.unreadable(line, error)
      return undefined
    }
  }

  /** Throws LineError. */
  #learn(raw: string, draft: Draft): SeriesLine | undefined {
    const hasRoom = this.#hasRoom()
    // There may be a hundred thousand of them, on every page: only the first are looked at.
    if (!hasRoom && draft.refused >= examinedLines) {
      draft.refused++
      return undefined
    }
    const content = owned(raw)
    const { series, end } = parseSeries(content)
    if (end > this.#maxSeriesLength || !hasRoom) {
      draft.refused++
      return undefined
    }
    let named = this.#names.get(series.name)
    if (!named) this.#names.set(series.name, (named = { name: series.name, page: 0, samples: [] }))
    const line = { text: content.slice(0, end), series, named, page: 0, sample: { series, value: Number.NaN } }
    this.#known.set(line.text, line)
    return line
  }
}

/** Parses one page on its own. */
export function parseExposition(text: string, options?: ParserOptions): Page {
  return new ExpositionParser(options).parse(text)
}

function declaration(line: string): { type?: [string, FamilyType]; help?: [string, string] } {
  const match = /^[ \t]*#[ \t]+(TYPE|HELP)[ \t]+("(?:[^"\\]|\\.)*"|\S+)[ \t]*(.*)$/.exec(line)
  if (!match) return {}
  const word = match[2] ?? ''
  const name = word.startsWith('"') ? unescape(word.slice(1, -1)) : word
  const rest = (match[3] ?? '').trimEnd()
  if (match[1] === 'HELP') return { help: [name, unescape(rest)] }
  const type = familyTypes.find((known) => known === rest.toLowerCase())
  return { type: [name, type ?? 'untyped'] }
}

/** Whether the line at `at` has the remembered series, or is the remembered comment. */
function sameLine(known: Line, text: string, at: number): boolean {
  const end = at + known.text.length
  if (text.slice(at, end) !== known.text) return false
  const next = text.charCodeAt(end)
  if (!known.series) return next === 10 || next === 13 || Number.isNaN(next)
  // After a name without labels, `a {b="c"} 1` is another series.
  return (next === 32 || next === 9) && (text.charCodeAt(end - 1) === 125 || !labelsFollow(text, end))
}

/** Where a series ends: after its labels, or after its name. It may be nothing that can be parsed. */
function seriesEnd(text: string, from: number): number {
  let at = skipBlank(text, from)
  for (let code = text.charCodeAt(at); !isBreak(code) && code !== 123; code = text.charCodeAt(++at));
  const labels = skipBlank(text, at)
  if (text.charCodeAt(labels) !== 123) return at
  let quoted = false
  for (at = labels + 1; ; at++) {
    const code = text.charCodeAt(at)
    if (code === 10 || Number.isNaN(code)) return at
    if (code === 92) at++
    else if (code === 34) quoted = !quoted
    else if (code === 125 && !quoted) return at + 1
  }
}

const labelsFollow = (text: string, at: number) => text.charCodeAt(skipBlank(text, at)) === 123

/** Copied, because a slice would keep the whole page in memory for as long as it is remembered. */
const owned = (text: string) => Buffer.from(text).toString()

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}
