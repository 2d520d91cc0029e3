/** Pages of models and endpoints, beside a recount of the raw rows in JavaScript: over an hour from raw rows, over days from rollups. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { breakdown, breakdownDimensions, orderStatistics } from './breakdown.ts'
import { concurrency } from './concurrency.ts'
import { contextUse } from './context-use.ts'
import { errorClasses } from './error-classes.ts'
import { withPeriodBefore } from './previous.ts'
import { traffic } from './traffic.ts'
import { trafficLatency, trafficVolume } from './traffic-series.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const noon = Date.UTC(2026, 10, 21, 12)
const short: TimeRange = { from: noon - hour, to: noon }
const long: TimeRange = { from: noon - 3 * day, to: noon }

let seed = 11
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647
  return seed % below
}

const statuses = ['error', 'rate_limited', 'timeout', 'cancelled'] as const

function call(id: number, startMs: number): LlmRequest {
  const status = id % 6 === 0 ? (statuses[(id / 6) % 4] ?? 'ok') : 'ok'
  return {
    ...emptyRequest(),
    timestamp: startMs * 1000,
    trace_id: id.toString(16).padStart(32, '0'),
    span_id: id.toString(16).padStart(16, '0'),
    model: `org/m${id % 3}`,
    provider: `p${id % 2}`,
    endpoint: id % 3 === 0 ? '' : `e${id % 2}`,
    region: id % 5 === 0 ? '' : `r${id % 4}`,
    model_version: `v${id % 2}`,
    prompt_name: id % 4 ? 'greet' : '',
    prompt_version: `${id % 2}`,
    status,
    error_type: status === 'error' && id % 48 === 0 ? 'server_error' : '',
    http_status: status === 'error' ? 502 : null,
    finish_reason: status === 'ok' ? (['stop', 'length'][id % 2] ?? '') : '',
    duration_ms: id % 9 === 0 ? null : 50 + random(90_000),
    ttft_ms: id % 2 ? random(500) : null,
    tpot_ms: id % 2 ? random(50) : null,
    input_tokens: id % 7 ? random(4000) : null,
    cached_input_tokens: id % 3 ? random(1000) : null,
    output_tokens: random(900),
    context_window: id % 3 === 0 ? null : 8192,
    cost_usd: id % 4 === 0 ? null : random(1000) / 1e6,
    cache_savings_usd: id % 4 === 0 ? null : random(100) / 1e6,
    cache_hit: id % 10 === 0,
    version: id,
  }
}

/** 600 in the last two hours, some of which are still going on at noon; 600 over the three days before. */
const rows = [
  ...Array.from({ length: 600 }, (_, index) => call(index + 1, noon - 1 - random(2 * hour))),
  ...Array.from({ length: 600 }, (_, index) =>
    call(index + 1001, noon - 2 * hour - random(64) * hour - random(3) * minute),
  ),
]
const startOf = ({ timestamp }: LlmRequest) => timestamp / 1000
const within = ({ from, to }: TimeRange) => rows.filter((row) => startOf(row) >= from && startOf(row) < to)
const failed = ({ status }: LlmRequest) => ['error', 'rate_limited', 'timeout'].includes(status)
const known = (values: (number | null | undefined)[]) => values.filter((value) => typeof value === 'number')
const sorted = (values: (number | null)[]) => known(values).toSorted((a, b) => a - b)
const sum = (values: (number | null | undefined)[]) => {
  const told = known(values)
  return told.length === 0 ? null : told.reduce((total, value) => total + value, 0)
}
const at = (values: number[], level: number) => values[Math.floor(level * values.length)] ?? null

/** Exact from raw rows; a digest lies within the neighbours of the exact value; of nothing it is unknown. */
function expectQuantile(value: number | null | undefined, values: number[], level: number, source: string): void {
  const place = Math.floor(level * values.length)
  const near = source === 'raw' ? 0 : 3
  const lowest = values[Math.max(place - near, 0)] ?? null
  const highest = values[Math.min(place + near, values.length - 1)] ?? null
  const right =
    lowest === null || highest === null
      ? value === null
      : (value ?? NaN) >= lowest * 0.999 && (value ?? NaN) <= highest * 1.001
  expect({ value, lowest, highest, right }).toMatchObject({ right: true })
}

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', rows)
  await storage.rollups.flush()
})
afterAll(() => storage.stop())

describe.each([
  ['raw rows', short, 'raw'],
  ['rollups', long, 'models_1d'],
] as const)('from %s', (_, range, source) => {
  test('models: each with its own figures, its change and its sparkline', async () => {
    const answer = await traffic(storage.reader, 'model', {}, range)
    expect(answer).toMatchObject({ source, all: 3 })
    for (const row of answer.rows) {
      const own = within(answer).filter(({ model }) => model === row.name)
      const before = rows.filter(
        ({ model, timestamp }) =>
          model === row.name && timestamp / 1000 < answer.from && timestamp / 1000 >= 2 * answer.from - answer.to,
      )
      expect(row).toMatchObject({
        requests: own.length,
        errors: own.filter(failed).length,
        input_tokens: sum(own.map(({ input_tokens }) => input_tokens)),
        cached_input_tokens: sum(own.map(({ cached_input_tokens }) => cached_input_tokens)),
        unpriced: own.filter(({ cost_usd }) => cost_usd === null).length,
        providers: ['p0', 'p1'],
        regions: ['r0', 'r1', 'r2', 'r3'],
        others: row.name === 'org/m0' ? [] : ['e0', 'e1'],
      })
      expect(row.cost_usd).toBeCloseTo(sum(own.map(({ cost_usd }) => cost_usd)) ?? NaN, 9)
      expect(row.spark.reduce((total, value) => total + value, 0)).toBe(own.length)
      expect(row.previous?.requests ?? 0).toBe(before.length)
      expect(row.previous?.errors ?? 0).toBe(before.filter(failed).length)
      expectQuantile(row.p95_ms, sorted(own.map(({ duration_ms }) => duration_ms)), 0.95, source)
    }
  })

  test('endpoints: what names none is not among them; filters hold', async () => {
    const { rows: found, from, to } = await traffic(storage.reader, 'endpoint', { model: 'org/m1' }, range)
    const own = within({ from, to }).filter(({ model, endpoint }) => model === 'org/m1' && endpoint !== '')
    expect(found.map(({ name }) => name).toSorted()).toEqual(['e0', 'e1'])
    expect(found.reduce((total, { requests }) => total + requests, 0)).toBe(own.length)
    expect(found.every(({ others }) => others.join() === 'org/m1')).toBe(true)
  })

  test('one model over time: sums add up, a bucket without requests is null', async () => {
    const filter = { model: 'org/m1' }
    const answer = await trafficVolume(storage.reader, filter, range)
    const own = within(answer).filter(({ model }) => model === 'org/m1')
    expect(sum(answer.values.requests)).toBe(own.length)
    expect(sum(answer.values.errors)).toBe(own.filter(failed).length)
    expect(sum(answer.values.cached_input_tokens)).toBe(sum(own.map(({ cached_input_tokens }) => cached_input_tokens)))
    expect(sum(answer.values.cache_savings_usd)).toBeCloseTo(
      sum(own.map(({ cost_usd, cache_savings_usd }) => (cost_usd === null ? null : cache_savings_usd))) ?? NaN,
      9,
    )
    expect(sum(answer.values.cache_hits)).toBe(own.filter(({ cache_hit }) => cache_hit).length)
    const latency = await trafficLatency(storage.reader, filter, range)
    latency.times.forEach((time, index) => {
      const bucket = own.filter((row) => startOf(row) >= time && startOf(row) < time + latency.step_ms)
      expect(latency.values.requests[index]).toBe(bucket.length === 0 ? null : bucket.length)
      const tpots = sorted(bucket.map(({ tpot_ms }) => tpot_ms))
      expectQuantile(latency.values.tpot_p95_ms[index], tpots, 0.95, source)
    })
  })

  test('errors: every one in a class, zero where requests went well', async () => {
    const answer = await errorClasses(storage.reader, {}, range)
    const own = within(answer).filter(failed)
    const counts = Object.fromEntries(answer.lines.map(({ name, errors }) => [name, sum(errors)]))
    const of = (test: (row: LlmRequest) => boolean) => own.filter(test).length
    const shared = {
      rate_limited: of(({ status }) => status === 'rate_limited'),
      timeout: of(({ status }) => status === 'timeout'),
    }
    const errors = ({ status }: LlmRequest) => status === 'error'
    expect(counts).toEqual(
      source === 'raw'
        ? {
            ...shared,
            server_error: of((row) => errors(row) && row.error_type !== ''),
            'HTTP 502': of((row) => errors(row) && row.error_type === ''),
          }
        : { ...shared, error: of(errors) },
    )
  })

  test('a dimension: the values add up, and each has its percentiles', async () => {
    const answer = await breakdown(storage.reader, 'region', { model: 'org/m2' }, range)
    const own = within(answer).filter(({ model }) => model === 'org/m2')
    expect(answer).toMatchObject({ bounded: false, all: 5 })
    expect(Object.fromEntries(answer.rows.map(({ value, requests }) => [value, requests]))).toEqual(
      Object.fromEntries([...Map.groupBy(own, ({ region }) => region)].map(([region, list]) => [region, list.length])),
    )
    for (const { value, duration_ms_count, p95_interval, p50_interval, p50_ms } of answer.rows) {
      const durations = sorted(own.filter(({ region }) => region === value).map(({ duration_ms }) => duration_ms))
      expect(duration_ms_count).toBe(durations.length)
      const places = orderStatistics(durations.length, 0.5)
      const low = places && durations[places[0] - 1]
      const high = places && durations[places[1] - 1]
      const slack = source === 'raw' ? 0 : 0.1
      expect(p50_interval === null).toBe(places === null)
      expect(Math.abs((p50_interval?.[0] ?? 0) - (low ?? 0))).toBeLessThanOrEqual(slack * (low ?? 0))
      expect(Math.abs((p50_interval?.[1] ?? 0) - (high ?? 0))).toBeLessThanOrEqual(slack * (high ?? 0))
      expect(p50_interval === null || (p50_interval[0] <= (p50_ms ?? 0) && p50_interval[1] >= (p50_ms ?? 0))).toBe(true)
      expect(p95_interval === null).toBe(orderStatistics(durations.length, 0.95) === null)
    }
    const line = answer.lines.find(({ value }) => value === 'r1')
    expect(sum(line?.requests ?? [])).toBe(own.filter(({ region }) => region === 'r1').length)
  })
})

describe('requests in flight', () => {
  /** Worked out anew: each call's time in each bucket, and the level at each start. */
  function recount({ times, step_ms, from, to }: TimeRange & { times: number[]; step_ms: number }) {
    const calls = rows.flatMap((row) =>
      row.duration_ms === null || row.model !== 'org/m1'
        ? []
        : [{ start: startOf(row), stop: startOf(row) + row.duration_ms }],
    )
    return times.map((time) => {
      const [first, end] = [Math.max(time, from), Math.min(time + step_ms, to)]
      const inside = calls.map(({ start, stop }) => Math.max(Math.min(stop, end) - Math.max(start, first), 0))
      const moments = [first, ...calls.map(({ start }) => start).filter((start) => start >= first && start < end)]
      const levels = moments.map((now) => calls.filter(({ start, stop }) => start <= now && stop > now).length)
      return { mean: inside.reduce((a, b) => a + b, 0) / (end - first), peak: Math.max(...levels) }
    })
  }

  test('from raw rows: the time that calls overlap, those that began before the range too', async () => {
    // No whole number of buckets: the first and the last are cut.
    const range = { from: noon - hour + 7_300, to: noon - 4_100 }
    const answer = await concurrency(storage.reader, { model: 'org/m1' }, range)
    expect(answer.method).toBe('overlap')
    recount(answer).forEach(({ mean, peak }, index) => {
      expect(answer.peak[index] ?? 0).toBe(peak)
      expect(answer.mean[index] ?? 0).toBeCloseTo(mean, 6)
    })
    expect(answer.peak.filter((peak) => peak !== null).length).toBeGreaterThan(55)
  })

  test('from rollups: Little’s law, the durations that began in a bucket by its length', async () => {
    const answer = await concurrency(storage.reader, { model: 'org/m1' }, long)
    expect(answer.method).toBe('little')
    answer.times.forEach((time, index) => {
      const bucket = within({ from: time, to: time + answer.step_ms }).filter(({ model }) => model === 'org/m1')
      const seconds = (Math.min(time + answer.step_ms, answer.to) - time) / 1000
      const spent = sum(bucket.map(({ duration_ms }) => duration_ms)) ?? 0
      expect(answer.mean[index] === null).toBe(bucket.length === 0)
      expect(answer.mean[index] ?? 0).toBeCloseTo(spent / 1000 / seconds, 6)
    })
  })

  test('of nobody it is unknown', async () => {
    const answer = await concurrency(storage.reader, { model: 'nobody' }, short)
    expect(new Set([...answer.mean, ...answer.peak])).toEqual(new Set([null]))
  })
})

test('context windows: tokens in and out as a share, of calls that tell both', async () => {
  const answer = await contextUse(storage.reader, { model: 'org/m1' }, short)
  expect(answer.bounded).toBe(false)
  answer.times.forEach((time, index) => {
    const shares = within({ from: Math.max(time, answer.from), to: time + answer.step_ms }).flatMap((row) =>
      row.model === 'org/m1' && row.context_window !== null && row.input_tokens !== null
        ? [(row.input_tokens + (row.output_tokens ?? 0)) / row.context_window]
        : [],
    )
    expect(answer.values.max[index] === null).toBe(shares.length === 0)
    expect(answer.values.max[index] ?? 0).toBeCloseTo(Math.max(...shares, 0), 12)
    expect(answer.values.p50[index] ?? 0).toBeCloseTo(at(sorted(shares), 0.5) ?? 0, 12)
  })
  expect(await contextUse(storage.reader, {}, long)).toMatchObject({ bounded: true, from: long.from })
})

describe('the period before, beside the period', () => {
  test.each([
    ['region', short, 'raw'],
    ['model_version', short, 'raw'],
    ['region', { from: noon - 30 * hour, to: noon }, 'requests_1h'],
  ] as const)('of each %s that this one has, bucket by bucket', async (by, range, source) => {
    const answer = await breakdown(storage.reader, by, { model: 'org/m2' }, range, true)
    const { previous, rows: values } = answer
    expect(previous).toMatchObject({ source, rows: [] })
    expect(previous?.times).toHaveLength(answer.times.length)
    expect(previous?.times.every((time, index) => time + (answer.from - previous.from) === answer.times[index])).toBe(
      true,
    )
    const own = within(previous ?? short).filter(({ model }) => model === 'org/m2')
    expect(own.length).toBeGreaterThan(10)
    const counts = previous?.lines.map(({ value, requests }) => [value, sum(requests)]) ?? []
    expect(Object.fromEntries(counts)).toEqual(
      Object.fromEntries(
        values
          .map(({ value }) => [value, own.filter((row) => row[by] === value).length] as const)
          .filter(([, count]) => count > 0),
      ),
    )
  })

  test('of context windows', async () => {
    const answer = await withPeriodBefore((range) => contextUse(storage.reader, {}, range), short, true)
    const shares = within(answer.previous ?? short).flatMap(({ context_window, input_tokens, output_tokens }) =>
      context_window === null || input_tokens === null ? [] : [(input_tokens + (output_tokens ?? 0)) / context_window],
    )
    expect(Math.max(...known(answer.previous?.values.max ?? []))).toBeCloseTo(Math.max(...shares), 12)
  })
})

describe('dimensions that no rollup keeps', () => {
  test('are read from raw rows of a day, and say so', async () => {
    const answer = await breakdown(storage.reader, 'model_version', { model: 'org/m1' }, long)
    const own = within({ from: noon - day, to: noon }).filter(({ model }) => model === 'org/m1')
    expect(answer).toMatchObject({ source: 'raw', bounded: true, from: long.from, to: long.to })
    expect(answer.rows.reduce((total, { requests }) => total + requests, 0)).toBe(own.length)
  })

  test('versions of two prompts are two', async () => {
    const { rows: found } = await breakdown(storage.reader, 'prompt_version', {}, short)
    expect(found.map(({ value }) => value).toSorted()).toEqual(['0', 'greet 0', 'greet 1'])
  })

  test.each(breakdownDimensions)('%s can be asked, over hours and over days', async (by) => {
    for (const range of [short, long]) {
      const answer = await breakdown(storage.reader, by, {}, range)
      const counted = within(answer.bounded ? { from: noon - day, to: noon } : answer)
      expect(answer.rows.reduce((total, { requests }) => total + requests, 0)).toBe(counted.length)
    }
  })
})

test('where a percentile lies: places around it, none of few values', () => {
  // P50 of 100: 50 ± 9.8.
  expect(orderStatistics(100, 0.5)).toEqual([40, 61])
  expect(orderStatistics(1000, 0.95)).toEqual([936, 965])
  expect(orderStatistics(20, 0.95)).toBeNull()
  expect(orderStatistics(0, 0.5)).toBeNull()
})
