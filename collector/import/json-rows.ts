import { cellText, parseJson } from './cells.ts'
import type { BrokenRow, SourceRow } from './source.ts'

/** Texts of JSON objects as rows. Columns are the keys met so far: they grow, their positions stay. */
export class JsonRows {
  readonly columns: string[] = []
  private readonly positions = new Map<string, number>()
  private readonly expected: string

  /** `expected` explains itself to whoever gave something else than an object. */
  constructor(expected: string) {
    this.expected = expected
  }

  row(text: string, line: number): SourceRow | BrokenRow {
    const raw = () => text
    let value: unknown
    try {
      value = parseJson(text)
    } catch (error) {
      const message = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error)
      return { line, cells: null, reason: 'invalid_json', message, raw }
    }
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      return { line, cells: null, reason: 'not_an_object', message: this.expected, raw }
    const cells: (string | null)[] = []
    for (const [key, item] of Object.entries(value)) cells[this.position(key)] = cellText(item)
    return { line, cells, raw }
  }

  private position(name: string): number {
    const known = this.positions.get(name)
    if (known !== undefined) return known
    this.positions.set(name, this.columns.length)
    return this.columns.push(name) - 1
  }
}
