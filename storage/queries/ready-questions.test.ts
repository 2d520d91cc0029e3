import { afterAll, beforeAll, expect, test } from 'vitest'
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
for (const [index, row] of rows.entries()) row.session_id = `session-${index % 9}`

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

test.each([
  ['a few hours', 90 * 60_000],
  ['a day and a half', 40 * 3_600_000],
])('the slowest calls of %s are the slowest of all', async (_, length) => {
  const from = now - length
  const answer = await storage.reader.query<{ duration_ms: number; trace_id: string }>(readySql('Slowest calls'), {
    from: new Date(from),
    to: new Date(now),
  })
  const calls = rows.filter(({ timestamp }) => timestamp >= from * 1000 && timestamp < now * 1000)
  const slowest = calls.map(({ duration_ms }) => duration_ms ?? -1).toSorted((a, b) => b - a)
  expect(answer.map(({ duration_ms }) => duration_ms)).toEqual(slowest.slice(0, 50))
  for (const { trace_id, duration_ms } of answer)
    expect(calls.find((call) => call.trace_id === trace_id)?.duration_ms).toBe(duration_ms)
})

test('output tokens per second are those of the calls', async () => {
  const answer = await storage.reader.query<{
    model: string
    requests: number
    median_output_tokens_per_second: number
    slowest_5_percent_output_tokens_per_second: number
  }>(readySql('Output tokens per second of each model'), params)
  const hour = 3_600_000_000
  const since = Math.floor(((now - 90 * 60_000) * 1000) / hour) * hour
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
