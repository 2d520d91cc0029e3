import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'
import type { Db } from '../storage/client.ts'
import { costExplanation } from '../storage/queries/cost.ts'
import { compareRollups } from '../storage/rollup-check.ts'
import { testStorage } from '../storage/testing.ts'
import { store } from '../test/dashboard/store.ts'
import { pricesConfig } from './config.ts'
import { createCatalogue } from './price-catalogue.ts'
import { createPricer } from './pricing.ts'
import { reprice, type RepriceOptions } from './reprice.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())

beforeEach(async () => {
  const all = await storage.db.query<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND match(name, '_\\d[mhdw]$|^(requests|prices|repricings|annotations)$')",
  )
  const empty = async () => {
    for (const { name } of all) await storage.db.command(`TRUNCATE TABLE ${name}`)
  }
  await empty()
  // What a pass of the background wrote meanwhile is of the test before.
  await storage.rollups.flush()
  await empty()
})

const start = Date.UTC(2026, 10, 16, 10)
const scope = { from: start, to: start + 3 * 3_600_000 }
const catalogues = [createCatalogue()]
const list = pricesConfig.parse({})
const contract = pricesConfig.parse({
  overrides: [{ name: 'contract', model: 'gpt-4o', input_usd: 1, output_usd: 3, cached_input_usd: 0.1 }],
})

function request(id: number, parts: Partial<LlmRequest> = {}): LlmRequest {
  const made: LlmRequest = {
    ...emptyRequest(),
    timestamp: (start + ((id * 7_919) % 10_800) * 1000) * 1000 + (id % 1000),
    trace_id: `trace-${id}`,
    span_id: `span-${id}`,
    provider: 'openai',
    model: id % 3 === 0 ? 'gpt-4o' : 'gpt-4o-mini',
    requested_model: 'gpt-4o',
    input_tokens: id % 11 === 0 ? null : 100 + id,
    cached_input_tokens: id % 2 === 0 ? id % 90 : null,
    output_tokens: 7 * (id % 50),
    input: `prompt ${id}\n\nwith a blank line`,
    output: `answer ${id}`,
    attributes: new Map([['key', `value ${id}`]]),
    merged_span_ids: [`span-${id}`, 'other'],
    duration_ms: id / 4,
    version: 1000 + id,
    ...parts,
  }
  createPricer(list, { catalogues })(made)
  return made
}

const run = (options: Partial<RepriceOptions> = {}) =>
  reprice({ db: storage.db, prices: contract, catalogues, scope, ...options })

const everything = () =>
  storage.db.query<Record<string, unknown>>('SELECT * EXCEPT inserted_at FROM requests ORDER BY timestamp, trace_id')
const decided = 'cost_usd input_cost_usd output_cost_usd cache_savings_usd cost_source price_id price_version'.split(
  ' ',
)
const without = (rows: Record<string, unknown>[], names: readonly string[]) =>
  rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name))))

async function expectRollupsEqual(): Promise<void> {
  await storage.rollups.flush()
  for (const { table, stored, recount } of await compareRollups(storage.db)) {
    expect({ [table]: stored }).toEqual({ [table]: recount })
  }
}

const costSum = async (from: string) => {
  const [row] = await storage.db.query<{ sum: string }>(`SELECT toString(sum(cost_usd)) AS sum FROM ${from}`)
  return row?.sum
}

test('costs follow the prices of now, all else stays, rollups follow; a second run changes nothing', async () => {
  const requests = Array.from({ length: 240 }, (_, id) => request(id))
  await store(storage.db, 'requests', requests)
  await store(storage.db, 'requests', [request(9_000, { timestamp: (scope.to + 1) * 1000, model: 'gpt-4o' })])
  await storage.rollups.flush()
  const [before, sumBefore] = [await everything(), await costSum('requests')]

  const dry = await run({ dryRun: true, pageRows: 60 })
  expect(await everything()).toEqual(before)
  expect(await storage.db.query('SELECT * FROM repricings')).toEqual([])

  const summary = await run({ pageRows: 60 })
  expect(summary).toMatchObject({ rows: 240, changed: dry.changed, cost_after: dry.cost_after })
  const expected = requests.map((row) => structuredClone(row))
  for (const row of expected) createPricer(contract, { catalogues })(row)
  const byTrace = new Map(expected.map((row) => [row.trace_id, row]))

  const after = await everything()
  expect(without(after, [...decided, 'version'])).toEqual(without(before, [...decided, 'version']))
  const mine = after.filter(({ trace_id }) => byTrace.has(String(trace_id)))
  const wanted = mine.map((row) => byTrace.get(String(row['trace_id'])))
  expect(mine).toHaveLength(240)
  expect(mine.map((row) => decided.map((name) => row[name]))).toEqual(
    wanted.map((row) => decided.map((name) => row?.[name as keyof LlmRequest])),
  )
  expect(after.filter((row, at) => row['version'] !== before[at]?.['version'])).toHaveLength(summary.changed)
  expect(summary.changed).toBe(expected.filter(({ price_id }) => price_id === 'override/contract').length)
  expect(await costSum('requests')).not.toBe(sumBefore)
  await expectRollupsEqual()
  expect(await costSum('requests_1h')).toBe(await costSum('requests'))

  const again = await run()
  expect(again).toMatchObject({
    rows: 240,
    changed: 0,
    cost_before: summary.cost_after,
    cost_after: summary.cost_after,
  })
  expect(await everything()).toEqual(after)
  expect(await storage.db.query('SELECT count() AS n FROM repriced_costs')).toEqual([{ n: 0 }])
})

test('the run is recorded, and marked on time lines', async () => {
  await store(storage.db, 'requests', [
    request(3, { input_tokens: 1000, cached_input_tokens: null, output_tokens: 1000 }),
  ])
  const { id } = await run({ scope: { ...scope, model: 'gpt-4o', provider: 'openai' } })
  const [recorded] = await storage.db.query(
    'SELECT * EXCEPT (cost_before, cost_after), toString(cost_before) AS b, toString(cost_after) AS a FROM repricings',
  )
  expect(recorded).toMatchObject({
    id,
    rows: 1,
    changed: 1,
    b: '0.0125',
    a: '0.004',
    model: 'gpt-4o',
    provider: 'openai',
    since: '2026-11-16 10:00:00.000',
    price_version: 'config, genai-prices@0.1.8',
    finished_at: expect.any(String),
  })
  expect(await storage.db.query('SELECT kind, text, labels FROM annotations')).toEqual([
    { kind: 'price', text: '1 of 1 request: $0.0125 → $0.004', labels: { model: 'gpt-4o', provider: 'openai' } },
  ])
})

test('only what is asked for: model, provider, time; nothing that was taken back or costs hours of GPUs', async () => {
  const at = (ms: number) => ms * 1000
  await store(storage.db, 'requests', [
    request(3, { timestamp: at(scope.from) }),
    request(6, { timestamp: at(scope.to) }),
    request(9, { timestamp: at(scope.from) - 1 }),
    request(12, { provider: 'azure.ai.openai' }),
    request(1),
    { ...request(15), version: 9_999, is_deleted: true },
    { ...request(18), cost_source: 'gpu', cost_usd: 5 },
  ])
  const summary = await run({ scope: { ...scope, model: 'gpt-4o', provider: 'openai' } })
  expect(summary).toMatchObject({ rows: 1, changed: 1 })
  const found = await storage.db.query("SELECT trace_id FROM requests WHERE price_id = 'override/contract'")
  expect(found).toEqual([{ trace_id: 'trace-3' }])
})

test('a row that is corrected meanwhile keeps the correction, before and after the new cost', async () => {
  const [first, second] = [request(3), request(6)]
  await store(storage.db, 'requests', [first, second])
  const correction = (row: LlmRequest, version: number) => ({ ...row, output_tokens: 77, user_id: 'late', version })
  let inserts = 0
  // Comes in after the page was read and before its costs are written.
  const racing = Object.create(storage.db, {
    command: {
      value: async (...[sql, params]: Parameters<Db['command']>) => {
        if (sql.startsWith('INSERT INTO requests') && inserts++ === 0)
          await store(storage.db, 'requests', [correction(first, first.version + 1)])
        await storage.db.command(sql, params)
      },
    },
  }) as Db
  await run({ db: racing })
  await store(storage.db, 'requests', [correction(second, second.version + 1_000)])
  const rows = await storage.db.query(
    'SELECT trace_id, output_tokens, user_id, version FROM requests ORDER BY trace_id',
  )
  expect(rows).toEqual([
    { trace_id: 'trace-3', output_tokens: 77, user_id: 'late', version: first.version + 1 },
    { trace_id: 'trace-6', output_tokens: 77, user_id: 'late', version: second.version + 1_000 },
  ])
  await expectRollupsEqual()
})

test('the prices are kept: each cost can be explained, after they changed too', async () => {
  const requests = Array.from({ length: 60 }, (_, id) => request(id, { service_tier: id % 4 === 0 ? 'batch' : '' }))
  await store(storage.db, 'requests', requests)
  const before = await costExplanation(storage.db, 'trace-3', 'span-3')
  expect(before).toMatchObject({ matches: null, price: null, reason: expect.stringContaining('reprice') })

  await run({ prices: list })
  await run({ prices: contract, scope: { ...scope, model: 'gpt-4o' } })
  for (const { trace_id, span_id } of requests) {
    const explained = await costExplanation(storage.db, trace_id, span_id)
    const whole = explained?.request.cost_source === 'catalogue'
    expect(explained).toMatchObject({ matches: true, ...(whole && { sum_usd: explained.request.cost_usd }) })
  }
})
