import { expect, test } from 'vitest'
import { bucketSeconds, lastOf, maxOf, ratesOf, rowsOf, seenIn, settled, totalOf } from './lines.ts'

const frame = {
  from: 2000,
  to: 55_000,
  step_ms: 10_000,
  times: [0, 10_000, 20_000, 30_000, 40_000, 50_000],
  source: 'raw' as const,
}

test('the first and the last bucket count only the seconds inside the range', () => {
  expect(bucketSeconds(frame)).toEqual([8, 10, 10, 10, 10, 5])
})

test('rates: a quiet bucket is zero, before the first and after the last request is a gap, untold tokens are a gap', () => {
  const lines = [
    { requests: [null, 2, null, 3, null, null], output_tokens: [null, 100, null, null, null, null] },
    { requests: [null, null, null, null, 1, null], output_tokens: [null, null, null, null, 50, null] },
  ]
  const seen = seenIn(frame, lines)
  expect(seen).toEqual([false, true, false, true, true, false])
  const rates = lines.map((line) => ratesOf(frame, line.output_tokens, line.requests, seen))
  expect(rates[0]).toEqual([null, 10, 0, null, 0, null])
  expect(rates[1]).toEqual([null, 0, 0, 0, 5, null])
})

test('a bucket of which the range holds less than a quarter says nothing', () => {
  const cut = { ...frame, from: 8000, to: 52_000 }
  expect(settled(cut, [1, 2, 3, 4, 5, 6])).toEqual([null, 2, 3, 4, 5, null])
  expect(settled(frame, [1, 2, 3, 4, 5, 6])).toEqual([1, 2, 3, 4, 5, 6])
})

test('a chart without any request has no zeros', () => {
  const nothing = frame.times.map(() => null)
  expect(ratesOf(frame, nothing, nothing, seenIn(frame, []))).toEqual(nothing)
})

test('a logarithmic axis leaves zero out', () => {
  const line = { key: 'a', label: 'a', group: 'a', color: '#000', values: [0, 5, null] }
  expect(rowsOf(frame, [line], true).map(({ values }) => values[0])).toEqual([null, 5, null, null, null, null])
})

test('a band is there where both ends are known, and above zero on a logarithmic axis', () => {
  const band = [null, [0, 10], [5, 10], null, null, null] as ([number, number] | null)[]
  const line = { key: 'a', label: 'a', group: 'a', color: '', values: [], band }
  const bands = (logarithmic: boolean) => rowsOf(frame, [line], logarithmic).map((row) => row.bands[0])
  expect(bands(false)).toEqual([null, [0, 10], [5, 10], null, null, null])
  expect(bands(true)).toEqual([null, null, [5, 10], null, null, null])
})

test('last and largest skip what is unknown', () => {
  expect([lastOf([1, 7, null]), maxOf([1, 7, null]), lastOf([null]), maxOf([])]).toEqual([7, 7, null, null])
})

test('a total is of what is known', () => {
  expect(
    totalOf([
      [1, null, null],
      [2, 3, null],
    ]),
  ).toEqual([3, 3, null])
  expect(totalOf([])).toEqual([])
})
