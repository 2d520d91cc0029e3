import type { LlmRequest } from '../../../records/llm-request.ts'
import type { EpochMicros } from '../../../records/span.ts'
import { assignChecked, BadRow, checkedTime, shown, type Clock } from '../bad-row.ts'
import { parseJson } from '../cells.ts'
import type { Target } from '../columns.ts'
import type { SourceRow } from '../source.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** How databases and scripts write that there is nothing. */
const nothing = new Set(['', String.raw`\N`, 'null', 'NULL', 'None'])

/** A row whose cells are asked for by column; of several names the first that is filled. */
export class NamedRow {
  private readonly cells: SourceRow['cells']
  private readonly positions: ReadonlyMap<string, number>

  constructor(cells: SourceRow['cells'], positions: ReadonlyMap<string, number>) {
    this.cells = cells
    this.positions = positions
  }

  get columns(): Iterable<string> {
    return this.positions.keys()
  }

  /** Trimmed; empty when there is none. */
  text(...names: readonly string[]): string {
    return this.find(names)?.value ?? ''
  }

  /** Which of the names is filled; the first when none is. */
  name(...names: readonly string[]): string {
    return this.find(names)?.name ?? names[0] ?? ''
  }

  /** Throws BadRow when there is none. */
  time(names: readonly string[], clock: Clock): EpochMicros {
    return checkedTime(this.text(...names), this.name(...names), clock)
  }

  /** Null when there is none. Throws BadRow when it is no time. */
  maybeTime(names: readonly string[], clock: Clock): EpochMicros | null {
    return this.text(...names) === '' ? null : this.time(names, clock)
  }

  /** The JSON object of a cell; empty when there is none. Throws BadRow when it is something else. */
  object(...names: readonly string[]): JsonObject {
    const found = this.find(names)
    if (!found) return {}
    const value = fromJson(found.value)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as JsonObject
    throw new BadRow(`${found.name}_not_an_object`, `${found.name} ${shown(found.value)} is not a JSON object`)
  }

  /** The value of a cell that may be JSON; null when there is none, the text itself when it is none. */
  value(...names: readonly string[]): unknown {
    const text = this.text(...names)
    return text === '' ? null : (fromJson(text) ?? text)
  }

  /** Fills a field, unless there is nothing to fill it with. Throws BadRow. */
  fill(request: LlmRequest, target: Exclude<Target, 'timestamp'>, ...names: readonly string[]): void {
    fill(request, target, this.text(...names), this.name(...names))
  }

  private find(names: readonly string[]): { name: string; value: string } | null {
    for (const name of names) {
      const position = this.positions.get(name)
      const value = position === undefined ? undefined : this.cells[position]?.trim()
      if (value !== undefined && !nothing.has(value)) return { name, value }
    }
    return null
  }
}

/** Fills a field with a value of JSON, unless there is none. Throws BadRow; `name` is what the file calls the value. */
export function fill(request: LlmRequest, target: Exclude<Target, 'timestamp'>, value: unknown, name: string): void {
  const text = textOf(value)
  if (text !== '') assignChecked(request, target, text, name)
}

/** What stands at `a.b.c`; undefined when nothing does. Numbers name elements of lists. */
export function at(value: unknown, path: string): unknown {
  let found = value
  for (const step of path.split('.')) {
    if (found === null || typeof found !== 'object' || !Object.hasOwn(found, step)) return undefined
    found = (found as JsonObject)[step]
  }
  return found
}

/** A text as it is, anything else as JSON; empty for nothing. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value.trim() : JSON.stringify(value)
}

/** As `textOf`, without the empty list and object that stand for nothing. */
export function contentOf(value: unknown): string {
  const text = textOf(value)
  return text === '{}' || text === '[]' ? '' : text
}

/** Some exports hold JSON as a text inside JSON. Null when it is none. */
function fromJson(text: string): unknown {
  try {
    const value = parseJson(text)
    return typeof value === 'string' && value.startsWith('{') ? parseJson(value) : value
  } catch {
    return null
  }
}
