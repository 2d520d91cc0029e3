import { describe, expect, test } from 'vitest'
import type { Resource } from '../validate.ts'
import type { HistogramPoint } from './point.ts'
import { Streams } from './streams.ts'

const resource: Resource = { attributes: new Map(), service: '', environment: '' }
const metric = { name: 'gen_ai.client.operation.duration', unit: 's', resource, scope_name: '' }
/** This process started then; it is later now. */
const since = 1_000_000
const now = 9_000_000

function point(start: number, time: number, counts: number[], overrides: Partial<HistogramPoint> = {}): HistogramPoint {
  const count = counts.reduce((sum, item) => sum + item, 0)
  const distribution = {
    count,
    sum: count * 2,
    min: 1,
    max: 3,
    buckets: { kind: 'explicit' as const, bounds: [1], counts },
  }
  return {
    kind: 'histogram',
    metric,
    start,
    time,
    attributes: new Map(),
    temporality: 'cumulative',
    distribution,
    ...overrides,
  }
}

/** Each request durable before the next. */
function steps(streams: Streams, points: HistogramPoint[], series = 'a') {
  return points.map((one) => {
    streams.begin(now)
    const found = streams.increase(series, one)
    streams.commit()
    if (typeof found === 'string') return found
    const { count, sum, min, max, buckets } = found.distribution
    return {
      since: found.since,
      count,
      sum,
      min,
      max,
      counts: buckets.kind === 'explicit' ? buckets.counts : [],
      reset: found.reset,
    }
  })
}

const started = () => new Streams(since, 10)
const row = (begin: number | null, counts: number[], more: object = {}) => {
  const count = counts.reduce((sum, item) => sum + item, 0)
  return { since: begin, counts, count, sum: count * 2, min: null, max: null, reset: undefined, ...more }
}
const first = (begin: number | null, counts: number[]) => row(begin, counts, { min: 1, max: 3 })

test.each<[string, HistogramPoint[], unknown[]]>([
  [
    'a series that began since this process did counts from its start',
    [point(2e6, 3e6, [1, 2]), point(2e6, 4e6, [1, 5])],
    [first(2e6, [1, 2]), row(3e6, [0, 3])],
  ],
  [
    'one that began before may have been counted: its first point is where counting begins',
    [point(999_999, 3e6, [1, 2]), point(999_999, 4e6, [1, 5])],
    ['first_after_restart', row(3e6, [0, 3])],
  ],
  ['an unknown start', [point(0, 3e6, [1, 2]), point(0, 4e6, [1, 5])], ['unknown_start', row(3e6, [0, 3])]],
  [
    'a start that equals the time is unknown',
    [point(3e6, 3e6, [9, 9]), point(3e6, 4e6, [9, 10])],
    ['unknown_start', row(3e6, [0, 1])],
  ],
  [
    'another start is a new life of the series',
    [point(2e6, 3e6, [5, 5]), point(3_500_000, 4e6, [6, 6])],
    [first(2e6, [5, 5]), first(3_500_000, [6, 6])],
  ],
  [
    'two processes of one name are two streams, however they alternate',
    [point(2e6, 3e6, [5, 0]), point(2_500_000, 3e6, [1, 0]), point(2e6, 4e6, [6, 0]), point(2_500_000, 4e6, [3, 0])],
    [first(2e6, [5, 0]), first(2_500_000, [1, 0]), row(3e6, [1, 0]), row(3e6, [2, 0])],
  ],
  [
    'a count that falls: counted anew without another start',
    [point(2e6, 3e6, [5, 5]), point(2e6, 4e6, [1, 0]), point(2e6, 5e6, [2, 0])],
    [first(2e6, [5, 5]), { ...first(3e6, [1, 0]), reset: true }, row(4e6, [1, 0])],
  ],
  [
    'points that come again or late add nothing, and the next goes on from the newest',
    [point(2e6, 4e6, [4, 0]), point(2e6, 4e6, [4, 0]), point(2e6, 3e6, [1, 0]), point(2e6, 5e6, [6, 0])],
    [first(2e6, [4, 0]), 'duplicate_point', 'out_of_order_point', row(4e6, [2, 0])],
  ],
  [
    'other bounds cannot be compared',
    [
      point(2e6, 3e6, [1, 0]),
      point(2e6, 4e6, [9], {
        distribution: { ...point(0, 0, [9]).distribution, buckets: { kind: 'explicit', bounds: [], counts: [9] } },
      }),
    ],
    [first(2e6, [1, 0]), 'buckets_changed'],
  ],
  [
    'delta points are increases; of one that comes again the second is none',
    [2e6, 2e6, 3e6, 0].map((start) => point(start, start + 1e6, [1, 1], { temporality: 'delta' })),
    [first(2e6, [1, 1]), 'duplicate_point', first(3e6, [1, 1]), first(null, [1, 1])],
  ],
])('%s', (_, points, expected) => {
  expect(steps(started(), points)).toEqual(expected)
})

test('a client whose clock is ahead is not taken for younger than this process', () => {
  const ahead = 1_000_000_000
  expect(steps(started(), [point(ahead + 500_000, ahead + now, [1, 0])])).toEqual(['first_after_restart'])
  expect(steps(started(), [point(ahead + 2e6, ahead + now, [1, 0])])).toEqual([first(ahead + 2e6, [1, 0])])
})

describe('a request that is not stored', () => {
  test('is as if it had not come', () => {
    const streams = started()
    steps(streams, [point(2e6, 3e6, [1, 0])])
    streams.begin(now)
    streams.increase('a', point(2e6, 4e6, [5, 0]))
    streams.rollback()
    expect(steps(streams, [point(2e6, 4e6, [5, 0])])).toEqual([row(3e6, [4, 0])])
  })

  test('two points of one series in one request', () => {
    const streams = started()
    streams.begin(now)
    const found = [point(2e6, 3e6, [1, 0]), point(2e6, 4e6, [5, 0])].map((one) => streams.increase('a', one))
    expect(found).toMatchObject([{ distribution: { count: 1 } }, { distribution: { count: 4 } }])
  })
})

describe('more series than are remembered', () => {
  const streams = new Streams(since, 2)
  const at = (series: string, start: number, time: number, counts: number[]) =>
    steps(streams, [point(start, time, counts)], series)

  test('a series that was forgotten is not counted again from its start; one that is younger is', () => {
    at('a', 2e6, 3e6, [1, 0])
    at('b', 2_100_000, 3e6, [1, 0])
    at('a', 2e6, 4e6, [2, 0])
    at('c', 2_200_000, 3e6, [1, 0])
    expect(at('b', 2_100_000, 4e6, [2, 0])).toEqual(['first_after_eviction'])
    expect(at('b', 2_100_000, 5e6, [3, 0])).toEqual([row(4e6, [1, 0])])
    expect(at('d', 2_300_000, 5e6, [7, 0])).toEqual([first(2_300_000, [7, 0])])
  })
})
