/** The first fifty by a measure, over hours that a range cuts: those of a plain sort. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../storage/testing.ts'
import { requests } from '../test/dashboard/seed.ts'
import { store } from '../test/dashboard/store.ts'
import { expandMacros } from './macros.ts'
import { firstRows, within } from './sql.ts'

const now = Date.UTC(2026, 10, 21, 12, 20)
const hour = 3600
/** Enough hours that the highest of some stand for all. */
const rows = Array.from({ length: 18 }, (_, ago) => requests(now - ago * 4 * 3_600_000, 20, 10 + ago)).flat()

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', rows)
  await storage.rollups.flush()
})
afterAll(() => storage?.stop())

const to = now / 1000
test.each([
  ['cost_usd', 'cost_usd_max', to - 68 * hour - 1000, []],
  ['duration_ms', 'duration_ms_max', to - 68 * hour - 1000, []],
  ['duration_ms', 'duration_ms_max', to - 68 * hour - 1000, ['gpt-4o']],
  // Too few hours for a bound.
  ['cost_usd', 'cost_usd_max', to - 600, []],
] as const)('by %s with %s since %d of %j', async (order, highest, from, model) => {
  const sql = firstRows({
    select: `span_id, ${order} AS value`,
    where: within('model'),
    and: `${order} IS NOT NULL`,
    order,
    highest,
  })
  const expand = (text: string) =>
    expandMacros(text, { from, to, intervalSeconds: 60, variables: { model: [...model] } })
  const found = await storage.reader.query<{ value: number }>(expand(sql))
  const expected = rows
    .filter(({ timestamp }) => timestamp >= from * 1e6 && timestamp <= to * 1e6)
    .filter((row) => model.length === 0 || row.model === model[0])
    .flatMap((row) => row[order] ?? [])
    .toSorted((a, b) => b - a)
    .slice(0, 50)
  expect(found.map(({ value }) => value)).toEqual(expected.map((value) => expect.closeTo(value, 9)))
  const [, bound = ''] = />= (ifNull\(\([^]*?OFFSET 49\), 0\))\)/.exec(sql) ?? []
  const [reached] = await storage.reader.query<{ bound: number }>(expand(`SELECT ${bound} AS bound`))
  const isLong = to - from > hour && model.length === 0
  expect((reached?.bound ?? 0) > 0).toBe(isLong)
})
