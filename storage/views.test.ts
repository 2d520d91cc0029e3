/** The views for people: their numbers are those of a plain recount of rows that were stored twice, corrected and taken back. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gpuSamples, serverSamples } from '../test/dashboard/seed-fleet.ts'
import { requests } from '../test/dashboard/seed.ts'
import { store } from '../test/dashboard/store.ts'
import type { LlmRequest } from '../records/llm-request.ts'
import type { ServerSample } from '../records/server-sample.ts'
import { testStorage } from './testing.ts'

/** Begins half an hour before midnight of UTC: two days, and four hours. */
const now = Date.UTC(2026, 10, 21, 1, 30)
const changed = <Row extends object>(row: Row, parts: Partial<Row>): Row => ({ ...row, ...parts })
const first = requests(now, 120).map((row, index) => changed(row, { session_id: `session-${index % 7}`, version: 1 }))
/** Stored again with another cost and team, as a late span or a new price does. */
const corrected = first
  .filter((_, index) => index % 5 === 0)
  .map((row) => changed(row, { cost_usd: row.cost_usd && row.cost_usd * 2, team: 'late', version: 2 }))
const live: LlmRequest[] = first.map((row, index) => (index % 5 === 0 ? (corrected[index / 5] ?? row) : row))
const gpus = gpuSamples(now, 120)
/** Another exporter of one GPU, under another name of its host and for a while only. */
const twice = gpus
  .filter(({ uuid }, index) => uuid === 'GPU-2' && index % 3 > 0)
  .map((row) => changed(row, { host: 'node-2' }))
const servers = serverSamples(now, 120).map((row, index) =>
  changed<ServerSample>(row, {
    // The second server counts neither failures nor preemptions, and measures no TTFT.
    ...(index % 2 === 1 && { requests_failed: null, preemptions: null, role: 'gateway' as const }),
    ...(index % 2 === 0 && { ttft_ms: { bounds_ms: [100, 500], counts: [3, 0, 1], sum_ms: 1200 } }),
  }),
)

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', first)
  await store(storage.db, 'requests', first.slice(0, 100))
  await store(storage.db, 'gpu_samples', [...gpus, ...twice])
  await store(storage.db, 'server_samples', servers)
  await storage.rollups.flush()
  await store(storage.db, 'requests', corrected)
  await storage.rollups.flush()
})
afterAll(() => storage?.stop())

/** As a person would ask: without `final`. */
const ask = <T extends object>(sql: string) => storage.reader.query<T>(sql, {}, { settings: { final: 0 } })

/** As near as sums of floats in another order come; unknown stays null. */
const near = (value: number | null, digits = 6): unknown =>
  value === null ? null : { asymmetricMatch: (other: unknown) => Math.abs(Number(other) - value) < 10 ** -digits / 2 }
const sum = (values: readonly (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0)
const failed = ({ status }: LlmRequest) => status === 'error' || status === 'rate_limited' || status === 'timeout'
const dayOf = ({ timestamp }: { timestamp: number }) => new Date(timestamp / 1000).toISOString().slice(0, 10)
const hourOf = ({ timestamp }: { timestamp: number }) =>
  `${new Date(timestamp / 1000).toISOString().slice(0, 13).replace('T', ' ')}:00:00`

/** Rows in groups by what `key` says, in its order. */
function grouped<Row>(rows: readonly Row[], key: (row: Row) => string): [string, Row[]][] {
  const groups = Map.groupBy(rows, key)
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

/** The element floor(level × n) of the sorted values, as quantileExact has it. */
function quantile(values: readonly (number | null)[], level: number): number | null {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b)
  return known[Math.min(Math.floor(level * known.length), known.length - 1)] ?? null
}

test('v_requests has each call once, as it was last corrected', async () => {
  const [row] = await ask<object>(
    `select toInt64(count()) as requests, toInt64(countIf(failed)) as failed, toInt64(sum(output_tokens)) as tokens, toFloat64(sum(cost_usd)) as cost,
    toInt64(countIf(team = 'late')) as late, round(avg(output_tokens_per_second * tpot_ms)) as thousand from v_requests`,
  )
  expect(row).toEqual({
    requests: live.length,
    failed: live.filter(failed).length,
    tokens: sum(live.map((request) => request.output_tokens)),
    cost: near(sum(live.map((request) => request.cost_usd)), 6),
    late: corrected.length,
    thousand: 1000,
  })
})

test('v_spend_daily adds up to the calls of each day; spend that nobody knows is null', async () => {
  const rows = await ask<{ key: string }>(
    `select concat(toString(day), ' ', model, ' ', team) as key, toInt64(sum(requests)) as requests, toInt64(sum(unpriced_requests)) as unpriced,
    toInt64(sum(input_tokens)) as input_tokens, toFloat64(sum(cost_usd)) as cost_usd, toFloat64(sum(input_cost_usd + output_cost_usd)) as parts_usd
    from v_spend_daily group by day, model, team order by key`,
  )
  const expected = grouped(live, (row) => `${dayOf(row)} ${row.model} ${row.team}`).map(([key, calls]) => {
    const priced = calls.filter(({ cost_usd }) => cost_usd !== null)
    const cost = priced.length === 0 ? null : sum(priced.map(({ cost_usd }) => cost_usd))
    const parts = priced.flatMap((call) => [call.input_cost_usd, call.output_cost_usd])
    return {
      key,
      requests: calls.length,
      unpriced: calls.length - priced.length,
      input_tokens: sum(calls.map(({ input_tokens }) => input_tokens)),
      cost_usd: near(cost),
      parts_usd: near(cost === null ? null : sum(parts)),
    }
  })
  expect(rows).toEqual(expected)
  expect(new Set(rows.map(({ key }) => key.slice(0, 10))).size).toBe(2)
})

test('v_latency_hourly merges quantiles of every team and service of an hour', async () => {
  const rows = await ask<Record<string, number | string | null>>(
    `select concat(toString(hour), ' ', model) as key, toInt64(requests) as requests, duration_avg_ms, duration_p50_ms, duration_p95_ms,
    duration_max_ms, ttft_p95_ms, tpot_p50_ms from v_latency_hourly order by key`,
  )
  // Few values of an hour: the digest may take the one beside.
  const close = (value: number | null) => near(value, value === null ? 0 : -Math.log10(value * 0.2))
  const expected = grouped(live, (row) => `${hourOf(row)} ${row.model}`).map(([key, calls]) => {
    const durations = calls.map(({ duration_ms }) => duration_ms)
    return {
      key,
      requests: calls.length,
      duration_avg_ms: near(sum(durations) / durations.length, 6),
      duration_p50_ms: close(quantile(durations, 0.5)),
      duration_p95_ms: close(quantile(durations, 0.95)),
      duration_max_ms: Math.max(...durations.map((value) => value ?? 0)),
      ttft_p95_ms: close(
        quantile(
          calls.map(({ ttft_ms }) => ttft_ms),
          0.95,
        ),
      ),
      tpot_p50_ms: close(
        quantile(
          calls.map(({ tpot_ms }) => tpot_ms),
          0.5,
        ),
      ),
    }
  })
  expect(rows).toEqual(expected)
  expect(rows.some((row) => row.ttft_p95_ms === null)).toBe(true)
})

test('v_errors_hourly counts failures by their kind', async () => {
  const rows = await ask<object>(
    `select concat(toString(hour), ' ', model) as key, toInt64(sum(requests)) as calls, toInt64(sum(failed_requests)) as failed,
    toInt64(sum(rate_limited_requests)) as rate_limited, max(abs(error_ratio - failed_requests / requests)) as off
    from v_errors_hourly group by hour, model order by key`,
  )
  const expected = grouped(live, (row) => `${hourOf(row)} ${row.model}`).map(([key, calls]) => ({
    key,
    calls: calls.length,
    failed: calls.filter(failed).length,
    rate_limited: calls.filter(({ status }) => status === 'rate_limited').length,
    off: 0,
  }))
  expect(rows).toEqual(expected)
})

test('v_gpu_hourly says means, peaks and energy of each GPU', async () => {
  const rows = await ask<object>(
    `select concat(toString(hour), ' ', uuid) as key, toInt64(samples) as samples, covered_ms, utilization_avg_ratio, memory_used_max_bytes,
    energy_joules, throttled_ratio, sm_active_avg_ratio from v_gpu_hourly order by key`,
  )
  const expected = grouped(gpus, (row) => `${hourOf(row)} ${row.uuid}`).map(([key, samples]) => ({
    key,
    samples: samples.length,
    covered_ms: samples.length * 10_000,
    utilization_avg_ratio: near(sum(samples.map((row) => row.utilization_ratio)) / samples.length, 9),
    memory_used_max_bytes: Math.max(...samples.map((row) => row.memory_used_bytes ?? 0)),
    // Watts times ten seconds: these GPUs count no energy.
    energy_joules: near(sum(samples.map((row) => row.power_watts)) * 10, 3),
    throttled_ratio: key.includes('GPU-1') ? 1 : 0,
    sm_active_avg_ratio: null,
  }))
  expect(rows).toEqual(expected)
  expect(twice.length).toBeGreaterThan(100)
})

test('v_server_hourly says load and throughput of each server', async () => {
  const rows = await ask<object>(
    `select concat(toString(hour), ' ', instance) as key, toInt64(samples) as samples, running_avg, waiting_max, toInt64(output_tokens) as output_tokens,
    output_tokens_per_second, prefix_hit_ratio, ttft_avg_ms, gateway, toInt64(requests) as requests, toInt64(requests_failed) as requests_failed,
    toInt64(preemptions) as preemptions from v_server_hourly order by key`,
  )
  const expected = grouped(servers, (row) => `${hourOf(row)} ${row.instance}`).map(([key, samples]) => ({
    key,
    samples: samples.length,
    running_avg: near(sum(samples.map((row) => row.running)) / samples.length, 9),
    waiting_max: Math.max(...samples.map((row) => row.waiting ?? 0)),
    output_tokens: samples.length * 4200,
    output_tokens_per_second: near(420, 9),
    prefix_hit_ratio: near(key.includes('vllm-1') ? 5 / 14 : null),
    ttft_avg_ms: key.includes('vllm-1') ? 300 : null,
    gateway: key.includes('vllm-2'),
    requests: samples.length * 11,
    requests_failed: key.includes('vllm-1') ? 0 : null,
    preemptions: key.includes('vllm-1') ? 0 : null,
  }))
  expect(rows).toEqual(expected)
})

test('v_users_daily says who used and spent what', async () => {
  const rows = await ask<object>(
    `select concat(toString(day), ' ', team, ' ', user_id) as key, toInt64(requests) as requests, toInt64(failed_requests) as failed,
    toInt64(sessions) as sessions, toInt64(models) as models, toFloat64(cost_usd) as cost_usd from v_users_daily order by key`,
  )
  const expected = grouped(live, (row) => `${dayOf(row)} ${row.team} ${row.user_id}`).map(([key, calls]) => ({
    key,
    requests: calls.length,
    failed: calls.filter(failed).length,
    sessions: new Set(calls.map(({ session_id }) => session_id)).size,
    models: new Set(calls.map(({ model }) => model)).size,
    cost_usd: near(calls.some(({ cost_usd }) => cost_usd !== null) ? sum(calls.map(({ cost_usd }) => cost_usd)) : null),
  }))
  expect(rows).toEqual(expected)
})

test('columns really have the types that the views declare', async () => {
  const views = await ask<{ name: string }>("select name from system.tables where startsWith(name, 'v_') order by name")
  for (const { name } of views) {
    const declared = await ask(`select name, type from system.columns where table = '${name}' order by position`)
    const real = await ask<{ name: string; type: string }>(`describe table (select * from ${name})`)
    expect({ name, real: real.map((column) => ({ name: column.name, type: column.type })) }).toEqual({
      name,
      real: declared,
    })
  }
  expect(views).toHaveLength(7)
})

test('a range over a view reads the granules of that range, not all rows', async () => {
  for (const [view, column] of [
    ['v_requests', 'timestamp'],
    ['v_spend_daily', 'day'],
    ['v_latency_hourly', 'hour'],
    ['v_gpu_hourly', 'hour'],
    ['v_users_daily', 'day'],
  ]) {
    const plan = await ask<{ explain: string }>(
      `explain indexes = 1 select * from ${view} where ${column} >= '2026-11-21'`,
    )
    expect({ view, condition: plan.some(({ explain }) => explain.includes('in [')) }).toEqual({ view, condition: true })
  }
})
