/** What the dashboard asks, against rows whose answers are worked out by hand or anew in JavaScript. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pino } from 'pino'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { store } from '../../test/dashboard/store.ts'
import { requests as seeded } from '../../test/dashboard/seed.ts'
import { startRollups } from '../rollups.ts'
import { testStorage } from '../testing.ts'
import { filterValues } from './filters.ts'
import { latencySeries } from './latency.ts'
import { models } from './models.ts'
import { overview } from './overview.ts'
import { latestRequests, requestDetail } from './requests.ts'
import { spendSeries } from './spend.ts'
import { throughputSeries } from './throughput.ts'
import { tiersFor } from './tiers.ts'
import type { Filter } from './where.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** A whole hour, so that buckets are easy to name. */
const noon = Date.UTC(2026, 10, 21, 12)
const range = { from: noon - hour, to: noon }

let storage: Awaited<ReturnType<typeof testStorage>>
let ids = 0

function call(minutesBeforeNoon: number, fields: Partial<LlmRequest>): LlmRequest {
  ids += 1
  return {
    ...emptyRequest(),
    timestamp: (noon - minutesBeforeNoon * minute) * 1000,
    trace_id: ids.toString(16).padStart(32, '0'),
    span_id: ids.toString(16).padStart(16, '0'),
    environment: 'test',
    version: ids,
    ...fields,
  }
}

/** Ten calls of `a` in the hour (latencies 100 … 1000), three of `b`; two of `a` in the hour before. */
const known = [
  ...Array.from({ length: 10 }, (_, index) =>
    call(5 + index, {
      model: 'a',
      provider: 'openai',
      duration_ms: (index + 1) * 100,
      ttft_ms: index < 4 ? (index + 1) * 10 : null,
      input_tokens: 1000,
      output_tokens: index === 9 ? null : 100,
      cost_usd: index < 8 ? 0.000000000123 : null,
      status: index === 0 ? 'error' : index === 1 ? 'rate_limited' : index === 2 ? 'cancelled' : 'ok',
    }),
  ),
  ...[1, 2, 3].map((seconds) =>
    call(30.5, { model: 'b', provider: 'vllm', team: 'search', duration_ms: seconds * 1000 }),
  ),
  call(90, { model: 'a', duration_ms: 50, cost_usd: 2, output_tokens: 7 }),
  call(119.5, { model: 'a', duration_ms: 70, status: 'timeout' }),
]

beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', known)
})
afterAll(() => storage.stop())

const in_test = { environment: 'test' }

describe('overview', () => {
  test('totals of the range and of the one before', async () => {
    const { current, previous, previous_first_ms, source } = await overview(storage.reader, in_test, range)
    expect(previous_first_ms).toBe(noon - 119.5 * minute)
    expect(source).toBe('raw')
    expect(current).toEqual({
      requests: 13,
      errors: 2,
      // 100, 200 … 1000, 1000, 2000, 3000: floor(0.5 × 13) = the 7th, floor(0.95 × 13) = the 13th.
      p50_ms: 700,
      p95_ms: 3000,
      input_tokens: 10_000,
      output_tokens: 900,
      cost_usd: 0.000000000984,
      unpriced: 5,
    })
    expect(previous).toMatchObject({ requests: 2, errors: 1, p50_ms: 70, cost_usd: 2, output_tokens: 7, unpriced: 1 })
  })

  test('sparkline buckets add up to the total', async () => {
    const { spark } = await overview(storage.reader, in_test, range)
    expect(spark.points.reduce((sum, point) => sum + point.requests, 0)).toBe(13)
    expect(spark.points.every(({ at }) => at % spark.step_ms === 0)).toBe(true)
  })

  test('of nothing, everything but counts is unknown', async () => {
    const { current } = await overview(storage.reader, { model: 'nobody' }, range)
    expect(current).toMatchObject({ requests: 0, errors: 0, p95_ms: null, output_tokens: null, cost_usd: null })
  })

  test('the end of a range does not belong to it', async () => {
    const { current } = await overview(storage.reader, in_test, { from: noon - 90 * minute, to: noon - 30.5 * minute })
    expect(current.requests).toBe(1)
  })
})

test('models: by requests, unknown stays null', async () => {
  const { models: rows } = await models(storage.reader, in_test, range)
  expect(rows.map(({ model, requests, providers }) => [model, requests, providers])).toEqual([
    ['a', 10, ['openai']],
    ['b', 3, ['vllm']],
  ])
  expect(rows[0]).toMatchObject({
    p50_ms: 600,
    p95_ms: 1000,
    ttft_p50_ms: 30,
    output_tokens: 900,
    unpriced: 2,
    errors: 2,
  })
  expect(rows[1]).toMatchObject({
    p50_ms: 2000,
    ttft_p50_ms: null,
    tpot_p50_ms: null,
    output_tokens: null,
    cost_usd: null,
  })
})

describe('series', () => {
  test('quantiles per model and minute, null in a bucket without requests', async () => {
    const { times, lines, step_ms, source } = await latencySeries(storage.reader, in_test, range)
    expect([step_ms, times.length, source]).toEqual([minute, 60, 'raw'])
    const b = lines.find(({ model }) => model === 'b')
    const at = times.indexOf(noon - 31 * minute)
    expect(b?.p50_ms[at]).toBe(2000)
    expect(b?.ttft_p50_ms[at]).toBeNull()
    expect(b?.p50_ms.filter((value) => value !== null)).toHaveLength(1)
  })

  test('sums of all buckets are the totals beside the chart', async () => {
    const traffic = await throughputSeries(storage.reader, in_test, range)
    const money = await spendSeries(storage.reader, in_test, range)
    const sum = (values: (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0)
    expect(traffic.lines.map(({ model, requests, errors }) => [model, sum(requests), sum(errors)])).toEqual([
      ['a', 10, 2],
      ['b', 3, 0],
    ])
    expect(
      money.lines.map(({ model, cost_usd, unpriced }) => [model, sum(cost_usd).toPrecision(3), sum(unpriced)]),
    ).toEqual([
      ['a', '9.84e-10', 2],
      ['b', '0.00', 3],
    ])
    expect(money.lines[1]?.cost_usd.every((cost) => cost === null)).toBe(true)
  })

  test('beyond eleven models the rest is one line', async () => {
    const many = Array.from({ length: 15 }, (_, index) =>
      Array.from({ length: index + 1 }, () =>
        call(20, { model: `m${String(index).padStart(2, '0')}`, environment: 'many' }),
      ),
    ).flat()
    await store(storage.db, 'requests', many)
    const { lines } = await throughputSeries(storage.reader, { environment: 'many' }, range)
    expect(lines).toHaveLength(12)
    const other = lines.find((line) => line.other)
    expect(other?.requests.find((count) => count !== null)).toBe(1 + 2 + 3 + 4)
  })
})

describe('requests', () => {
  test('pages follow each other without a gap or a double, also where times are equal', async () => {
    const seen: string[] = []
    let page = await latestRequests(storage.reader, in_test, range, 4)
    for (let pages = 0; pages < 10; pages += 1) {
      seen.push(...page.requests.map(({ span_id }) => span_id))
      if (!page.next) break
      page = await latestRequests(storage.reader, in_test, range, 4, page.next)
    }
    const expected = known
      .filter(({ timestamp }) => timestamp >= range.from * 1000)
      .sort((x, y) => y.timestamp - x.timestamp || (x.trace_id < y.trace_id ? 1 : -1))
    expect(seen).toEqual(expected.map(({ span_id }) => span_id))
  })

  test('one request has every field; money keeps its twelve decimals', async () => {
    const first = known[0]
    const detail = await requestDetail(storage.reader, first?.trace_id ?? '', first?.span_id ?? '')
    expect(detail).toMatchObject({ model: 'a', status: 'error', cost_usd: 0.000000000123, ttft_ms: 10, attributes: {} })
    expect(detail?.timestamp_us).toBe(first?.timestamp)
    expect(await requestDetail(storage.reader, 'f'.repeat(32), 'f'.repeat(16))).toBeNull()
  })
})

test('a span that was merged into a request finds it', async () => {
  const [merged, other] = ['6d'.repeat(8), '6e'.repeat(8)]
  const row = call(5, { environment: 'merged', model: 'whole', merged_span_ids: [merged, other] })
  await store(storage.db, 'requests', [{ ...row, span_id: merged }])
  for (const span of [merged, other])
    expect(await requestDetail(storage.reader, row.trace_id, span)).toMatchObject({ span_id: merged, model: 'whole' })
})

test('filters: several values of a column are alternatives, columns all have to match', async () => {
  const of = async (filter: object) =>
    (await overview(storage.reader, { ...in_test, ...filter }, range)).current.requests
  expect(await of({ model: ['a', 'b'] })).toBe(13)
  expect(await of({ model: ['a', 'b'], team: 'search' })).toBe(3)
  expect(await of({ status: ['error', 'cancelled'] })).toBe(2)
  const values = await filterValues(storage.reader, range)
  expect(values.filter(({ column }) => column === 'team')).toEqual([{ column: 'team', value: 'search', requests: 3 }])
  expect(values.some(({ value }) => value === '')).toBe(false)
})

test('a filter cannot carry SQL', async () => {
  const { current } = await overview(storage.reader, { model: "a' or 1=1 --" }, range)
  expect(current.requests).toBe(0)
  await expect(overview(storage.reader, { 'model) or (1': 'x' } as object, range)).rejects.toThrow(RangeError)
})

describe('long ranges', () => {
  const long = { from: noon - 2 * day, to: noon }
  const filter = { environment: 'production' }
  let rows: LlmRequest[]

  beforeAll(async () => {
    rows = seeded(noon, 30 * 60, 3).filter((_, index) => index % 20 === 0)
    await store(storage.db, 'requests', rows)
    const rollups = await startRollups(storage.db, pino({ level: 'silent' }))
    await rollups.flush()
    await rollups.stop()
  })

  test('are read from rollups, and filters that these lack from raw rows', async () => {
    const sources = async (asked: Filter, range: TimeRange) => {
      const { whole, sums, quantiles } = await tiersFor(storage.reader, asked, range, ['model'])
      return [whole, sums, quantiles].map(({ source }) => source)
    }
    expect(await sources(filter, long)).toEqual(['models_1d', 'models_1h', 'models_1h'])
    expect(await sources({ ...filter, team: 'search' }, long)).toEqual(['requests_1d', 'requests_1h', 'requests_1h'])
    expect(await sources(filter, { from: noon - 30 * day, to: noon })).toEqual(['models_1d', 'models_1h', 'models_1d'])
    expect(await sources(filter, { from: noon - 365 * day, to: noon })).toEqual(['models_1d', 'models_1d', 'models_1d'])
    expect(await sources({ ...filter, user_id: 'user-1' }, long)).toEqual(['raw', 'raw', 'raw'])
    expect(await sources(filter, { from: noon - day, to: noon })).toEqual(['raw', 'raw', 'raw'])
  })

  test('counts, tokens and money are the same as of raw rows, quantiles within 0.1 %', async () => {
    const { models: rolled, source } = await models(storage.reader, filter, long)
    expect(source).toBe('models_1d')
    for (const row of rolled) {
      const own = rows.filter(({ model }) => model === row.model)
      const ok = own.filter(({ output_tokens }) => output_tokens !== null)
      expect(row.requests).toBe(own.length)
      expect(row.errors).toBe(own.filter(({ status }) => status === 'error' || status === 'rate_limited').length)
      expect(row.output_tokens).toBe(ok.reduce((sum, { output_tokens }) => sum + (output_tokens ?? 0), 0))
      const costs = own.flatMap(({ cost_usd }) => (cost_usd === null ? [] : [cost_usd]))
      expect(row.cost_usd === null).toBe(costs.length === 0)
      expect(row.cost_usd ?? 0).toBeCloseTo(
        costs.reduce((sum, cost) => sum + cost, 0),
        9,
      )
      expect(row.unpriced).toBe(own.length - costs.length)
      const durations = own.map(({ duration_ms }) => duration_ms ?? 0).sort((a, b) => a - b)
      // Between neighbours a digest interpolates: it lies within the values around the exact one.
      const at = Math.floor(0.95 * durations.length)
      expect(row.p95_ms).toBeGreaterThanOrEqual((durations[at - 2] ?? 0) * 0.999)
      expect(row.p95_ms).toBeLessThanOrEqual((durations[at + 2] ?? Infinity) * 1.001)
    }
    expect(rolled.find(({ model }) => model === 'qwen2.5-coder')?.ttft_p50_ms).toBeNull()
  })

  test('the overview of two days counts every row', async () => {
    const { current, from } = await overview(storage.reader, filter, long)
    expect(current.requests).toBe(rows.length)
    expect(from % hour).toBe(0)
  })

  test('series have at most 300 points, in steps of whole hours', async () => {
    const { times, step_ms, lines } = await throughputSeries(storage.reader, filter, long)
    expect(times.length).toBeLessThanOrEqual(300)
    expect(step_ms % hour).toBe(0)
    const all = lines.flatMap(({ requests }) => requests).reduce<number>((sum, count) => sum + (count ?? 0), 0)
    expect(all).toBe(rows.length)
  })
})
