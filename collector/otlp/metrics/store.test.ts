import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GenAiHistogram } from '../../../records/genai-histogram.ts'
import type { Storage } from '../../../storage/index.ts'
import { testStorage } from '../../../storage/testing.ts'
import { spoolConfig } from '../../config.ts'
import { SpoolFull, startSpool, type Batch, type RunningSpool, type Spool } from '../../spool/index.ts'
import { silent } from '../../spool/testing.ts'
import { createVersions } from '../../versions.ts'
import { jsonMetrics, toProtobuf } from '../testing.ts'
import { metrics } from './index.ts'
import { createMetricStore } from './store.ts'

/** When this process started, epoch ms; the metrics of tests are of the minutes after. */
const started = 1_760_000_000_000
/** … and their requests come at this time. */
const later = started + 3_600_000
const options = { max_attribute_bytes: 2 ** 18, now: later * 1000 }
const nanos = (second: number) => `${started + second * 1000}000000`
const string = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const resource = [string('service.name', 'shop'), string('service.instance.id', 'i-1')]

/** A cumulative histogram of one series, from `start` to `time` in seconds since this process started. */
function request(start: number, time: number, counts: number[], temporality = 2) {
  const point = {
    startTimeUnixNano: nanos(start),
    timeUnixNano: nanos(time),
    attributes: [
      string('gen_ai.system', 'openai.chat'),
      string('gen_ai.request.model', 'gpt-4o'),
      string('gen_ai.response.model', 'gpt-4o-2024-08-06'),
      string('gen_ai.operation.name', 'embedding'),
      string('gen_ai.token.type', 'input'),
      string('server.address', 'localhost'),
      { key: 'server.port', value: { intValue: '8000' } },
      string('error.type', 'timeout'),
      string('tier', 'gold'),
    ],
    count: counts.reduce((sum, count) => sum + count, 0),
    sum: 10 * counts.reduce((sum, count) => sum + count, 0),
    bucketCounts: counts,
    explicitBounds: [4, 16],
  }
  const histogram = { aggregationTemporality: temporality, dataPoints: [point] }
  return jsonMetrics([{ name: 'gen_ai.client.token.usage', unit: '{token}', histogram }], resource)
}

function storeOver(spool: Spool, now = later) {
  let time = started
  const store = createMetricStore({ spool, clock: () => time, nextVersion: createVersions(() => time) })
  time = now
  return store
}

/** A signal over a spool that only remembers, or fails as told. */
function memory(append: (batch: Batch) => Promise<void> = async () => {}, now = later) {
  const batches: Batch[] = []
  const spool: Spool = {
    async append(batch) {
      await append(batch)
      batches.push(batch)
    },
  }
  const signal = metrics(storeOver(spool, now), () => 'genai')
  const send = (body: object) => signal.take(Buffer.from(JSON.stringify(body)), 'json', options, () => undefined)
  const histograms = () => batches.flatMap(({ genai_histograms = [] }) => genai_histograms)
  return { signal, send, histograms, samples: () => batches.flatMap(({ metric_samples = [] }) => metric_samples) }
}

const brief = ({ interval_ms, counts, sum }: GenAiHistogram) => [interval_ms, counts, sum]

test('a histogram of a client, with what the conventions name in columns', async () => {
  const { send, histograms } = memory()
  const { items, rejected, noted } = await send(request(10, 70, [1, 2, 0]))
  expect([items, rejected.size, noted.size]).toEqual([1, 0, 0])
  expect(histograms()).toEqual([
    {
      timestamp: (started + 70_000) * 1000,
      interval_ms: 60_000,
      name: 'gen_ai.client.token.usage',
      unit: '{token}',
      service: 'shop',
      environment: '',
      provider: 'openai',
      model: 'gpt-4o',
      operation: 'embeddings',
      token_type: 'input',
      server_address: 'localhost:8000',
      error_type: 'timeout',
      attributes: new Map([
        ['service.instance.id', 'i-1'],
        ['gen_ai.request.model', 'gpt-4o'],
        ['tier', 'gold'],
      ]),
      count: 3,
      sum: 30,
      min: null,
      max: null,
      bounds: [4, 16],
      counts: [1, 2, 0],
      series: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      version: later * 1000,
    },
  ])
})

test('cumulative points become increases; a quiet interval is no row', async () => {
  const { send, histograms } = memory()
  for (const body of [request(0, 60, [1, 0, 0]), request(0, 120, [1, 0, 0]), request(0, 180, [1, 2, 0])])
    await send(body)
  expect(histograms().map(brief)).toEqual([
    [60_000, [1, 0, 0], 10],
    [60_000, [0, 2, 0], 20],
  ])
})

test('a request that comes again adds nothing and says so', async () => {
  const { send, histograms } = memory()
  await send(request(0, 60, [1, 0, 0]))
  const { rejected, noted } = await send(request(0, 60, [1, 0, 0]))
  expect([rejected.size, [...noted]]).toEqual([
    0,
    [['duplicate_point', { items: 1, example: 'gen_ai.client.token.usage' }]],
  ])
  expect(histograms()).toHaveLength(1)
})

test('what the spool did not take is counted when it comes again', async () => {
  let full = true
  const { send, histograms } = memory(async () => {
    if (full) throw new SpoolFull('full')
  })
  await expect(send(request(0, 60, [1, 0, 0]))).rejects.toThrow(SpoolFull)
  full = false
  await send(request(0, 60, [1, 0, 0]))
  expect(histograms().map(brief)).toEqual([[60_000, [1, 0, 0], 10]])
})

test('requests at the same time are taken one after the other', async () => {
  const { send, histograms } = memory(() => new Promise((resolve) => setTimeout(resolve, 5)))
  await Promise.all([1, 2, 3].map((minute) => send(request(0, 60 * minute, [minute, 0, 0]))))
  expect(histograms().map(brief)).toEqual([1, 2, 3].map(() => [60_000, [1, 0, 0], 10]))
})

test('after a restart nothing is counted twice', async () => {
  const before = memory()
  const after = memory()
  await before.send(request(-90, 60, [1, 0, 0]))
  await before.send(request(-90, 120, [4, 0, 0]))
  const { noted } = await after.send(request(-90, 180, [9, 0, 0]))
  await after.send(request(-90, 240, [9, 1, 0]))
  expect([...noted.keys()]).toEqual(['first_after_restart'])
  expect(before.histograms().map(brief)).toEqual([[60_000, [3, 0, 0], 30]])
  expect(after.histograms().map(brief)).toEqual([[60_000, [0, 1, 0], 10]])
})

test('the order of attributes tells no series apart, any value does', async () => {
  const { send, histograms } = memory()
  const point = (attributes: object[], time: number) => ({
    startTimeUnixNano: nanos(0),
    timeUnixNano: nanos(time),
    attributes,
    count: time,
    sum: time,
  })
  const of = (dataPoints: object[]) =>
    jsonMetrics([{ name: 'llm.x', histogram: { aggregationTemporality: 2, dataPoints } }], resource)
  const [a, b] = [string('a', '1'), string('b', '2')]
  await send(of([point([a, b], 1)]))
  await send(of([point([b, a], 3), point([a, string('b', '3')], 2)]))
  expect(histograms().map(({ count }) => count)).toEqual([1, 2, 2])
})

test('other values are samples', async () => {
  const { send, samples } = memory()
  const times = { startTimeUnixNano: nanos(0), timeUnixNano: nanos(60), attributes: [string('a', 'b')] }
  const quantileValues = [
    { quantile: 0.5, value: 1.5 },
    { quantile: 0.99, value: 'NaN' },
  ]
  const body = jsonMetrics(
    [
      { name: 'gen_ai.g', unit: 'By', gauge: { dataPoints: [{ ...times, asInt: '3' }] } },
      {
        name: 'gen_ai.s',
        sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ ...times, asDouble: 2.5 }] },
      },
      { name: 'gen_ai.q', summary: { dataPoints: [{ ...times, count: '4', sum: 6, quantileValues }] } },
    ],
    [string('service.name', 'shop'), string('deployment.environment', 'test')],
  )
  await send(body)
  const { noted } = await send(body)
  expect(noted.get('duplicate_point')?.items).toBe(3)
  const common = { timestamp: (started + 60_000) * 1000, target: 'otlp:shop' }
  const labels = (more: Record<string, string>) =>
    new Map(Object.entries({ a: 'b', ...more, 'deployment.environment.name': 'test' }))
  expect(samples()).toEqual([
    { ...common, name: 'gen_ai.g', value: 3, labels: labels({ 'otel.unit': 'By' }) },
    { ...common, name: 'gen_ai.s', value: 2.5, labels: labels({ 'otel.temporality': 'delta' }) },
    { ...common, name: 'gen_ai.q', value: 1.5, labels: labels({ quantile: '0.5' }) },
    { ...common, name: 'gen_ai.q_sum', value: 6, labels: labels({}) },
    { ...common, name: 'gen_ai.q_count', value: 4, labels: labels({}) },
  ])
})

describe('recorded requests', () => {
  const folder = new URL('../../../../shared/captures/otlp/', import.meta.url)
  const recorded = existsSync(folder)

  async function rowsOf(name: string) {
    const { signal, histograms } = memory(undefined, Date.now())
    const body = readFileSync(new URL(`${name}.metrics.json`, folder))
    const { rejected, noted } = await signal.take(body, 'json', { ...options, now: Date.now() * 1000 }, () => undefined)
    expect([rejected.size, noted.size]).toEqual([0, 0])
    return histograms().map(({ name: metric, model, token_type, error_type, count, sum, bounds, counts }) => {
      const bucket = counts.findIndex((item) => item > 0)
      return [metric, model, token_type, error_type, count, sum, bounds[bucket - 1], bounds[bucket]]
    })
  }

  const duration = 'gen_ai.client.operation.duration'
  const usage = 'gen_ai.client.token.usage'

  test.skipIf(!recorded).each([
    [
      'otel-openai-chat',
      [
        [duration, 'gpt-4o', '', '', 1, 0.108868403, 0.08, 0.16],
        [usage, 'gpt-4o', 'input', '', 1, 23, 16, 64],
        [usage, 'gpt-4o', 'output', '', 1, 7, 4, 16],
      ],
    ],
    ['otel-openai-err429', [[duration, 'gpt-4o', '', 'RateLimitError', 1, 0.05161578200000003, 0.04, 0.08]]],
  ])('%s', async (name, expected) => {
    expect(await rowsOf(name)).toEqual(expected)
  })

  test.skipIf(!recorded)('an embedding has input tokens only', async () => {
    const rows = await rowsOf('otel-openai-embeddings')
    expect(rows.map(([metric, , token]) => [metric, token])).toEqual([
      [duration, ''],
      [usage, 'input'],
    ])
  })
})

describe('in storage', () => {
  const dir = mkdtempSync(join(tmpdir(), 'inferwatch-metrics-'))
  let storage: Storage
  let spool: RunningSpool

  beforeAll(async () => {
    storage = await testStorage()
    spool = await startSpool({ dir, config: spoolConfig.parse({ segment_ms: 50 }), db: storage.db, log: silent })
  })

  afterAll(async () => {
    await spool?.stop()
    await storage?.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  test('increases of the same interval that are sent to two lives of this process are one row', async () => {
    const send = (body: object) =>
      metrics(storeOver(spool), () => 'genai').take(toProtobuf(body), 'protobuf', options, () => undefined)
    const common = {
      interval_ms: 60_000,
      provider: 'openai',
      model: 'gpt-4o',
      attributes: { 'service.instance.id': 'i-1', 'gen_ai.request.model': 'gpt-4o', tier: 'gold' },
      min: null,
      bounds: [4, 16],
    }
    await send(request(0, 60, [1, 2, 0], 1))
    await send(request(0, 60, [1, 2, 0], 1))
    await send(request(60, 120, [0, 0, 5], 1))
    await spool.drained()
    expect(
      await storage.db.query(
        `SELECT toString(timestamp) AS time, interval_ms, provider, model, attributes, count, sum, min, bounds, counts
        FROM genai_histograms ORDER BY timestamp`,
      ),
    ).toEqual(
      [
        { time: '2025-10-09 08:54:20.000000', count: 3, sum: 30, counts: [1, 2, 0] },
        { time: '2025-10-09 08:55:20.000000', count: 5, sum: 50, counts: [0, 0, 5] },
      ].map((row) => Object.assign(row, common)),
    )
  })
})
