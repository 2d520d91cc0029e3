import { expect, test } from 'vitest'
import { errorDifference, percentileDifference, type Interval } from './noise.ts'

test.each([
  // 10 % against 5 % of 1,000 each: z = 4.24; of 100 each: z = 1.34.
  [100, 1000, 50, 1000, 'more'],
  [50, 1000, 100, 1000, 'less'],
  [10, 100, 5, 100, 'noise'],
  // Too few errors, too few successes, no requests.
  [2, 100, 0, 100, 'too few'],
  [99, 100, 98, 100, 'too few'],
  [0, 0, 0, 0, 'too few'],
  [5, 20, 500, 2000, 'noise'],
] as const)('%i of %i errors against %i of %i: %s', (errors, requests, before, of, expected) => {
  expect(errorDifference({ errors, requests }, { errors: before, requests: of })).toBe(expected)
})

test.each<[Interval, Interval, string]>([
  [[10, 20], [21, 30], 'less'],
  [[31, 40], [21, 30], 'more'],
  [[10, 21], [21, 30], 'noise'],
  [null, [21, 30], 'too few'],
])('%j against %j: %s', (a, b, expected) => {
  expect(percentileDifference(a, b)).toBe(expected)
})
