import { cellText, parseJson } from './cells.ts'
import type { Batch, Lines, Source, TypedColumn } from './source.ts'

/** Rows of a Parquet file, which the engine writes as JSON arrays; `total` of them. */
export function parquetSource(columns: TypedColumn[], total: number | null, lines: Lines): Source {
  // The engine writes times of a column that has a zone in UTC; the others are wall clock, for --timezone to place.
  const zoned = columns.map(({ type }) => /DateTime.*'/.test(type))
  async function* batches(): AsyncGenerator<Batch> {
    let row = 0
    for await (const batch of lines) {
      const rows = batch.lines.map((text) => {
        row++
        const values = parseJson(text) as unknown[]
        const cells = values.map((value, at) =>
          zoned[at] && typeof value === 'string' ? `${value}Z` : cellText(value),
        )
        return { line: row, cells, raw: () => Object.fromEntries(columns.map(({ name }, at) => [name, values[at]])) }
      })
      yield { rows, progress: rows.length }
    }
  }
  return { format: 'parquet', columns: columns.map(({ name }) => name), total, batches: batches() }
}
