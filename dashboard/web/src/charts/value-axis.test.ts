import { expect, test } from 'vitest'
import { linearAxis, logarithmicAxis, placeOn } from './value-axis.ts'

test.each([
  [0, 7.3, undefined, [0, 2, 4, 6, 8]],
  [5, 1000, undefined, [0, 250, 500, 750, 1000]],
  [0, 0.3, undefined, [0, 0.1, 0.2, 0.3]],
  [0, 0, undefined, [0, 0.25, 0.5, 0.75, 1]],
  [0.2, 0.4, 1, [0, 0.25, 0.5, 0.75, 1]],
  [-30, 50, undefined, [-40, -20, 0, 20, 40, 60]],
  [-5, -1, undefined, [-6, -4, -2, 0]],
])('values from %s to %s, at most %s, have the ticks %j', (least, most, max, ticks) =>
  expect(linearAxis(least, most, max).ticks).toEqual(ticks),
)

test('of bytes, ticks are round in the unit that they are written in', () => {
  const gib = 2 ** 30
  expect(linearAxis(0, 79.6 * gib, undefined, gib).ticks.map((tick) => tick / gib)).toEqual([0, 20, 40, 60, 80])
  expect(linearAxis(0, 0.4 * gib, gib, gib).ticks.map((tick) => tick / gib)).toEqual([0, 0.25, 0.5, 0.75, 1])
})

test.each([
  [3, 7, [1, 2, 5, 10]],
  [12, 9000, [10, 100, 1000, 10_000]],
  [5, 5, [1, 2, 5, 10]],
])('a logarithmic axis from %s to %s has the ticks %j', (least, most, ticks) =>
  expect(logarithmicAxis(least, most).ticks).toEqual(ticks),
)

test('a value has its place between the ends', () => {
  expect(placeOn(linearAxis(0, 8), 2)).toBe(0.25)
  expect(placeOn(logarithmicAxis(1, 100), 10)).toBeCloseTo(0.5)
})
