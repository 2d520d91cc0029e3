/** Cells of a heatmap as bounds of time and value, and back. Pure. */
import type { Brush } from '../lib/brush.ts'
import type { CellSpan, HeatmapData } from './heatmap.ts'

/** What cells cover; a side that reaches the edge is open. All of the cells bound nothing. */
export function brushOf({ start, end }: CellSpan, { times, step_ms, lows, top }: HeatmapData): Brush | undefined {
  const [firstColumn, lastColumn] = [Math.min(start.column, end.column), Math.max(start.column, end.column)]
  const [firstRow, lastRow] = [Math.min(start.row, end.row), Math.max(start.row, end.row)]
  const allTimes = firstColumn === 0 && lastColumn === times.length - 1
  const brush = {
    from: allTimes ? null : (times[firstColumn] ?? null),
    to: allTimes ? null : (times[lastColumn] ?? 0) + step_ms,
    min: firstRow === 0 ? null : (lows[firstRow] ?? null),
    max: lastRow === lows.length - 1 ? null : (lows[lastRow + 1] ?? top),
  }
  return Object.values(brush).every((side) => side === null) ? undefined : brush
}

/** The cells that a brush covers now: while the page is live they move, and rows come and go. Null when none is left. */
export function spanOfBrush(brush: Brush, { times, step_ms, lows, top }: HeatmapData): CellSpan | null {
  const columns = times.flatMap((at, column) =>
    (brush.from === null || at + step_ms > brush.from) && (brush.to === null || at < brush.to) ? [column] : [],
  )
  const rows = lows.flatMap((low, row) =>
    (brush.min === null || (lows[row + 1] ?? top) > brush.min) && (brush.max === null || low < brush.max) ? [row] : [],
  )
  const [firstColumn, lastColumn, firstRow, lastRow] = [columns[0], columns.at(-1), rows[0], rows.at(-1)]
  if (firstColumn === undefined || lastColumn === undefined || firstRow === undefined || lastRow === undefined)
    return null
  return { start: { column: firstColumn, row: firstRow }, end: { column: lastColumn, row: lastRow } }
}
