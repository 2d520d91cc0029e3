import { expect, test } from 'vitest'
import { brushOf, spanOfBrush } from './heatmap-brush.ts'
import { cellAt, levelOf, pathsOf, rowLabels, shades, type HeatmapData } from './heatmap.ts'

const data: HeatmapData = {
  from: 1000,
  to: 4000,
  step_ms: 1000,
  times: [1000, 2000, 3000],
  lows: [1, 10, 100],
  top: 1000,
  counts: [
    [1, 0, 0],
    [0, 50, 0],
    [0, 0, 1000],
  ],
  factor: 1,
}

test('one is seen beside a thousand, and none is not', () => {
  expect([0, 1, 2, 30, 999, 1000].map((count) => levelOf(count, 1000))).toEqual([0, 1, 1, 4, 8, 8])
  expect(levelOf(1, 1)).toBe(shades.length)
})

test('each cell is in the path of its level', () => {
  const paths = pathsOf(data, 300, 90)
  expect(paths[0]).toBe('M0 60h99v29h-99z')
  expect(paths[7]).toBe('M200 0h99v29h-99z')
  expect(paths.filter((path) => path !== '').length).toBe(3)
})

test('a point is in one cell, or in none', () => {
  const plot = { width: 300, height: 90 }
  expect(cellAt(0, 89, plot, data)).toEqual({ column: 0, row: 0 })
  expect(cellAt(299, 0.5, plot, data)).toEqual({ column: 2, row: 2 })
  expect(cellAt(-1, 10, plot, data)).toBeNull()
  expect(cellAt(10, 91, plot, data)).toBeNull()
})

test('cells are bounds, and bounds are cells', () => {
  const spans = [0, 1, 2].flatMap((column) =>
    [0, 1, 2].map((row) => ({ start: { column: 0, row: 0 }, end: { column, row } })),
  )
  const all = spans.at(-1)!
  expect(brushOf(all, data)).toBeUndefined()
  for (const span of spans.slice(0, -1)) expect(spanOfBrush(brushOf(span, data)!, data)).toEqual(span)
  const slow = brushOf({ start: { column: 2, row: 2 }, end: { column: 1, row: 1 } }, data)
  expect(slow).toEqual({ from: 2000, to: 4000, min: 10, max: null })
  expect(spanOfBrush({ from: 9000, to: null, min: null, max: null }, data)).toBeNull()
})

test('powers of ten are written, and lines do not touch', () => {
  const decade = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8]
  const lows = [...decade, ...decade.map((low) => low * 10), ...decade.map((low) => low * 100)]
  expect(rowLabels(lows, 5)).toEqual([0, 10, 20])
  expect(rowLabels([2, 2.5, 3.15, 4, 5], 12)).toEqual([0, 2, 4])
})
