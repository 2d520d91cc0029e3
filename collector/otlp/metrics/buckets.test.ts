import { describe, expect, test } from 'vitest'
import { random } from '../testing.ts'
import { explicit, growth, type ExplicitBuckets, type ExponentialBuckets } from './buckets.ts'

const explicitOf = (counts: number[], bounds = [1, 2]): ExplicitBuckets => ({ kind: 'explicit', bounds, counts })

function exponential(fields: Partial<ExponentialBuckets> & { at?: Record<number, number> }): ExponentialBuckets {
  const { at = {}, ...rest } = fields
  const positive = new Map(Object.entries(at).map(([index, count]) => [Number(index), count]))
  return { kind: 'exponential', scale: 0, zero_count: 0, zero_threshold: 0, positive, negative: new Map(), ...rest }
}

/** A recorder of its own, from the specification's definition. */
function record(values: readonly number[], scale: number, zero_threshold = 0): ExponentialBuckets {
  const positive = new Map<number, number>()
  const negative = new Map<number, number>()
  let zero_count = 0
  for (const value of values) {
    const into = value > 0 ? positive : negative
    const index = Math.ceil(Math.log2(Math.abs(value)) * 2 ** scale) - 1
    if (Math.abs(value) <= zero_threshold) zero_count++
    else into.set(index, (into.get(index) ?? 0) + 1)
  }
  return { kind: 'exponential', scale, zero_count, zero_threshold, positive, negative }
}

describe('growth', () => {
  test.each([
    ['nothing new', explicitOf([1, 2, 3]), explicitOf([1, 2, 3]), explicitOf([0, 0, 0])],
    ['more', explicitOf([1, 2, 3]), explicitOf([1, 5, 4]), explicitOf([0, 3, 1])],
    ['less', explicitOf([1, 2, 3]), explicitOf([2, 1, 9]), 'fell'],
    ['other bounds', explicitOf([1, 2, 3]), explicitOf([1, 2, 3], [1, 3]), 'other'],
    ['fewer bounds', explicitOf([1, 2, 3]), explicitOf([1, 9], [1]), 'other'],
    ['another kind', explicitOf([1, 2, 3]), exponential({ at: { 0: 9 } }), 'other'],
    [
      'more, exponential',
      exponential({ at: { 0: 1 } }),
      exponential({ at: { 0: 3, 5: 1 } }),
      exponential({ at: { 0: 2, 5: 1 } }),
    ],
    ['less, exponential', exponential({ at: { 0: 2 } }), exponential({ at: { 1: 9 } }), 'fell'],
    [
      'a wider zero through the middle of a bucket',
      exponential({ at: { 1: 3 } }),
      exponential({ zero_count: 2, zero_threshold: 3, at: { 1: 1 } }),
      'other',
    ],
    ['fewer zeros', exponential({ zero_count: 2 }), exponential({ zero_count: 1, at: { 0: 9 } }), 'fell'],
    [
      'a coarser scale: buckets 2 and 3 are now bucket 1, -1 is -1',
      exponential({ scale: 1, at: { [-1]: 1, 2: 1, 3: 1 } }),
      exponential({ scale: 0, at: { [-1]: 1, 1: 5 } }),
      exponential({ scale: 0, at: { 1: 3 } }),
    ],
    [
      'a wider zero: up to 2, bucket 0 is in it, bucket 1 is not',
      exponential({ zero_count: 1, at: { 0: 4, 1: 1 } }),
      exponential({ zero_count: 7, zero_threshold: 2, at: { 1: 2 } }),
      exponential({ zero_count: 2, zero_threshold: 2, at: { 1: 1 } }),
    ],
  ])('%s', (_, before, now, expected) => {
    expect(growth(before, now)).toEqual(expected)
  })

  test('of random recordings is what came in between, at every scale', () => {
    const next = random(1)
    for (let round = 0; round < 50; round++) {
      const values = Array.from({ length: 200 }, () => (next() - 0.3) * 10 ** Math.floor(next() * 6 - 3))
      const scale = Math.floor(next() * 8) - 2
      const finer = scale + Math.floor(next() * 3)
      // Powers of 16 are bounds at each of these scales.
      const grown = growth(record(values.slice(0, 80), finer, 2 ** -8), record(values, scale, 2 ** -4))
      expect(grown, `round ${round}`).toEqual(record(values.slice(80), scale, 2 ** -4))
    }
  })
})

describe('exponential buckets as bounds', () => {
  test.each([
    ['nothing', exponential({}), [], [0]],
    ['zeros only', exponential({ zero_count: 3 }), [0], [3, 0]],
    ['one bucket: above 4, at most 8', exponential({ at: { 2: 5 } }), [4, 8], [0, 5, 0]],
    ['neighbours share a bound', exponential({ at: { 0: 1, 1: 2 } }), [1, 2, 4], [0, 1, 2, 0]],
    ['a gap is one empty bucket', exponential({ at: { 0: 1, 3: 2 } }), [1, 2, 8, 16], [0, 1, 0, 2, 0]],
    ['a scale below 0: base 16', exponential({ scale: -2, at: { 0: 1 } }), [1, 16], [0, 1, 0]],
    [
      'zeros, negatives, positives',
      exponential({ zero_count: 3, zero_threshold: 0.5, at: { 0: 1 }, negative: new Map([[1, 2]]) }),
      [-4, -2, 0.5, 1, 2],
      [0, 2, 3, 0, 1, 0],
    ],
    ['beyond what a double holds', exponential({ at: { 1023: 4 } }), [2 ** 1023], [0, 4]],
    ['closer to 0 than a double holds', exponential({ at: { [-1200]: 4, 0: 1 } }), [0, 1, 2], [4, 0, 1, 0]],
  ])('%s', (_, buckets, bounds, counts) => {
    expect(explicit(buckets)).toEqual({ bounds, counts })
  })

  test.each([0, 1, 3, 6, 10, 20])('scale %i: every observation is in its bucket, of at most 160', (scale) => {
    const next = random(scale + 2)
    const values = Array.from({ length: 1_000 }, () => (next() - 0.4) * 10 ** Math.floor(next() * 8 - 4))
    const { bounds, counts } = explicit(record(values, scale, 1e-7))
    expect(bounds.length).toBeLessThanOrEqual(160)
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b))
    const recount = Array.from({ length: bounds.length + 1 }, () => 0)
    for (const value of values) {
      const at = bounds.findIndex((bound) => value <= bound)
      const bucket = at === -1 ? bounds.length : at
      recount[bucket] = (recount[bucket] ?? 0) + 1
    }
    expect(counts).toEqual(recount)
  })
})
