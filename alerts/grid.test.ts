import { expect, test } from 'vitest'
import { nextPoint } from './grid.ts'

const minute = 60_000

test.each([
  // evaluated, now, interval → next, given up; all in minutes.
  ['in time', 10, 10.5, 1, 11, 0],
  ['due now', 10, 11, 1, 11, 0],
  ['off the grid', 10.2, 10.7, 1, 11, 0],
  ['missed ones come first', 10, 13.5, 1, 11, 0],
  ['an hour back', 0, 100, 1, 41, 40],
  ['120 points back', 0, 100, 0.25, 70.25, 280],
  ['a long interval', 0, 600, 240, 480, 1],
])('%s', (_, evaluatedAt, now, interval, at, skipped) => {
  expect(nextPoint(evaluatedAt * minute, now * minute, interval * minute)).toEqual({ at: at * minute, skipped })
})

test('one that falls behind goes on with the newest', () => {
  expect(nextPoint(10 * minute, 13.5 * minute, minute, true)).toEqual({ at: 13 * minute, skipped: 2 })
  expect(nextPoint(10 * minute, 10.5 * minute, minute, true)).toEqual({ at: 11 * minute, skipped: 0 })
})
