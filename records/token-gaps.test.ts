import { expect, test } from 'vitest'
import { gapBoundsMs, gapBucket, gapQuantile } from './token-gaps.ts'

test('every bound is the last gap of its bucket', () => {
  for (const [index, bound] of gapBoundsMs.entries()) {
    expect(gapBucket(bound)).toBe(index)
    expect(gapBucket(bound * 1.001)).toBe(index + 1)
  }
  expect([0, -1, NaN, 0.05].map(gapBucket)).toEqual([0, 0, 0, 0])
  expect(gapBucket(1e9)).toBe(gapBoundsMs.length)
})

test('quantiles are within a bucket of the truth', () => {
  const gaps = Array.from({ length: 1000 }, (_, index) => 5 + index * 0.05)
  const counts: number[] = Array.from({ length: gapBoundsMs.length + 1 }, () => 0)
  for (const gap of gaps) counts[gapBucket(gap)]! += 1
  for (const quantile of [0.1, 0.5, 0.95, 0.99]) {
    const exact = gaps[Math.floor(quantile * gaps.length)] as number
    const found = gapQuantile(counts, quantile) as number
    expect(Math.abs(found / exact - 1)).toBeLessThan(0.1)
  }
  expect(gapQuantile([], 0.5)).toBeNull()
  expect(gapQuantile([0, 0], 0.5)).toBeNull()
})
