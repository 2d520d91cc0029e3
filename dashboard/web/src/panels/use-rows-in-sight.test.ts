import { expect, test } from 'vitest'
import { overscan, rowsInSight } from './use-rows-in-sight.ts'

const rowHeight = 30
const height = 600

test.each([0, 1, 29, 30, 240, 1234, 29_999 * 30])('%i px down, all in sight and some beyond are drawn', (scrolled) => {
  const rows = 100_000
  const { first, end } = rowsInSight({ rows, rowHeight, scrolled, height })
  const [top, bottom] = [scrolled / rowHeight, (scrolled + height) / rowHeight]
  expect(first).toBeLessThanOrEqual(Math.max(top - overscan, 0))
  expect(end).toBeGreaterThanOrEqual(bottom + overscan)
  expect(end - first).toBeLessThan(height / rowHeight + 2 * overscan + 20)
})

test('one row further draws the same rows most of the time', () => {
  const spans = Array.from({ length: 80 }, (_, row) =>
    JSON.stringify(rowsInSight({ rows: 1000, rowHeight, scrolled: (100 + row) * rowHeight, height })),
  )
  expect(new Set(spans).size).toBeLessThanOrEqual(11)
})

test('at the end, or of a short list, no row is drawn that is not there', () => {
  expect(rowsInSight({ rows: 1000, rowHeight, scrolled: 1000 * rowHeight - height, height }).end).toBe(1000)
  expect(rowsInSight({ rows: 5, rowHeight, scrolled: 0, height })).toEqual({ first: 0, end: 5 })
  expect(rowsInSight({ rows: 0, rowHeight, scrolled: 0, height })).toEqual({ first: 0, end: 0 })
  // It has become shorter than it was scrolled.
  expect(rowsInSight({ rows: 20, rowHeight, scrolled: 9000, height })).toEqual({ first: 12, end: 20 })
})
