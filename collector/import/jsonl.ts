import { JsonRows } from './json-rows.ts'
import { withoutMark } from './cells.ts'
import type { Batch, BrokenRow, Lines, Source, SourceRow } from './source.ts'

/** JSON lines: one object a line. Columns are the keys met so far. */
export function jsonSource(total: number | null, lines: Lines): Source {
  const json = new JsonRows('expected one JSON object a line; a file that is one list is read with --format json')
  async function* batches(): AsyncGenerator<Batch> {
    let line = 0
    for await (const batch of lines) {
      const rows: (SourceRow | BrokenRow)[] = []
      for (const text of batch.lines) {
        line++
        if (text.trim() !== '') rows.push(json.row(line === 1 ? withoutMark(text) : text, line))
      }
      yield { rows, progress: batch.bytes }
    }
  }
  return { format: 'jsonl', columns: json.columns, total, batches: batches() }
}
