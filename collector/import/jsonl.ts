import { cellText, parseJson, withoutMark } from './cells.ts'
import type { Batch, BrokenRow, Lines, Source, SourceRow } from './source.ts'

/** JSON lines: one object a line. Columns are the keys met so far. */
export function jsonSource(total: number | null, lines: Lines): Source {
  const columns: string[] = []
  const positions = new Map<string, number>()
  const position = (name: string) => {
    const known = positions.get(name)
    if (known !== undefined) return known
    positions.set(name, columns.length)
    return columns.push(name) - 1
  }
  const read = (text: string, line: number): SourceRow | BrokenRow => {
    let value: unknown
    try {
      value = parseJson(text)
    } catch (error) {
      const message = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error)
      return { line, cells: null, reason: 'invalid_json', message, raw: () => text }
    }
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      return { line, cells: null, reason: 'not_an_object', message: 'expected one JSON object a line', raw: () => text }
    const cells: (string | null)[] = []
    for (const [key, item] of Object.entries(value)) cells[position(key)] = cellText(item)
    return { line, cells, raw: () => text }
  }
  async function* batches(): AsyncGenerator<Batch> {
    let line = 0
    for await (const batch of lines) {
      const rows: (SourceRow | BrokenRow)[] = []
      for (const text of batch.lines) {
        line++
        if (text.trim() !== '') rows.push(read(line === 1 ? withoutMark(text) : text, line))
      }
      yield { rows, progress: batch.bytes }
    }
  }
  return { format: 'jsonl', columns, total, batches: batches() }
}
