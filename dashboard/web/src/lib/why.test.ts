import { describe, expect, test } from 'vitest'
import { slowIn, whyInView, whyOf } from './why.ts'

const minute = 60_000
const buckets = { times: [0, 1, 2, 3, 4].map((index) => index * minute), step_ms: minute }
const a = { values: [100, 110, 900, 1000, 120], filters: { model: ['a'] } }
const b = { values: [5000, 5100, 5200, 5300, null], filters: { model: ['b'] } }
const then = { from: 2 * minute, to: 4 * minute }

describe('what is slow in some time', () => {
  test('is what takes longer than is usual of the line that rose most, not of the one that is always slow', () => {
    expect(slowIn(buckets, [b, a], then)).toEqual({ filters: { model: ['a'] }, min: 110 })
  })

  test('of all that is in view is what takes longer than the middle of it', () => {
    expect(slowIn(buckets, [a], { from: 0, to: 5 * minute })).toEqual({ filters: { model: ['a'] }, min: 120 })
  })

  test.each([
    ['without lines', []],
    ['where nothing is known', [{ values: [null, null], filters: {} }]],
    ['where nothing is known of that time', [{ values: [1, 2, null, null, 3], filters: {} }]],
    ['where nothing is usual', [{ values: [0, 0, 5, 0, 0], filters: {} }]],
  ])('is everything %s', (_what, lines) => expect(slowIn(buckets, lines, then)).toEqual({}))
})

describe('the explorer', () => {
  const search = { range: '1h', q: 'team!=x', row: 'r', filters: { team: ['search'], model: ['b'] } }

  test('is about the same requests, with those of the time brushed', () => {
    expect(whyOf(search, then, { measure: 'ttft_ms', min: 200, filters: { model: ['a'] } })).toEqual({
      range: '1h',
      q: 'team!=x',
      filters: { team: ['search'], model: ['a'] },
      measure: 'ttft_ms',
      brush: { ...then, min: 200, max: null },
    })
    expect(whyOf(search, then, { measure: 'duration_ms' })).not.toHaveProperty('measure')
  })

  test('of all that is in view holds the time before it too, which it is compared with', () => {
    expect(whyInView(search, then, {})).toEqual({
      from: 0,
      to: 4 * minute,
      q: 'team!=x',
      filters: search.filters,
      brush: { ...then, min: null, max: null },
    })
  })
})
