import { describe, expect, test } from 'vitest'
import { Deltas } from './delta.ts'

/** Increases of one counter over scrapes 10 s apart; `.` is a scrape without it. */
function increases(values: (number | '.')[], complete = true): (number | null | '.')[] {
  const deltas = new Deltas()
  return values.map((value, index) => {
    deltas.begin(index * 10_000)
    const result = value === '.' ? '.' : deltas.increase('key', value)
    deltas.commit(complete)
    return result
  })
}

test.each<[string, (number | '.')[], (number | null | '.')[]]>([
  ['the first scrape knows nothing', [100, 100, 107], [null, 0, 7]],
  ['a restart counts from 0', [100, 110, 4, 9], [null, 10, 4, 5]],
  ['a restart to exactly 0', [100, 0], [null, 0]],
  ['missing, then back: nothing is lost', [100, '.', '.', 130], [null, '.', '.', 30]],
  ['missing, then back after a restart', [100, '.', 30], [null, '.', 30]],
  ['born after the first scrape: from 0', ['.', '.', 3, 5], ['.', '.', 3, 2]],
  ['not a number is unknown', [1, Number.NaN, 3], [null, null, 2]],
  ['negative and infinite are unknown', [1, -1, Infinity, 2], [null, null, null, 1]],
])('counter: %s', (_, values, expected) => {
  expect(increases(values)).toEqual(expected)
})

test('what is new after a page that was cut is not taken for new', () => {
  expect(increases(['.', 500, 501], false)).toEqual(['.', null, 1])
})

test('what is new behind the end of the page before is not taken for new', () => {
  const deltas = new Deltas()
  const scrape = (at: number, grown: boolean, values: Record<string, number>) => {
    deltas.begin(at, null, grown)
    const found = Object.entries(values).map(([key, value]) => deltas.increase(key, value))
    deltas.commit(true)
    return found
  }
  scrape(0, false, { a: 1 })
  expect(scrape(10_000, true, { a: 3, b: 500 })).toEqual([2, null])
  expect(scrape(20_000, false, { a: 4, b: 501, c: 7 })).toEqual([1, 1, 7])
})

test('a series that stands twice on a page counts once', () => {
  const deltas = new Deltas()
  deltas.begin(0)
  deltas.increase('key', 10)
  deltas.increase('key', 10)
  deltas.commit(true)
  deltas.begin(10_000)
  expect([deltas.increase('key', 15), deltas.increase('key', 90)]).toEqual([5, 0])
  deltas.commit(true)
  deltas.begin(20_000)
  expect(deltas.increase('key', 16)).toBe(1)
})

test('interval and resets', () => {
  const deltas = new Deltas()
  deltas.begin(1_000)
  expect(deltas.interval_ms).toBeNull()
  deltas.increase('a', 5)
  deltas.commit(true)
  deltas.begin(3_500)
  expect([deltas.interval_ms, deltas.resets]).toEqual([2_500, 0])
  deltas.increase('a', 4)
  expect(deltas.resets).toBe(1)
})

test('without a commit the next scrape covers both intervals', () => {
  const deltas = new Deltas()
  deltas.begin(0)
  deltas.increase('a', 5)
  deltas.commit(true)
  deltas.begin(10_000)
  expect(deltas.increase('a', 8)).toBe(3)
  deltas.begin(20_000)
  expect([deltas.increase('a', 9), deltas.interval_ms]).toEqual([4, 20_000])
})

test('a moved process start resets counters that have grown past their old value', () => {
  const deltas = new Deltas()
  const scrape = (now: number, start: number | null, value: number) => {
    deltas.begin(now, start)
    const result = deltas.increase('a', value)
    deltas.commit(true)
    return [result, deltas.resets]
  }
  expect(scrape(0, 1000, 50)).toEqual([null, 0])
  expect(scrape(10_000, 1000.4, 60)).toEqual([10, 0])
  expect(scrape(20_000, null, 61)).toEqual([1, 0])
  expect(scrape(30_000, 2000, 200)).toEqual([200, 1])
  expect(scrape(40_000, 2000, 201)).toEqual([1, 0])
})

test('memory is bounded: the series not seen for longest is forgotten, and not taken for new when it returns', () => {
  const deltas = new Deltas(2)
  const scrape = (now: number, ...keys: string[]) => {
    deltas.begin(now)
    const result = keys.map((key) => deltas.increase(key, 100 + now))
    deltas.commit(true)
    return result
  }
  scrape(0, 'a', 'b')
  expect(scrape(1, 'a', 'c')).toEqual([1, 101])
  expect(scrape(2, 'b', 'a')).toEqual([null, 1])
})

describe('histogram', () => {
  const scrape = (deltas: Deltas, bounds: number[], cumulative: number[], sum: number, complete = true) => {
    deltas.begin(0)
    const result = deltas.histogram('h', bounds, cumulative, sum)
    deltas.commit(complete)
    return result
  }

  test('per bucket, not cumulative', () => {
    const deltas = new Deltas()
    expect(scrape(deltas, [1, 2], [1, 3, 4], 9)).toBeNull()
    expect(scrape(deltas, [1, 2], [2, 5, 9], 20)).toEqual({ counts: [1, 1, 3], sum: 11 })
    expect(scrape(deltas, [1, 2], [2, 5, 9], 20)).toEqual({ counts: [0, 0, 0], sum: 0 })
  })

  test('a restart counts from 0', () => {
    const deltas = new Deltas()
    scrape(deltas, [1, 2], [10, 30, 40], 90)
    expect(scrape(deltas, [1, 2], [11, 12, 13], 14)).toEqual({ counts: [11, 1, 1], sum: 14 })
    expect(deltas.resets).toBe(1)
  })

  test('other bounds make it a new histogram', () => {
    const deltas = new Deltas()
    scrape(deltas, [1, 2], [1, 3, 4], 9)
    expect(scrape(deltas, [1, 2, 3], [2, 5, 6, 9], 20)).toBeNull()
    expect(scrape(deltas, [1, 2, 3], [2, 5, 7, 10], 21)).toEqual({ counts: [0, 0, 1, 0], sum: 1 })
  })

  test('born after the first scrape: from 0, unless the page before was cut', () => {
    const whole = new Deltas()
    whole.begin(0)
    whole.commit(true)
    expect(scrape(whole, [1], [2, 3], 4)).toEqual({ counts: [2, 1], sum: 4 })
    const cut = new Deltas()
    cut.begin(0)
    cut.commit(false)
    expect(scrape(cut, [1], [2, 3], 4)).toBeNull()
  })

  test('buckets that are not cumulative and NaN do no harm', () => {
    const deltas = new Deltas()
    scrape(deltas, [1, 2], [0, 0, 0], 0)
    expect(scrape(deltas, [1, 2], [5, 3, 6], 1)).toEqual({ counts: [5, 0, 3], sum: 1 })
    expect(scrape(deltas, [1, 2], [Number.NaN, 3, 6], 1)).toBeNull()
  })
})
