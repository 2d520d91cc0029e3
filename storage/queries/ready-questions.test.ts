import { afterAll, beforeAll, expect, test } from 'vitest'
import { gpuSamples, serverSamples } from '../../test/dashboard/seed-fleet.ts'
import { requests } from '../../test/dashboard/seed.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { readyQuestions } from './ready-questions.ts'

const now = Date.UTC(2026, 10, 21, 12)
/** Three weeks ago is last month. */
const lastMonth = Date.UTC(2026, 9, 30, 12)
const rows = [...requests(now, 90), ...requests(lastMonth, 10, 2)]
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

test('spend per team is what the calls of last month cost', async () => {
  const sql = readyQuestions.find(({ title }) => title === 'Spend per team last month')?.sql ?? ''
  const answer = await storage.reader.query<{ team: string; cost_usd: number; requests: number }>(sql, params)
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
