import type { SeriesFrame } from '../data/series.ts'
import type { Cell, DataTable } from '../lib/table.ts'

/** A time series as rows: time, name, measures. Buckets without a value of any measure are left out. */
export function seriesTable<M extends string, L extends Record<M, (number | null)[]>>(
  frame: SeriesFrame,
  lines: readonly L[],
  measures: readonly M[],
  nameOf: (line: L) => string,
): DataTable {
  const rows = frame.times.flatMap((at, index) =>
    lines
      .map((line) => ({ line, values: measures.map((measure) => line[measure][index] ?? null) }))
      .filter(({ values }) => values.some((value) => value !== null))
      .map(({ line, values }) => [new Date(at).toISOString() as Cell, nameOf(line)].concat(values)),
  )
  return { columns: ['time', 'name', ...measures], rows }
}
