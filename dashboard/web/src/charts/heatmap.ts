/** The geometry of a heatmap: which cell is where, how strong it is. Pure. */

export interface HeatmapData {
  from: number
  to: number
  step_ms: number
  /** Starts of the columns, epoch ms. */
  times: readonly number[]
  /** Lower ends of the rows, rising; the last ends at `top`, infinity where it has no end. */
  lows: readonly number[]
  top: number
  /** By column, then by row. */
  counts: readonly (readonly number[])[]
  /** A count stands for so many. */
  factor: number
}

export interface Cell {
  column: number
  row: number
}

/** All cells between two, in whatever direction. */
export interface CellSpan {
  start: Cell
  end: Cell
}

/** Classes of the shades that an eye keeps apart, from few to many. */
export const shades = ['heat-1', 'heat-2', 'heat-3', 'heat-4', 'heat-5', 'heat-6', 'heat-7', 'heat-8'] as const
const levels = shades.length

/** The largest cell, and the sum of each column. */
export function cellsOf({ counts }: HeatmapData): { most: number; columns: number[] } {
  return {
    most: counts.reduce((most, column) => Math.max(most, ...column), 0),
    columns: counts.map((column) => column.reduce((sum, count) => sum + count, 0)),
  }
}

/** 0 of nothing, else the number of its shade: logarithmic, since a rare slow request must be seen beside thousands of quick ones. */
export function levelOf(count: number, most: number): number {
  if (count <= 0) return 0
  if (most <= 1) return levels
  return 1 + Math.min(Math.floor((Math.log(count) / Math.log(most)) * levels), levels - 1)
}

/** One SVG path a level: thousands of cells are eight elements. */
export function pathsOf(data: HeatmapData, width: number, height: number): string[] {
  const { most } = cellsOf(data)
  const paths = Array.from({ length: levels }, (): string[] => [])
  const [columnWidth, rowHeight] = [width / Math.max(data.times.length, 1), height / Math.max(data.lows.length, 1)]
  // Wide cells keep a gap between them, narrow ones would be all gap.
  const gap = columnWidth > 6 ? 1 : columnWidth > 3 ? 0.5 : 0
  for (const [column, rows] of data.counts.entries())
    for (const [row, count] of rows.entries()) {
      const level = levelOf(count, most)
      if (level === 0) continue
      const [x, y] = [column * columnWidth, height - (row + 1) * rowHeight]
      const [w, h] = [columnWidth - gap, rowHeight - (rowHeight > 3 ? 1 : 0)]
      paths[level - 1]?.push(`M${round(x)} ${round(y)}h${round(w)}v${round(h)}h${round(-w)}z`)
    }
  return paths.map((path) => path.join(''))
}

/** The cell at a point of the plot; null beside it. */
export function cellAt(
  x: number,
  y: number,
  plot: { width: number; height: number },
  { times, lows }: HeatmapData,
): Cell | null {
  const column = Math.floor((x / plot.width) * times.length)
  const row = Math.floor(((plot.height - y) / plot.height) * lows.length)
  return column >= 0 && column < times.length && row >= 0 && row < lows.length ? { column, row } : null
}

/** Rows whose lower end is written beside them: whole powers of ten where they are enough, at least a line apart. */
export function rowLabels(lows: readonly number[], rowHeight: number): number[] {
  const apart = Math.max(1, Math.ceil(20 / rowHeight))
  const powers = lows.flatMap((low, row) =>
    low > 0 && Number.isInteger(Math.round(Math.log10(low) * 1e9) / 1e9) ? [row] : [],
  )
  const wanted = powers.length >= 3 ? powers : lows.map((_, row) => row)
  const labels: number[] = []
  for (const row of wanted) if (labels.length === 0 || row - (labels.at(-1) ?? 0) >= apart) labels.push(row)
  return labels
}

const round = (value: number) => Math.round(value * 100) / 100
