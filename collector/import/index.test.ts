import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Storage } from '../../storage/index.ts'
import { testStorage } from '../../storage/testing.ts'
import { pricesConfig } from '../config.ts'
import { createPricer } from '../pricing.ts'
import { createRedactor } from '../redact.ts'
import { runImport, type ImportOptions } from './index.ts'
import { writeParquet } from './testing.ts'

const azure = fileURLToPath(new URL('../../../shared/data/AzureLLMInferenceTrace_code.csv', import.meta.url))
const azureMap = { timestamp: 'TIMESTAMP', input_tokens: 'ContextTokens', output_tokens: 'GeneratedTokens' }
const azureSet = { model: 'gpt-4o', provider: 'openai' }
const now = Date.UTC(2026, 5, 1, 12)

let storage: Storage
let directory: string
beforeAll(async () => {
  storage = await testStorage()
  directory = mkdtempSync(join(tmpdir(), 'inferwatch-import-test-'))
})
afterAll(async () => {
  await storage.stop()
  rmSync(directory, { recursive: true, force: true })
})
beforeEach(async () => {
  await storage.db.command('TRUNCATE TABLE requests')
  await storage.db.command('TRUNCATE TABLE imports')
})

const put = (name: string, content: string | Uint8Array) => {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

function load(file: string, options: Partial<ImportOptions> = {}, at = now) {
  const pricer = createPricer(pricesConfig.parse({}))
  return runImport({ file, ...options }, { db: storage.db, pricer, redactor: createRedactor('full'), now: () => at })
}

const requests = (columns: string) =>
  storage.db.query<Record<string, unknown>>(`SELECT ${columns} FROM requests ORDER BY timestamp, span_id`)

const totals = async () => {
  const [row] = await storage.db.query<Record<string, unknown>>(`
    SELECT toFloat64(count()) AS requests, toFloat64(sum(input_tokens)) AS input, toFloat64(sum(output_tokens)) AS output,
      quantileExact(0.5)(input_tokens) AS input_p50, quantileExact(0.5)(output_tokens) AS output_p50,
      toFloat64(sum(cost_usd)) AS cost, toFloat64(countIf(duration_ms IS NULL)) AS without_duration,
      toString(min(timestamp)) AS first, toString(max(timestamp)) AS last
    FROM requests`)
  return row
}

test.skipIf(!existsSync(azure))('the Azure code trace comes out exactly, and a second time adds nothing', async () => {
  const options = { map: azureMap, set: azureSet, rejects: join(directory, 'azure.rejected.jsonl') }
  const first = await load(azure, options)
  expect(first).toMatchObject({
    rows_read: 8819,
    imported: 8819,
    existing: 0,
    rejected: 0,
    unpriced: 0,
    rejects_file: null,
  })
  const expected = {
    requests: 8819,
    input: 18_059_974,
    output: 245_896,
    input_p50: 1469,
    output_p50: 13,
    without_duration: 8819,
    first: '2023-11-16 18:17:03.979960',
  }
  expect(await totals()).toMatchObject(expected)
  // 2.50 and 10.00 USD a million tokens.
  expect((await totals())?.['cost']).toBeCloseTo((18_059_974 * 2.5 + 245_896 * 10) / 1e6, 6)
  expect(first.cost_usd).toBeCloseTo((18_059_974 * 2.5 + 245_896 * 10) / 1e6, 6)

  const second = await load(azure, options, now + 60_000)
  expect(second).toMatchObject({ rows_read: 8819, imported: 0, existing: 8819 })
  expect(await totals()).toMatchObject(expected)

  await storage.db.command('OPTIMIZE TABLE requests FINAL')
  expect(await totals()).toMatchObject(expected)
})

test('duplicate lines are both kept, and a longer file adds only what is new', async () => {
  const file = put(
    'log.csv',
    'timestamp,model,input_tokens\n2024-01-01 00:00:00,gpt-4o,5\n2024-01-01 00:00:00,gpt-4o,5\n',
  )
  expect(await load(file)).toMatchObject({ imported: 2, existing: 0 })
  appendFileSync(file, '2024-01-01 00:00:00,gpt-4o,5\n2024-01-01 00:00:01,gpt-4o,5\n')
  expect(await load(file)).toMatchObject({ rows_read: 4, imported: 2, existing: 2 })
  expect(await totals()).toMatchObject({ requests: 4, input: 20 })
})

test('--shift-to now: the last row lands now, and lands there again', async () => {
  const file = put(
    'old.csv',
    'timestamp,input_tokens\n2023-11-16 18:00:00,1\n2023-11-16 18:30:00.5,2\n2023-11-16 18:10:00,3\n',
  )
  expect(await load(file, { shift_to: 'now' })).toMatchObject({ imported: 3, existing: 0, to: now * 1000 })
  const shifted = { first: '2026-06-01 11:29:59.500000', last: '2026-06-01 12:00:00.000000', requests: 3 }
  expect(await totals()).toMatchObject(shifted)
  const hour = 3_600_000
  expect(await load(file, { shift_to: 'now' }, now + hour)).toMatchObject({ imported: 0, existing: 3 })
  expect(await totals()).toMatchObject(shifted)
  // What was appended since goes by the same clock.
  appendFileSync(file, '2023-11-16 18:40:00.5,4\n')
  expect(await load(file, { shift_to: 'now' }, now + hour)).toMatchObject({ imported: 1, existing: 3 })
  expect(await totals()).toMatchObject({ ...shifted, last: '2026-06-01 12:10:00.000000', requests: 4 })
})

test('bad lines go to the rejects file with line and reason; the rest goes in', async () => {
  const lines = [
    'when,in,out,extra',
    '2024-01-01T00:00:00Z,10,1,a',
    'yesterday,10,1,a',
    ',10,1,a',
    '2024-01-01T00:00:01Z,-1,1,a',
    '2024-01-01T00:00:02Z,1.5,1,a',
    '2024-01-01T00:00:03Z,5000000000,1,a',
    '2024-01-01T00:00:04Z,many,1,a',
    '2024-01-01T00:00:05Z,10,1',
    '2031-01-01T00:00:05Z,10,1,a',
    '1970-01-01T00:00:05Z,10,1,a',
    '2024-01-01T00:00:06Z,20.0,,',
    '2024-01-01T00:00:07Z,"30,1,a',
  ]
  const rejects = join(directory, 'bad.jsonl')
  const summary = await load(put('bad.csv', lines.join('\n')), {
    map: { timestamp: 'when', input_tokens: 'in', output_tokens: 'out' },
    rejects,
  })
  expect(summary).toMatchObject({ rows_read: 12, imported: 2, rejected: 10, rejects_file: rejects, unpriced: 2 })
  const written = readFileSync(rejects, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(written.map(({ line, reason }) => [line, reason])).toEqual([
    [3, 'timestamp_invalid'],
    [4, 'timestamp_missing'],
    [5, 'input_tokens_negative'],
    [6, 'input_tokens_not_an_integer'],
    [7, 'input_tokens_too_large'],
    [8, 'input_tokens_not_a_number'],
    [9, 'column_count'],
    [10, 'timestamp_in_future'],
    [11, 'timestamp_out_of_range'],
    [13, 'unclosed_quote'],
  ])
  expect(written[0]).toEqual({
    line: 3,
    reason: 'timestamp_invalid',
    message: 'timestamp "yesterday" is not a time',
    row: 'yesterday,10,1,a',
  })
  expect(await requests('input_tokens, output_tokens, cost_usd, cost_source, attributes')).toEqual([
    { input_tokens: 10, output_tokens: 1, cost_usd: null, cost_source: 'unknown', attributes: { extra: 'a' } },
    { input_tokens: 20, output_tokens: null, cost_usd: null, cost_source: 'unknown', attributes: {} },
  ])
})

test('JSON lines with our own names fill the fields of these names', async () => {
  const row = {
    timestamp: 1_704_067_200_123,
    trace_id: '4BF92F35-77B3-4DA6-A3CE-929D0E0E4736',
    span_id: '00f067aa0ba902b7',
    duration_ms: 2000,
    ttft_ms: 500,
    streamed: true,
    model: 'gpt-4o-mini',
    provider: 'openai',
    input_tokens: 1000,
    cached_input_tokens: 400,
    output_tokens: 16,
    http_status: 429,
    cost_usd: 0.5,
    user_id: 123_456_789_012_345_680n,
    attributes: { tier: 'gold', depth: 2 },
    colour: 'red',
  }
  const text = JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  await load(put('own.jsonl.gz', gzipSync(`${text}\n{"timestamp":"2024-01-02","model":"gpt-4o"}\n`)))
  const [first, second] = await requests('*')
  expect(first).toMatchObject({
    timestamp: '2024-01-01 00:00:00.123000',
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
    span_id: '00f067aa0ba902b7',
    duration_ms: 2000,
    ttft_ms: 500,
    tpot_ms: 100,
    streamed: true,
    model: 'gpt-4o-mini',
    requested_model: 'gpt-4o-mini',
    input_tokens: 1000,
    cached_input_tokens: 400,
    status: 'rate_limited',
    http_status: 429,
    user_id: '123456789012345680',
    dialect: 'import',
    attributes: { tier: 'gold', depth: '2', colour: 'red' },
  })
  expect(Number(first?.['reported_cost_usd'])).toBe(0.5)
  expect(second).toMatchObject({ duration_ms: null, ttft_ms: null, input_tokens: null, status: 'ok' })
})

test('Parquet, in a time zone', async () => {
  const path = join(directory, 'rows.parquet')
  writeParquet(
    path,
    `SELECT '2024-07-01 12:00:00' AS local, toDateTime64('2024-07-01 12:00:00', 6, 'UTC') AS utc, number::UInt32 AS tokens FROM numbers(3)`,
  )
  const options = { map: { timestamp: 'local', input_tokens: 'tokens' }, timezone: 'Europe/Berlin' }
  expect(await load(path, options)).toMatchObject({ imported: 3, input_tokens: 3 })
  expect(await totals()).toMatchObject({ first: '2024-07-01 10:00:00.000000', input: 3 })
  await load(path, { ...options, map: { timestamp: 'utc', input_tokens: 'tokens' } })
  expect(await totals()).toMatchObject({ last: '2024-07-01 12:00:00.000000', requests: 6 })
})

test.each<[string, Partial<ImportOptions>, RegExp]>([
  ['an unknown field', { map: { tokens: 'a' } }, /--map: no field "tokens"; there are timestamp, .*input_tokens/],
  ['an unknown column', { map: { timestamp: 'when' } }, /no column "when"; it has "a", "b"/],
  ['no time', {}, /nothing gives the time; add --map timestamp=<column>, one of "a", "b"/],
  ['mapped and set', { map: { model: 'a' }, set: { model: 'x' } }, /model is both mapped and set/],
  ['an unknown zone', { timezone: 'Mars' }, /no zone "Mars"/],
])('%s is one clear line', async (_, options, message) => {
  await expect(load(put('ab.csv', 'a,b\n1,2\n'), options)).rejects.toThrow(message)
})

test('old rows outlive the retention of requests: it counts from when they were stored', async () => {
  const file = put('2023.csv', 'timestamp,input_tokens\n2023-01-01 00:00:00,1\n')
  await load(file)
  const [table] = await storage.db.query<{ engine: string }>(
    "SELECT engine_full AS engine FROM system.tables WHERE database = currentDatabase() AND name = 'requests'",
  )
  expect(table?.engine).toMatch(/TTL .*inserted_at/)
  await storage.db.command('ALTER TABLE requests MATERIALIZE TTL')
  await storage.db.command('OPTIMIZE TABLE requests FINAL')
  expect(await totals()).toMatchObject({ requests: 1, first: '2023-01-01 00:00:00.000000' })
})

test('200,000 rows: several blocks add up', async () => {
  const lines = Array.from({ length: 200_000 }, (_, at) => `${1_700_000_000 + at},${at % 5000},${at % 300}`)
  const file = put('large.csv', `t,i,o\n${lines.join('\n')}\n`)
  lines.length = 0
  const summary = await load(file, { map: { timestamp: 't', input_tokens: 'i', output_tokens: 'o' }, set: azureSet })
  expect(summary).toMatchObject({ rows_read: 200_000, imported: 200_000, existing: 0, rejected: 0, unpriced: 0 })
  expect(await totals()).toMatchObject({ requests: 200_000, input: 499_900_000, output: 29_890_000 })
})
