/** What the settings page asks of storage, against a plain recount of raw rows. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import { store } from '../../test/dashboard/store.ts'
import { retentionConfig } from '../config.ts'
import { diskUsage } from '../disk-usage.ts'
import { testStorage } from '../testing.ts'
import { endpointUse } from './endpoint-use.ts'
import { keyUse } from './key-use.ts'
import { priceUse, type PriceUse } from './price-use.ts'
import { storedTables } from './stored-tables.ts'

const hour = 3_600_000
const day = 24 * hour
/** Before anything was stored. */
const before = Date.now() - 1000
const now = Math.floor(before / hour) * hour
let id = 0
const request = (age_ms: number, parts: Partial<LlmRequest> = {}): LlmRequest => ({
  ...emptyRequest(),
  timestamp: (now - age_ms) * 1000,
  trace_id: `trace-${++id}`,
  span_id: 's',
  provider: 'openai',
  model: 'gpt-4o',
  endpoint: 'openai',
  environment: 'production',
  input_tokens: 100,
  output_tokens: 10,
  cost_usd: 0.5,
  version: 1,
  ...parts,
})
const unknown = { provider: 'vllm', model: 'house', endpoint: 'llama', cost_usd: null, environment: 'test' }
const rows = [
  request(hour),
  request(2 * day, { model: 'gpt-4o-mini' }),
  request(1.5 * hour, unknown),
  request(3 * hour, { ...unknown, input_tokens: 7, output_tokens: null }),
  request(5 * day, { ...unknown, api_key: 'old' }),
  // Shares its hour and all dimensions with the one of the first line.
  request(hour - 1, { cost_usd: null, input_tokens: 40 }),
  request(4 * hour, {
    provider: '',
    model: 'mute',
    endpoint: '',
    cost_usd: null,
    input_tokens: null,
    output_tokens: null,
  }),
  request(6 * hour, { api_key: 'search' }),
  request(30 * hour, { api_key: 'search' }),
]

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', rows)
  await storage.rollups.flush()
})
afterAll(() => storage?.stop())

function recount(from: number): PriceUse[] {
  const groups = Map.groupBy(
    rows.filter(({ timestamp }) => timestamp / 1000 >= from),
    ({ provider, model }) => `${provider}\n${model}`,
  )
  const sum = (all: LlmRequest[], of: 'input_tokens' | 'output_tokens' | 'cost_usd') => {
    const known = all.map((row) => row[of]).filter((value) => value !== null)
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
  }
  return [...groups.values()].map((all) => {
    const without = all.filter(({ cost_usd }) => cost_usd === null)
    return {
      provider: all[0]?.provider ?? '',
      model: all[0]?.model ?? '',
      requests: all.length,
      unpriced: without.length,
      unpriced_input_tokens: sum(without, 'input_tokens'),
      unpriced_output_tokens: sum(without, 'output_tokens'),
      more_tokens: false,
      cost_usd: sum(all, 'cost_usd'),
    }
  })
}
const byModel = (a: PriceUse, b: PriceUse) => (a.model < b.model ? -1 : 1)

test('what has no known cost, out of raw rows', async () => {
  const range = { from: now + 1 - day, to: now + 1 }
  const { source, models } = await priceUse(storage.reader, range)
  expect(source).toBe('raw')
  expect(models.toSorted(byModel)).toEqual(recount(range.from).toSorted(byModel))
  expect(models[0]).toMatchObject({ model: 'house', unpriced: 2 })
  expect(models.find(({ model }) => model === 'mute')).toMatchObject({ unpriced_input_tokens: null, cost_usd: null })
})

test('out of rollups counts are the same, and tokens those of buckets without any known cost', async () => {
  const range = { from: now - 7 * day, to: now + 1 }
  const { source, from, models } = await priceUse(storage.reader, range)
  expect(source).not.toBe('raw')
  const counts = ({ model, requests, unpriced, cost_usd }: PriceUse) => ({ model, requests, unpriced, cost_usd })
  const plain = recount(from)
  expect(models.toSorted(byModel).map(counts)).toEqual(plain.toSorted(byModel).map(counts))
  const of = (model: string) => models.find((one) => one.model === model)
  expect(of('house')).toEqual(plain.find(({ model }) => model === 'house'))
  expect(of('gpt-4o')).toMatchObject({ unpriced: 1, more_tokens: true })
  expect(of('gpt-4o-mini')).toMatchObject({ unpriced: 0, more_tokens: false })
})

test('who was called, and when last', async () => {
  const range = { from: now - 7 * day, to: now + 1 }
  const { endpoints } = await endpointUse(storage.reader, range)
  expect(endpoints.map(({ endpoint, requests }) => [endpoint, requests])).toEqual([
    ['openai', 5],
    ['llama', 3],
    ['', 1],
  ])
  expect(endpoints[1]).toMatchObject({
    environments: ['test'],
    providers: ['vllm'],
    models: ['house'],
    last_ms: now - 1.5 * hour,
    last_hour: false,
  })
})

test('when each key was last seen: exactly within a day, to the day before that', async () => {
  const uses = await keyUse(storage.reader, { from: now - 30 * day, to: now + 1 })
  const start = (at: number) => Math.floor(at / day) * day
  expect(uses).toEqual([
    { api_key: 'old', last_ms: start(now - 5 * day), last_day: true, requests: 0 },
    { api_key: 'search', last_ms: now - 6 * hour, last_day: false, requests: 1 },
  ])
})

test('what tables take up, and what goes within a day', async () => {
  const retention = retentionConfig.parse({ requests_days: 1, content_days: 0.5 })
  const tables = await storedTables(storage.db, retention, Date.now() + 1000)
  const table = (name: string) => tables.find((one) => one.name === name)
  const [counted] = await storage.db.query<{ bytes: number }>(
    "select sum(bytes_on_disk) as bytes from system.parts where database = currentDatabase() and active and table = 'requests'",
  )
  expect(table('requests')).toMatchObject({
    key: 'retention.requests_days',
    days: 1,
    content_days: 0.5,
    rows: rows.length,
    bytes: counted?.bytes,
    leaving_rows: rows.length,
  })
  expect(table('requests')?.oldest_ms).toBeGreaterThan(before)
  expect(table('requests_1h')).toMatchObject({ key: 'retention.rollups_days', days: 730, leaving_rows: 0 })
  expect(table('spans')).toMatchObject({ rows: 0, bytes: 0, oldest_ms: null, leaving_rows: 0 })
  expect(table('schema_migrations')).toMatchObject({ key: null, days: null, oldest_ms: null, leaving_rows: null })
  // Each is named once, and each that is there.
  const all = await storage.db.query<{ name: string }>(
    "select name from system.tables where database = currentDatabase() and engine like '%MergeTree' and total_rows > 0",
  )
  expect(new Set(tables.map(({ name }) => name)).size).toBe(tables.length)
  expect(all.filter(({ name }) => !table(name))).toEqual([])
})

test('what a directory takes up', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'inferwatch-disk-'))
  mkdirSync(join(directory, 'spool', 'requests'), { recursive: true })
  writeFileSync(join(directory, 'spool', 'requests', 'a'), 'x'.repeat(1000))
  writeFileSync(join(directory, 'run.json'), '{}')
  const usage = await diskUsage(directory)
  expect(usage).toMatchObject({
    bytes: 1002,
    parts: [
      { name: 'spool', bytes: 1000 },
      { name: 'run.json', bytes: 2 },
    ],
  })
  expect(usage.free_bytes).toBeGreaterThan(0)
  rmSync(directory, { recursive: true })
})
