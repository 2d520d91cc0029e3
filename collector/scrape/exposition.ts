/**
 * Parses metric pages: Prometheus text format 0.0.4 and OpenMetrics text, as exporters really write them.
 * https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md
 */
import { Draft, familyTypes, type FamilyType, type Named, type Page } from './families.ts'
import { LineError, isRest, parseSeries, quote, readValue, unescape, type Cursor, type Series } from './sample-line.ts'

export interface ParserOptions {
  /** Samples taken from one page. */
  maxSeries?: number
  /** Longest `name{labels}` in characters. */
  maxSeriesLength?: number
}

interface Slot extends Named {
  /** The page that `samples` are of. */
  page: number
}

type Line =
  | { text: string; series: Series; named: Slot }
  | { text: string; series: null; type?: [string, FamilyType]; help?: [string, string] }

/** Equal to no line, so that the next page reads this one afresh. */
const unreadable: Line = { text: '\n', series: null }

/**
 * A parser for the pages of one target. Exporters write the same lines in the same order, so each line is first compared
 * with the one that stood there on the page before: then only its value is read. Never throws on what a page says.
 */
export class ExpositionParser {
  readonly #maxSeries: number
  readonly #maxSeriesLength: number
  #lines: Line[] = []
  #names = new Map<string, Slot>()
  #page = 0

  constructor({ maxSeries = 50_000, maxSeriesLength = 8192 }: ParserOptions = {}) {
    this.#maxSeries = maxSeries
    this.#maxSeriesLength = maxSeriesLength
  }

  parse(text: string): Page {
    this.#page++
    const draft = new Draft()
    const cursor: Cursor = { at: 0 }
    let index = 0
    let kept = 0
    for (let at = 0, line = 1; at < text.length; line++) {
      if (text.charCodeAt(at) === 10) {
        at++
        continue
      }
      let known = this.#lines[index]
      if (!known || !sameLine(known, text, at)) {
        const found = this.#read(text, at, line, draft)
        if (!found) {
          at = lineEnd(text, at) + 1
          continue
        }
        known = found
        this.#lines[index] = known
      }
      index++
      cursor.at = at + known.text.length
      if (!known.series) {
        if (known.help) draft.help(...known.help)
        if (known.type) draft.declare(...known.type, line)
      } else if (kept >= this.#maxSeries) draft.refused++
      else if (this.#take(known.series, known.named, text, cursor, line, draft)) kept++
      else this.#lines[index - 1] = unreadable
      at = (text.charCodeAt(cursor.at) === 10 ? cursor.at : lineEnd(text, cursor.at)) + 1
    }
    this.#lines.length = index
    const names = [...this.#names.values()].filter((named) => named.page === this.#page)
    // Names that no longer come would pile up on a page that keeps inventing them.
    if (this.#names.size > 2 * names.length + 1000) this.#forget()
    return draft.finish(names)
  }

  #forget(): void {
    this.#names.clear()
    this.#lines = []
  }

  /** Reads the value behind a series; true when the sample was kept. */
  #take(series: Series, named: Slot, text: string, cursor: Cursor, line: number, draft: Draft): boolean {
    try {
      const value = readValue(text, cursor)
      const next = text.charCodeAt(cursor.at)
      if (next !== 10 && !Number.isNaN(next)) {
        const rest = text.slice(cursor.at, lineEnd(text, cursor.at)).trimEnd()
        if (!isRest(rest)) throw new LineError(`expected a timestamp after the value, found ${quote(rest.trim())}`)
      }
      if (named.page !== this.#page) {
        named.page = this.#page
        named.samples = []
      }
      named.samples.push({ series, value })
      return true
    } catch (error) {
      draft.unreadable(line, error)
      return false
    }
  }

  /** Parses a line that is not the one that stood here before; undefined when there is nothing to keep. */
  #read(text: string, at: number, line: number, draft: Draft): Line | undefined {
    const raw = text.slice(at, lineEnd(text, at))
    if (raw.trim() === '') return undefined
    // Copied, because a slice would keep the whole page in memory for as long as the line is remembered.
    const content = Buffer.from(raw.endsWith('\r') ? raw.slice(0, -1) : raw).toString()
    if (/^[ \t]*#/.test(content)) return { text: content, series: null, ...declaration(content) }
    try {
      const { series, end } = parseSeries(content)
      if (end > this.#maxSeriesLength) {
        draft.refused++
        return undefined
      }
      let named = this.#names.get(series.name)
      if (!named) this.#names.set(series.name, (named = { name: series.name, page: 0, samples: [] }))
      return { text: content.slice(0, end), series, named }
    } catch (error) {
      draft.unreadable(line, error)
      return undefined
    }
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
  if (text.slice(at, at + known.text.length) !== known.text) return false
  const next = text.charCodeAt(at + known.text.length)
  return known.series ? next === 32 || next === 9 : next === 10 || next === 13 || Number.isNaN(next)
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}
