import { describe, expect, test } from 'vitest'
import type { MetricsMode } from '../../config.ts'
import { jsonMetrics, toProtobuf } from '../testing.ts'
import { decodeMetricsJson } from './decode-json.ts'
import { decodeMetricsProtobuf } from './decode-protobuf.ts'

const options = { max_attribute_bytes: 1024, now: 1_760_000_100_000_000 }
const json = (request: unknown, mode: MetricsMode = 'genai') =>
  decodeMetricsJson(Buffer.from(JSON.stringify(request)), options, mode)
const both = (request: object, mode: MetricsMode = 'genai') => {
  const decoded = json(request, mode)
  expect(decodeMetricsProtobuf(toProtobuf(request), options, mode)).toEqual(decoded)
  return decoded
}

const times = { startTimeUnixNano: '1760000000000000000', timeUnixNano: '1760000060000000000' }
const model = { key: 'gen_ai.request.model', value: { stringValue: 'gpt-4o' } }
const metric = (data: object, name = 'gen_ai.client.operation.duration') =>
  jsonMetrics(
    [{ name, unit: 's', description: 'x', ...data }],
    [{ key: 'service.name', value: { stringValue: 'shop' } }],
  )
const gauge = (point: object) => metric({ gauge: { dataPoints: [{ ...times, ...point }] } })
const histogram = (point: object, temporality: number | undefined = 2) =>
  metric({ histogram: { aggregationTemporality: temporality, dataPoints: [{ ...times, ...point }] } })
const exponential = (point: object) =>
  metric({ exponentialHistogram: { aggregationTemporality: 1, dataPoints: [{ ...times, ...point }] } })

const shared = {
  metric: {
    name: 'gen_ai.client.operation.duration',
    unit: 's',
    scope_name: 'test',
    resource: { attributes: new Map([['service.name', 'shop']]), service: 'shop', environment: '' },
  },
  start: 1_760_000_000_000_000,
  time: 1_760_000_060_000_000,
}

test('a histogram with everything in it', () => {
  const exemplar = {
    timeUnixNano: '1',
    asDouble: 1,
    spanId: 'eee19b7ec3c1b174',
    traceId: '5b8efff798038103d269b633813fc60c',
  }
  const { points } = both(
    histogram({
      attributes: [model],
      count: '6',
      sum: 12.5,
      min: 0.5,
      max: 9,
      bucketCounts: ['1', '2', '3'],
      explicitBounds: [1, 2.5],
      exemplars: [exemplar],
    }),
  )
  expect(points).toEqual([
    {
      ...shared,
      kind: 'histogram',
      attributes: new Map([['gen_ai.request.model', 'gpt-4o']]),
      temporality: 'cumulative',
      distribution: {
        count: 6,
        sum: 12.5,
        min: 0.5,
        max: 9,
        buckets: { kind: 'explicit', bounds: [1, 2.5], counts: [1, 2, 3] },
      },
    },
  ])
})

test('an exponential histogram', () => {
  const { points } = both(
    exponential({
      count: '8',
      sum: -1,
      scale: -3,
      zeroCount: '2',
      zeroThreshold: 0.25,
      positive: { offset: -2, bucketCounts: ['1', '0', '3'] },
      negative: { offset: 5, bucketCounts: ['2'] },
    }),
  )
  expect(points).toMatchObject([
    {
      ...shared,
      kind: 'histogram',
      temporality: 'delta',
      distribution: {
        count: 8,
        sum: -1,
        min: null,
        max: null,
        buckets: {
          kind: 'exponential',
          scale: -3,
          zero_count: 2,
          zero_threshold: 0.25,
          positive: new Map([
            [-2, 1],
            [0, 3],
          ]),
          negative: new Map([[5, 2]]),
        },
      },
    },
  ])
})

test.each([
  ['gauge', {}, null],
  ['sum', { aggregationTemporality: 1, isMonotonic: true }, 'delta'],
  ['sum', { aggregationTemporality: 2 }, 'cumulative'],
])('numbers of a %s %j', (kind, data, temporality) => {
  const values = [{ asDouble: 0.5 }, { asInt: '-7' }, { asInt: '0' }, { asDouble: 0 }, { asInt: String(2 ** 53 * 4) }]
  const { points } = both(
    metric({ [kind]: { ...data, dataPoints: values.map((value) => Object.assign(value, times)) } }),
  )
  expect(points).toMatchObject(
    [0.5, -7, 0, 0, 2 ** 55].map((value) => Object.assign({ kind: 'number', value, temporality }, shared)),
  )
})

test('a summary', () => {
  const quantileValues = [{ quantile: 0.5, value: 1.5 }, { quantile: 1, value: 0 }, {}]
  const { points } = both(metric({ summary: { dataPoints: [{ ...times, count: '4', sum: 6, quantileValues }] } }))
  expect(points).toMatchObject([
    {
      ...shared,
      kind: 'summary',
      count: 4,
      sum: 6,
      quantiles: [
        [0.5, 1.5],
        [1, 0],
        [0, 0],
      ],
    },
  ])
})

describe('protobuf', () => {
  test('repeated numbers that are not packed', () => {
    const packed = toProtobuf(histogram({ count: '3', bucketCounts: ['1', '2'], explicitBounds: [5] }))
    const counts = Buffer.from('321001000000000000000200000000000000', 'hex')
    const single = Buffer.from('310100000000000000310200000000000000', 'hex')
    const at = packed.indexOf(counts)
    expect([at > 0, counts.length]).toEqual([true, single.length])
    const body = Buffer.concat([packed.subarray(0, at), single, packed.subarray(at + counts.length)])
    expect(decodeMetricsProtobuf(body, options, 'genai')).toEqual(decodeMetricsProtobuf(packed, options, 'genai'))
  })

  test('a name and a temporality that come after the points', () => {
    const field = (number: number, content: Buffer) =>
      Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content])
    const point = Buffer.concat([
      Buffer.from('19', 'hex'),
      Buffer.alloc(8),
      Buffer.from('2101' + '00'.repeat(7), 'hex'),
    ])
    point.writeBigUInt64LE(1_760_000_060_000_000_000n, 1)
    const data = Buffer.concat([field(1, point), Buffer.from([0x10, 1])])
    const late = Buffer.concat([field(9, data), field(1, Buffer.from('gen_ai.x'))])
    const { points } = decodeMetricsProtobuf(field(1, field(2, field(2, late))), options, 'genai')
    expect(points).toMatchObject([{ metric: { name: 'gen_ai.x' }, temporality: 'delta', distribution: { count: 1 } }])
  })
})

const tooMany = Array.from({ length: 1001 }, (_, i) => i + 1)

test.each([
  ['no time', gauge({ timeUnixNano: '0', asInt: 1 }), 'missing_time', 'gauge'],
  ['an old time', gauge({ timeUnixNano: '1000', asInt: 1 }), 'time_before_2000', 'gauge'],
  ['a time to come', gauge({ timeUnixNano: '18446744073709551615', asInt: 1 }), 'time_in_the_future', 'gauge'],
  ['no value', gauge({}), 'missing_value', 'gauge'],
  ['infinity', gauge({ asDouble: 'Infinity' }), 'not_finite', 'gauge'],
  ['no temporality', histogram({ count: '1' }, 0), 'missing_temporality', 'histogram'],
  ['a temporality of the future', histogram({ count: '1' }, 3), 'missing_temporality', 'histogram'],
  ['a count short', histogram({ bucketCounts: ['1'], explicitBounds: [1] }), 'malformed_buckets', 'histogram'],
  [
    'bounds that fall',
    histogram({ bucketCounts: [1, 1, 1], explicitBounds: [2, 1] }),
    'malformed_buckets',
    'histogram',
  ],
  ['a bound twice', histogram({ bucketCounts: [1, 1, 1], explicitBounds: [1, 1] }), 'malformed_buckets', 'histogram'],
  [
    'an infinite bound',
    histogram({ bucketCounts: [1, 1], explicitBounds: ['Infinity'] }),
    'malformed_buckets',
    'histogram',
  ],
  ['too many', histogram({ bucketCounts: tooMany, explicitBounds: tooMany.slice(1) }), 'too_many_buckets', 'histogram'],
  ['too many', exponential({ positive: { bucketCounts: tooMany } }), 'too_many_buckets', 'exponentialHistogram'],
  ['a scale of nobody', exponential({ scale: 31 }), 'malformed_buckets', 'exponentialHistogram'],
  ['a negative zero', exponential({ zeroThreshold: -1 }), 'malformed_buckets', 'exponentialHistogram'],
  [
    'a name of nobody',
    metric({ gauge: { dataPoints: [{ ...times, asInt: 1 }] } }, 'http.server.duration'),
    'not_genai',
    'gauge',
  ],
  [
    'a name that only begins so',
    metric({ gauge: { dataPoints: [{ ...times, asInt: 1 }] } }, 'llmx.a'),
    'not_genai',
    'gauge',
  ],
])('%s is rejected', (_, request, reason, kind) => {
  const { points, rejected } = both(request)
  expect(points).toEqual([])
  expect([...rejected]).toEqual([
    [reason, { items: 1, example: `resourceMetrics[0].scopeMetrics[0].metrics[0].${kind}.dataPoints[0]` }],
  ])
})

test.each(['gen_ai.client.token.usage', 'kong.gen_ai.llm.cost', 'llm.openai.x', 'mcp.client.operation.duration'])(
  '%s is a metric of models',
  (name) => {
    expect(both(metric({ gauge: { dataPoints: [{ ...times, asInt: 1 }] } }, name)).points).toHaveLength(1)
  },
)

test('other metrics are taken when that is configured', () => {
  const request = metric({ gauge: { dataPoints: [{ ...times, asInt: 1 }] } }, 'http.server.duration')
  expect(both(request, 'all').points).toHaveLength(1)
})

test.each([
  ['no value was recorded', gauge({ flags: 1 }), 'no_recorded_value', 0],
  ['starts after its end', gauge({ asInt: 1, startTimeUnixNano: '1760000061000000000' }), 'invalid_start_time', 1],
  [
    'counts other than its buckets',
    histogram({ count: '5', bucketCounts: [1, 1], explicitBounds: [1] }),
    'count_mismatch',
    1,
  ],
])('a point that %s is noted', (_, request, reason, kept) => {
  const { points, rejected, noted } = both(request)
  expect([points.length, rejected.size, [...noted.keys()]]).toEqual([kept, 0, [reason]])
})

test.each([
  [histogram({ count: '4', sum: 8 }), { count: 4, sum: 8, buckets: { bounds: [], counts: [4] } }],
  [histogram({ bucketCounts: ['3'] }), { count: 3, sum: null, buckets: { bounds: [], counts: [3] } }],
  [histogram({ count: 1, sum: 'NaN' }), { sum: null }],
  [histogram({ count: 0, sum: 0 }), { sum: 0 }],
])('%j', (request, distribution) => {
  expect(both(request).points).toMatchObject([{ distribution }])
})

test('empty requests and envelopes are fine', () => {
  for (const request of [{ resourceMetrics: [] }, { resourceMetrics: [{ scopeMetrics: [{ metrics: [{}] }, {}] }, {}] }])
    expect(both(request).points).toEqual([])
})

const at = 'resourceMetrics[0].scopeMetrics[0].metrics[0]'
test.each([
  [metric({ sum: 1 }), `${at}.sum: expected an object, got 1`],
  [
    metric({ sum: { aggregationTemporality: 'AGGREGATION_TEMPORALITY_DELTA' } }),
    `${at}.sum.aggregationTemporality: expected an integer (enums are numbers in OTLP/JSON), got "AGGREGATION_TEMPORALITY_DELTA"`,
  ],
  [gauge({ asInt: 1.5 }), `${at}.gauge.dataPoints[0].asInt: expected a 64-bit integer, got 1.5`],
  [histogram({ count: -1 }), `${at}.histogram.dataPoints[0].count: expected a count, got -1`],
  [histogram({ bucketCounts: [0, 'x'] }), `${at}.histogram.dataPoints[0].bucketCounts[1]: expected a count, got "x"`],
  [histogram({ explicitBounds: {} }), `${at}.histogram.dataPoints[0].explicitBounds: expected an array, got {}`],
])('%# is refused with its place', (request, message) => {
  expect(() => json(request)).toThrow(message)
})
