import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gpuSamples, serverSamples } from '../../test/dashboard/seed-fleet.ts'
import { requests } from '../../test/dashboard/seed.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { readyQuestions } from './ready-questions.ts'

const now = Date.UTC(2026, 10, 21, 12)
/** Three weeks ago is last month. */
const lastMonth = Date.UTC(2026, 9, 30, 12)
/** Enough hours that the slowest calls of some stand for all. */
const dayBefore = Array.from({ length: 12 }, (_, hour) => requests(now - (24 + hour) * 3_600_000, 3, 10 + hour))
const rows = [...requests(now, 90), ...requests(lastMonth, 10, 2), ...dayBefore.flat()]
// Some of many calls, over days.
for (const [index, row] of rows.entries()) row.session_id = index % 11 === 0 ? '' : `session-${(index * index) % 199}`

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', rows)
  await store(storage.db, 'gpu_samples', gpuSamples(now, 90))
  await store(storage.db, 'server_samples', serverSamples(now, 90))
  await storage.rollups.flush()
})
afterAll(() => storage?.stop())

const params = { from: new Date(now - 90 * 60_000), to: new Date(now) }

test('there are twenty, each with a title of its own', () => {
  expect(readyQuestions.length).toBe(20)
  expect(new Set(readyQuestions.map(({ title }) => title)).size).toBe(20)
})

test.each(readyQuestions.map(({ title, sql }) => [title, sql]))('%s', async (_, sql) => {
  const answer = await storage.reader.query<Record<string, unknown>>(sql, params)
  expect(answer.length).toBeGreaterThan(0)
  // Nothing that is always unknown: a column of nulls answers nothing.
  const columns = Object.keys(answer[0] ?? {})
  expect(
    columns
      .filter((column) => answer.every((row) => row[column] === null))
      .filter((name) => !/^(cache_savings_usd|queue_ms)$/.test(name)),
  ).toEqual([])
})

function readySql(wanted: string): string {
  const found = readyQuestions.find(({ title }) => title === wanted)
  if (!found) throw new Error(`there is no question ${wanted}`)
  return found.sql
}

const hour = 3_600_000
const ranges = [
  ['a few hours', 90 * 60_000],
  ['a day and a half', 40 * hour],
  ['three weeks', 22 * 24 * hour],
] as const

/** Those of a range that ends now, and its parameters. */
function rangeOf(length: number) {
  const from = now - length
  return {
    calls: rows.filter(({ timestamp }) => timestamp >= from * 1000 && timestamp < now * 1000),
    range: { from: new Date(from), to: new Date(now) },
  }
}

/** Of sorted numbers. */
const levelOf = (sorted: readonly number[], level: number) => sorted[Math.round((sorted.length - 1) * level)] ?? NaN
const ascending = (values: readonly (number | null)[]) =>
  values.flatMap((value) => value ?? []).toSorted((a, b) => a - b)

describe.each(ranges)('of %s', (_, length) => {
  const { calls, range } = rangeOf(length)

  test.each([
    ['Slowest calls', 'duration_ms'],
    ['Most expensive calls', 'cost_usd'],
  ] as const)('%s are those of all', async (title, measure) => {
    const answer = await storage.reader.query<Record<typeof measure, number> & { trace_id: string }>(
      readySql(title),
      range,
    )
    const highest = ascending(calls.map((call) => call[measure]))
      .toReversed()
      .slice(0, 50)
    expect(answer.map((row) => row[measure])).toEqual(highest.map((value) => expect.closeTo(value, 9)))
    for (const { trace_id, [measure]: value } of answer)
      expect(calls.find((call) => call.trace_id === trace_id)?.[measure]).toBeCloseTo(value, 9)
  })

  test('P95 TTFT by prompt length is that of the calls', async () => {
    const answer = await storage.reader.query<
      Record<'prompt_from_tokens' | 'requests' | 'ttft_p50_ms' | 'ttft_p95_ms', number>
    >(readySql('P95 TTFT by prompt length'), range)
    const told = calls.filter(({ ttft_ms, input_tokens }) => ttft_ms !== null && input_tokens !== null)
    const groups = Map.groupBy(told, ({ input_tokens }) => 2 ** Math.floor(Math.log2(input_tokens ?? NaN)))
    expect(answer.map(({ prompt_from_tokens }) => prompt_from_tokens)).toEqual(ascending([...groups.keys()]))
    for (const row of answer) {
      const times = ascending((groups.get(row.prompt_from_tokens) ?? []).map(({ ttft_ms }) => ttft_ms))
      expect(row.requests).toBe(times.length)
      if (times.length < 100) continue
      expect(row.ttft_p50_ms / levelOf(times, 0.5)).toBeCloseTo(1, 1)
      expect(row.ttft_p95_ms / levelOf(times, 0.95)).toBeCloseTo(1, 1)
    }
  })

  test('sessions with the most calls are those of all, with all of their calls', async () => {
    interface Session {
      session_id: string
      requests: number
      cost_usd: number | null
      first_call: string
      last_call: string
    }
    const answer = await storage.reader.query<Session>(readySql('Sessions with the most calls'), range)
    const sessions = Map.groupBy(
      calls.filter(({ session_id }) => session_id !== ''),
      ({ session_id }) => session_id,
    )
    const counts = ascending([...sessions.values()].map(({ length: count }) => count)).toReversed()
    expect(answer.map(({ requests }) => requests)).toEqual(counts.slice(0, 50))
    const micros = (time: string) =>
      Date.parse(`${time.slice(0, 19).replace(' ', 'T')}Z`) * 1000 + Number(time.slice(20))
    for (const { session_id, requests: count, ...row } of answer) {
      const own = sessions.get(session_id) ?? []
      const times = ascending(own.map(({ timestamp }) => timestamp))
      const costs = own.flatMap(({ cost_usd }) => cost_usd ?? [])
      expect(count).toBe(own.length)
      expect([micros(row.first_call), micros(row.last_call)]).toEqual([times[0], times.at(-1)])
      expect(row.cost_usd === null).toBe(costs.length === 0)
      expect(row.cost_usd ?? 0).toBeCloseTo(
        costs.reduce((sum, cost) => sum + cost, 0),
        6,
      )
    }
  })
})

test.each([
  ['minutes', 90 * 60_000, 5 * 60_000],
  ['days, by the hour', 22 * 24 * hour, hour],
])('the P95 of each model over %s is that of its calls', async (_, length, step) => {
  const { calls, range } = rangeOf(length)
  const answer = await storage.reader.query<{ time: string; model: string; duration_p95_ms: number }>(
    readySql('P95 latency of each model over time'),
    range,
  )
  const key = (model: string, at: number) =>
    `${model} ${new Date(Math.floor(at / step) * step).toISOString().slice(0, 19)}`
  const timed = calls.filter(({ duration_ms }) => duration_ms !== null)
  const groups = Map.groupBy(timed, ({ model, timestamp }) => key(model, timestamp / 1000))
  expect(answer.length).toBe(groups.size)
  for (const { time, model, duration_p95_ms } of answer) {
    const times = ascending(
      (groups.get(`${model} ${time.replace(' ', 'T')}`) ?? []).map(({ duration_ms }) => duration_ms),
    )
    expect(duration_p95_ms).toBeGreaterThanOrEqual((times[Math.floor(0.8 * (times.length - 1))] ?? NaN) * 0.999)
    expect(duration_p95_ms).toBeLessThanOrEqual((times.at(-1) ?? NaN) * 1.001)
  }
})

test('output tokens per second are those of the calls', async () => {
  const answer = await storage.reader.query<{
    model: string
    requests: number
    median_output_tokens_per_second: number
    slowest_5_percent_output_tokens_per_second: number
  }>(readySql('Output tokens per second of each model'), params)
  const since = Math.floor((now - 90 * 60_000) / hour) * hour * 1000
  const known = rows.filter(
    ({ timestamp, tpot_ms }) => timestamp >= since && timestamp < now * 1000 && tpot_ms !== null,
  )
  expect(answer.length).toBe(new Set(known.map(({ model }) => model)).size)
  for (const row of answer) {
    const speeds = known.filter(({ model }) => model === row.model).map(({ tpot_ms }) => 1000 / (tpot_ms ?? NaN))
    const sorted = speeds.toSorted((a, b) => a - b)
    const at = (level: number) => sorted[Math.round((sorted.length - 1) * level)] ?? NaN
    expect(row.requests).toBe(sorted.length)
    expect(row.median_output_tokens_per_second / at(0.5)).toBeCloseTo(1, 1)
    expect(row.slowest_5_percent_output_tokens_per_second / at(0.05)).toBeCloseTo(1, 1)
  }
})

test('spend per team is what the calls of last month cost', async () => {
  const answer = await storage.reader.query<{ team: string; cost_usd: number; requests: number }>(
    readySql('Spend per team last month'),
    params,
  )
  const old = rows.filter(({ timestamp }) => timestamp < Date.UTC(2026, 10, 1) * 1000)
  for (const { team, cost_usd, requests: count } of answer) {
    const calls = old.filter((row) => row.team === team)
    expect(count).toBe(calls.length)
    expect(cost_usd).toBeCloseTo(
      calls.reduce((total, call) => total + (call.cost_usd ?? 0), 0),
      6,
    )
  }
  expect(answer.length).toBe(new Set(old.map(({ team }) => team)).size)
})
