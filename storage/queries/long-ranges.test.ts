/** Pages over long ranges, read from rollups, beside a plain recount of the raw rows: late, re-sent and deleted ones among them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { gpuSamples, serverSamples } from '../../test/dashboard/seed-fleet.ts'
import { store } from '../../test/dashboard/store.ts'
import { termsOf } from '../../test/support/terms.ts'
import { testStorage } from '../testing.ts'
import { filterValues } from './filters.ts'
import { gpuSeries, gpusNow } from './gpu.ts'
import { latencySeries } from './latency.ts'
import { modelsInUse } from './models-in-use.ts'
import { models } from './models.ts'
import { overview } from './overview.ts'
import { serversNow } from './server.ts'
import { throughputSeries } from './throughput.ts'
import { tiersFor } from './tiers.ts'
import { filterColumns, isError, where, type Filter } from './where.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const noon = Date.UTC(2026, 10, 21, 12)

let seed = 7
/** Deterministic: a failure can be run again. */
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647
  return seed % below
}

/** A few minutes of the last days and of some days a month ago: few buckets to compute. */
function eightHoursBack(id: number): number {
  const slot = (id * 7919) % 24
  return slot < 18 ? slot : 60 + (slot - 18) * 6
}
const isLately = (id: number) => eightHoursBack(id) < 8

function call(id: number, version = 1): LlmRequest {
  return {
    ...emptyRequest(),
    timestamp: (noon - eightHoursBack(id) * 8 * hour - (1 + (id % 4)) * minute) * 1000 + id,
    trace_id: id.toString(16).padStart(32, '0'),
    span_id: id.toString(16).padStart(16, '0'),
    environment: id % 11 === 0 ? 'staging' : 'production',
    model: `m${id % 5}`,
    model_version: id % 10 === 0 ? '2026-11-01' : '',
    requested_model: `m${id % 5}-latest`,
    service_tier: id % 12 === 0 ? 'batch' : '',
    region: id % 2 ? 'eu' : 'us',
    provider: `p${id % 2}`,
    endpoint: id % 3 ? `e${id % 2}` : '',
    team: `t${id % 7}`,
    user_id: id % 4 ? `u${id % 13}` : '',
    instance: id % 2 ? 'host:8000' : '',
    api_key: `k${id % 3}`,
    status: id % 9 === 0 ? 'error' : 'ok',
    duration_ms: id % 8 === 0 ? null : 100 + random(10_000),
    ttft_ms: id % 2 ? random(500) : null,
    input_tokens: id % 6 ? random(4000) : null,
    output_tokens: random(900),
    cost_usd: id % 5 === 0 ? null : random(1000) / 1e6,
    version,
  }
}

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  const ids = Array.from({ length: 3000 }, (_, index) => index + 1)
  const first = ids.map((id) => call(id))
  await store(storage.db, 'requests', first)
  await storage.rollups.flush()
  // After the rollups were made: some come again with other figures, some are taken back, some are late.
  const again = ids.filter((id) => isLately(id) && id % 3 === 0).map((id) => call(id, 2))
  const late = ids.map((id) => 10_000 + id).filter((id) => isLately(id) && id % 7 === 0)
  await store(storage.db, 'requests', [...again, ...late.map((id) => call(id))])
  await storage.db.command(
    `INSERT INTO requests (timestamp, trace_id, span_id, version, is_deleted)
    SELECT timestamp, trace_id, span_id, 3, 1 FROM requests
    WHERE timestamp >= fromUnixTimestamp64Milli({from:Int64}) AND cityHash64(trace_id) % 10 = 0 SETTINGS final = 1`,
    { from: noon - 2 * day },
  )
  await storage.rollups.flush()
})
afterAll(() => storage.stop())

interface Recount {
  requests: number
  errors: number
  output_tokens: number | null
  input_tokens: number | null
  cost_usd: number | null
  unpriced: number
  durations: number[]
}

async function recount(filter: Filter, range: TimeRange, by = ''): Promise<(Recount & { model?: string })[]> {
  const { sql, params } = where(filter, range)
  return storage.reader.query<Recount & { model?: string }>(
    `select ${by && `${by},`} count() as requests, countIf(${isError}) as errors, sum(r.output_tokens) as output_tokens,
      sum(r.input_tokens) as input_tokens, toFloat64(sum(r.cost_usd)) as cost_usd, countIf(r.cost_usd is null) as unpriced,
      arraySort(groupArray(r.duration_ms)) as durations
    from requests as r where ${sql} ${by && `group by ${by} order by requests desc, ${by}`}`,
    params,
  )
}

/** A digest lies within the neighbours of the exact value; of nothing it is unknown. */
function expectQuantile(value: number | null | undefined, sorted: number[], level: number): void {
  const at = Math.floor(level * sorted.length)
  const lowest = (sorted[Math.max(at - 3, 0)] ?? NaN) * 0.999
  const highest = (sorted[Math.min(at + 3, sorted.length - 1)] ?? NaN) * 1.001
  const right = sorted.length === 0 ? value === null : (value ?? NaN) >= lowest && (value ?? NaN) <= highest
  expect({ value, lowest, highest, right }).toMatchObject({ right: true })
}

const ranges: [string, TimeRange][] = [
  ['two days, not from midnight', { from: noon - 2 * day, to: noon }],
  ['whole days', { from: noon - 3.5 * day, to: noon - 0.5 * day }],
  ['less than a whole day in it', { from: noon - 26 * hour, to: noon - hour }],
  ['thirty days', { from: noon - 30 * day + 17 * minute, to: noon }],
]

const filters: [string, Filter][] = [
  ['all', {}],
  ['one model', { model: ['m1'], environment: 'production' }],
  ['a team, which the smaller rollup lacks', { team: ['t2', 't3'] }],
  ['a free term', { terms: termsOf('model:m* -model:m3') }],
]

describe.each(ranges)('%s', (_, range) => {
  test.each(filters)('%s: totals, those before, and rows per model', async (__, filter) => {
    const { from, to, source, current, previous, spark } = await overview(storage.reader, filter, range)
    const ofModels = 'model' in filter || 'terms' in filter
    expect(source).toBe('team' in filter ? 'requests_1d' : ofModels ? 'models_1d' : 'totals_1d')
    expect(from).toBeLessThanOrEqual(range.from)
    for (const [answer, asked] of [
      [current, { from, to }],
      [previous, { from: from - (to - from), to: from }],
    ] as const) {
      const [raw] = await recount(filter, asked)
      if (!raw) throw new Error('nothing was counted')
      const { durations, cost_usd, ...counts } = raw
      expect(answer).toMatchObject(counts)
      expect(answer.cost_usd === null).toBe(cost_usd === null)
      expect(answer.cost_usd ?? 0).toBeCloseTo(cost_usd ?? 0, 9)
      expectQuantile(answer.p50_ms, durations, 0.5)
      expectQuantile(answer.p95_ms, durations, 0.95)
    }
    expect(spark.points.reduce((sum, point) => sum + point.requests, 0)).toBe(current.requests)

    const table = await models(storage.reader, filter, range)
    const raw = await recount(filter, { from: table.from, to: table.to }, 'model')
    expect(
      table.models.map(({ model, requests, errors, unpriced }) => ({ model, requests, errors, unpriced })),
    ).toEqual(raw.map(({ model, requests, errors, unpriced }) => ({ model, requests, errors, unpriced })))
    for (const [index, { p95_ms }] of table.models.entries()) expectQuantile(p95_ms, raw[index]?.durations ?? [], 0.95)
  })

  test('series add up to the rows of their range', async () => {
    const [traffic, latency] = await Promise.all([
      throughputSeries(storage.reader, {}, range),
      latencySeries(storage.reader, {}, range),
    ])
    expect(latency.from).toBe(traffic.from)
    const [raw] = await recount({}, { from: traffic.from, to: traffic.to })
    const sum = traffic.lines
      .flatMap(({ requests }) => requests)
      .reduce<number>((total, count) => total + (count ?? 0), 0)
    expect(sum).toBe(raw?.requests)
    // One bucket in its middle, recounted.
    const at = latency.times[Math.floor(latency.times.length / 2)] ?? 0
    const rows = await recount({}, { from: at, to: at + latency.step_ms }, 'model')
    for (const { model, durations } of rows) {
      const value = latency.lines.find((line) => line.model === model)?.p95_ms[latency.times.indexOf(at)]
      expectQuantile(value, durations, 0.95)
    }
  })

  test('what was called, by what a price depends on, from the whole hour on', async () => {
    const from = Math.floor(range.from / hour) * hour
    const exact = await modelsInUse(storage.reader, { from, to: range.to })
    expect(exact.length).toBeGreaterThan(20)
    expect(await modelsInUse(storage.reader, range, 500, 1)).toEqual(exact)
    const [raw] = await recount({}, { from, to: range.to })
    expect(exact.reduce((sum, { requests }) => sum + requests, 0)).toBe(raw?.requests)
  })

  test('values of filters', async () => {
    const from = Math.floor(range.from / day) * day
    const { sql, params } = where({}, { from, to: Math.ceil(range.to / day) * day })
    const raw = await Promise.all(
      filterColumns.map((column) =>
        storage.reader.query(
          `select '${column}' as column, toString(${column}) as value, count() as requests from requests
          where ${sql} and ${column} != '' group by value order by requests desc, value limit 50`,
          params,
        ),
      ),
    )
    const sorted = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted()
    expect(sorted(await filterValues(storage.reader, range))).toEqual(sorted(raw.flat()))
  })
})

describe('where a range is read from', () => {
  const sources = async (filter: Filter, range: TimeRange) => {
    const { whole, sums, quantiles } = await tiersFor(storage.reader, filter, range)
    return [whole, sums, quantiles].map(({ source }) => source)
  }
  const busy = { from: noon + 300 * day, to: noon + 301 * day }

  test('a day with more requests than a page can read anew', async () => {
    await storage.db.command(
      `INSERT INTO requests (timestamp, trace_id, span_id, model, duration_ms, version)
      SELECT fromUnixTimestamp64Milli({from:Int64} + number * 250), toString(number), 'busy', 'm', number % 1000, 1 FROM numbers(310000)`,
      { from: busy.from },
    )
    await storage.rollups.flush()
    expect(await sources({}, busy)).toEqual(['totals_1d', 'totals_1h', 'totals_1h'])
    expect(await sources({}, { from: busy.to - 2 * hour, to: busy.to })).toEqual(['raw', 'raw', 'raw'])
    expect(await sources({ user_id: 'u' }, busy)).toEqual(['raw', 'raw', 'raw'])
    const { current } = await overview(storage.reader, {}, busy)
    const [raw] = await recount({}, busy)
    expect(current.requests).toBe(raw?.requests)
    expectQuantile(current.p95_ms, raw?.durations ?? [], 0.95)
    expect((await filterValues(storage.reader, busy)).find(({ value }) => value === 'm')?.requests).toBe(310_000)
  })

  test('while a rollup that an update brought is filled, what was there before', async () => {
    const range = { from: noon - 2 * day, to: noon }
    await storage.db.command(
      "ALTER TABLE rollup_state DELETE WHERE name IN ('totals_1h', 'models_1h', 'calls_1h', 'filter_values_1d') SETTINGS mutations_sync = 2",
    )
    expect(await sources({}, range)).toEqual(['requests_1d', 'requests_1h', 'requests_1h'])
    // To the hour, they would be those of a few minutes more.
    const cut = { ...range, from: range.from + 5 * minute }
    const used = await modelsInUse(storage.reader, cut, 500, 1)
    const [exact] = await recount({}, cut)
    expect(used.reduce((sum, { requests }) => sum + requests, 0)).toBe(exact?.requests)
    const values = await filterValues(storage.reader, range)
    const [raw] = await recount({ user_id: 'u3' }, range)
    expect(values.find(({ value }) => value === 'u3')?.requests).toBe(raw?.requests)
  })
})

describe('GPUs and servers over days', () => {
  const long = { from: noon - 3 * day - 5 * minute, to: noon }
  const old = noon - 2.5 * day

  beforeAll(async () => {
    // The fleet of two days ago, of which one GPU and one server are there today too.
    await store(storage.db, 'gpu_samples', gpuSamples(old, 150))
    await store(
      storage.db,
      'gpu_samples',
      gpuSamples(noon, 150).filter(({ uuid }) => uuid === 'GPU-0'),
    )
    await store(storage.db, 'server_samples', serverSamples(old, 150))
    await store(
      storage.db,
      'server_samples',
      serverSamples(noon, 150).filter(({ instance }) => instance === 'vllm-1:8000'),
    )
    await storage.rollups.flush()
  })

  test('GPUs: the newest sample of each, whenever it was', async () => {
    const gpus = await gpusNow(storage.reader, long)
    const raw = await storage.reader.query(
      `select uuid, max(toUnixTimestamp64Milli(timestamp)) as timestamp_ms, argMax(tuple(g.utilization_ratio), timestamp).1 as utilization_ratio
      from gpu_samples as g where timestamp < fromUnixTimestamp64Milli({to:Int64}) group by uuid order by uuid`,
      { to: long.to },
    )
    const found = gpus.map(({ uuid, timestamp_ms, utilization_ratio }) => ({ uuid, timestamp_ms, utilization_ratio }))
    expect(found.toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1))).toEqual(raw)
    expect(raw).toHaveLength(4)
  })

  test('GPUs: means per bucket are those of the samples', async () => {
    const { lines, times, step_ms, gpus, from } = await gpuSeries(storage.reader, long)
    expect([gpus, from % hour, step_ms % hour]).toEqual([4, 0, 0])
    const raw = await storage.reader.query<Record<string, number> & { at: number; host: string; gpu: string }>(
      `select host, gpu, intDiv(toUnixTimestamp(timestamp) * 1000, ${step_ms}) * ${step_ms} as at,
        avg(g.utilization_ratio) as utilization_ratio, avg(g.memory_used_bytes) as memory_used_bytes, avg(g.power_watts) as power_watts,
        avg(g.memory_used_bytes / g.memory_total_bytes) as memory_ratio, avg(g.memory_total_bytes) as memory_total_bytes
      from gpu_samples as g where timestamp < fromUnixTimestamp64Milli({to:Int64}) group by host, gpu, at`,
      { to: long.to },
    )
    expect(raw.length).toBeGreaterThan(8)
    for (const row of raw) {
      const line = lines.find(({ host, gpu }) => host === row.host && gpu === row.gpu)
      for (const name of ['utilization_ratio', 'memory_ratio', 'power_watts'] as const)
        expect(line?.[name][times.indexOf(row.at)]).toBeCloseTo(row[name] ?? NaN, 9)
      for (const name of ['memory_used_bytes', 'memory_total_bytes'] as const)
        expect((line?.[name][times.indexOf(row.at)] ?? 0) / (row[name] ?? 1)).toBeCloseTo(1, 9)
    }
  })

  test('servers: gauges of the newest sample, rates over the time that was counted', async () => {
    const servers = await serversNow(storage.reader, long)
    const raw = await storage.reader.query(
      `select instance, toUnixTimestamp64Milli(max(timestamp)) as timestamp_ms, argMax(tuple(s.running), timestamp).1 as running,
        sum(s.input_tokens) * 1000 / sumIf(interval_ms, s.input_tokens is not null) as input_tokens_per_second,
        sum(s.requests_ok) * 1000 / sumIf(interval_ms, s.requests_ok is not null) as requests_per_second,
        sum(s.preemptions) as preemptions, countIf(s.restarted) as restarts,
        if(sum(s.prefix_queries) > 0, sum(s.prefix_hits) / sum(s.prefix_queries), null) as prefix_hit_ratio
      from server_samples as s where timestamp < fromUnixTimestamp64Milli({to:Int64}) group by instance order by instance`,
      { to: long.to },
    )
    expect(raw).toHaveLength(2)
    expect(servers).toMatchObject(raw)
  })
})
