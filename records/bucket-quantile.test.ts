import { describe, expect, test } from 'vitest'
import { bucketQuantile, observationsOf, type BucketCounts } from './bucket-quantile.ts'

const buckets = (bounds_ms: number[], counts: number[]): BucketCounts => ({ bounds_ms, counts })

describe('one set of bounds: as histogram_quantile, with the bucket around it', () => {
  test.each([
    // level, counts of ≤ 10, ≤ 20, ≤ 40, above → value, low, high
    [0.5, [10, 0, 0, 0], 5, 0, 10],
    [0.5, [0, 10, 0, 0], 15, 10, 20],
    [0.5, [5, 5, 0, 0], 10, 0, 10],
    [0.95, [50, 30, 20, 0], 35, 20, 40],
    [0.99, [50, 30, 20, 0], 39, 20, 40],
    [0.75, [1, 1, 1, 1], 40, 20, 40],
    [0.9, [1, 1, 1, 1], 40, 40, null],
    [0.5, [0, 0, 0, 7], 40, 40, null],
    [1, [3, 4, 0, 0], 20, 10, 20],
    [0.5, [2, 0, 2, 0], 10, 0, 10],
    [0.6, [2, 0, 2, 0], 24, 20, 40],
  ] as const)('%d of %j', (level, counts, value_ms, low_ms, high_ms) => {
    const found = bucketQuantile([buckets([10, 20, 40], [...counts])], level)
    expect(found).toEqual({ value_ms: expect.closeTo(value_ms, 9) as number, low_ms, high_ms })
  })

  test('without observations nothing is known', () => {
    expect(bucketQuantile([], 0.5)).toBeNull()
    expect(bucketQuantile([buckets([10, 20], [0, 0, 0])], 0.5)).toBeNull()
    expect(observationsOf([buckets([10], [1, 2]), buckets([20], [0, 3])])).toBe(6)
  })

  test('a first bound at zero is itself the answer', () => {
    expect(bucketQuantile([buckets([0, 10], [9, 1, 0])], 0.5)).toEqual({ value_ms: 0, low_ms: 0, high_ms: 0 })
  })
})

describe('different bounds', () => {
  test('a bound that both have narrows it down for both', () => {
    // Up to 10: 4 + 4 of 16; up to 20: 8 + 8.
    const found = bucketQuantile([buckets([10, 20], [4, 4, 0]), buckets([10, 15, 20], [4, 4, 0, 0])], 0.5)
    expect(found).toEqual({ value_ms: 10, low_ms: 0, high_ms: 10 })
  })

  test('between bounds of one it is only as sure as the other allows', () => {
    // The first has 10 observations somewhere up to 100; the second 10 up to 30.
    const groups = [buckets([100], [10, 0]), buckets([20, 30], [0, 10, 0])]
    // Ranks up to 10 may all lie at or below 20; up to 30 there are at least 10, up to 100 all 20.
    expect(bucketQuantile(groups, 0.5)).toEqual({
      value_ms: expect.closeTo(27.27, 2) as number,
      low_ms: 0,
      high_ms: 30,
    })
    expect(bucketQuantile(groups, 0.9)).toMatchObject({ low_ms: 20, high_ms: 100 })
  })

  test('those above a low last bound keep the upper end open', () => {
    const groups = [buckets([10], [0, 10]), buckets([10, 1000], [5, 5, 0])]
    expect(bucketQuantile(groups, 0.2)).toMatchObject({ low_ms: 0, high_ms: 10 })
    expect(bucketQuantile(groups, 0.9)).toMatchObject({ low_ms: 10, high_ms: null })
  })

  test('whatever is observed, the quantile of the observations lies between low and high', () => {
    let seed = 7
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
    const sets = [[10, 20, 40], [5, 20, 50, 80], [100], [1, 2, 3, 4]]
    for (let round = 0; round < 300; round++) {
      const all: number[] = []
      const groups = sets.slice(0, 1 + random(sets.length)).map((bounds) => {
        const counts = bounds.map(() => 0).concat(0)
        for (let n = random(30); n > 0; n--) {
          const value = random(120)
          all.push(value)
          const at = bounds.findIndex((bound) => value <= bound)
          const bucket = at === -1 ? bounds.length : at
          counts[bucket] = (counts[bucket] ?? 0) + 1
        }
        return buckets(bounds, counts)
      })
      const level = (1 + random(99)) / 100
      const found = bucketQuantile(groups, level)
      const sorted = all.toSorted((a, b) => a - b)
      const exact = sorted[Math.max(Math.ceil(level * sorted.length - 1e-9), 1) - 1]
      const { value_ms, low_ms, high_ms } = found ?? { value_ms: 0, low_ms: 0, high_ms: null }
      expect(found === null).toBe(exact === undefined)
      const within = (value: number) => value >= low_ms - 1e-9 && value <= (high_ms ?? Infinity) + 1e-9
      expect({ level, groups, found, exact, holds: [within(exact ?? 0), within(value_ms)] }).toMatchObject({
        holds: [true, true],
      })
    }
  })
})
