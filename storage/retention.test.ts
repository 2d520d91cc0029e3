import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { emptyRequest } from '../records/llm-request.ts'
import type { Span } from '../records/span.ts'
import { retentionConfig } from './config.ts'
import { spanDetail } from './queries/trace.ts'
import { applyRetention } from './retention.ts'
import { RowBinaryWriter } from './rowbinary.ts'
import { tables, type Table } from './tables.ts'
import { testStorage } from './testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())

let tokens = 0
const trace_id = 'a'.repeat(32)
const timestamp = Date.now() * 1000
const request = {
  ...emptyRequest(),
  timestamp,
  trace_id,
  span_id: 'b'.repeat(16),
  model: 'gpt-4o',
  input: 'a question',
  output: 'an answer',
  input_tokens: 5,
  version: 1,
}
const span: Span = {
  timestamp,
  duration_ms: 5,
  trace_id,
  span_id: request.span_id,
  parent_span_id: '',
  name: 'chat',
  kind: 'client',
  service: 's',
  environment: '',
  scope_name: '',
  scope_version: '',
  status: 'ok',
  status_message: '',
  attributes: new Map([
    ['gen_ai.request.model', 'gpt-4o'],
    ['gen_ai.input.messages', 'a question'],
  ]),
  resource_attributes: new Map(),
  events: [
    { timestamp, name: 'gen_ai.user.message', attributes: new Map([['id', 'a question']]) },
    { timestamp, name: 'exception', attributes: new Map([['exception.type', 'Timeout']]) },
  ],
  links: [],
  version: 1,
}

async function store<Row>(table: Table<Row>, row: Row): Promise<void> {
  const writer = new RowBinaryWriter()
  table.encode(writer, row)
  const columns = table.columns.map((column) => column.name)
  await storage.db.insertRowBinary(table.name, columns, writer.take(), `retention-${tokens++}`)
}

const retain = (change: object) => applyRetention(storage.db, retentionConfig.parse(change), (text) => [text])
const rows = async (columns: string, table: string) =>
  storage.db.query(`SELECT ${columns} FROM ${table} WHERE trace_id = {trace_id:String}`, { trace_id })
const stored = async () => ({
  requests: await rows('model, input_tokens, input, output', 'requests'),
  parts: await rows('input, output', 'request_parts'),
  spans: await rows('attributes, content, event_names, event_attributes, event_content', 'spans'),
})
const rollup = () => storage.db.query('SELECT model, sum(requests) AS n FROM requests_1m GROUP BY model')

/** Tables that may stay for ever: why they do not grow with what is observed. */
const kept = {
  'written by people': ['annotations', 'silences', 'saved_queries', 'saved_views', 'imports', 'prices', 'repricings'],
  'one row per thing, the newest counts': [
    'alert_state',
    'alert_groups',
    'alert_leases',
    'alert_progress',
    'discovery',
    'provider_usage',
    'rollup_state',
  ],
  'changes only, and rows that hold still must stay': ['topology'],
  'of the schema itself': ['schema_migrations'],
}

test('every table forgets, or is known not to grow', async () => {
  const lasting = await storage.db.query<{ name: string }>(
    `SELECT name FROM system.tables
    WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND not match(engine_full, ' TTL ') ORDER BY name`,
  )
  expect(lasting.map(({ name }) => name)).toEqual(Object.values(kept).flat().toSorted())
})

test('content stands in columns of its own and is shown with the rest', async () => {
  await store(tables.requests, request)
  await store(tables.request_parts, request)
  await store(tables.spans, span)
  expect(await stored()).toEqual({
    requests: [{ model: 'gpt-4o', input_tokens: 5, input: 'a question', output: 'an answer' }],
    parts: [{ input: 'a question', output: 'an answer' }],
    spans: [
      {
        attributes: { 'gen_ai.request.model': 'gpt-4o' },
        content: { 'gen_ai.input.messages': 'a question' },
        event_names: ['gen_ai.user.message', 'exception'],
        event_attributes: [{}, { 'exception.type': 'Timeout' }],
        event_content: [{ id: 'a question' }, {}],
      },
    ],
  })
  const shown = await spanDetail(storage.reader, trace_id, span.span_id)
  expect(shown?.attributes).toEqual(Object.fromEntries(span.attributes))
})

test('types, codecs and comments of the columns stay, and nothing is changed twice', async () => {
  const columns = () =>
    storage.db.query(
      `SELECT table, name, type, comment, compression_codec FROM system.columns
      WHERE database = currentDatabase() AND table IN ('requests', 'request_parts', 'spans') ORDER BY table, name`,
    )
  const definitions = () =>
    storage.db.query<{ create_table_query: string; metadata_modification_time: string }>(
      `SELECT create_table_query, metadata_modification_time FROM system.tables
      WHERE database = currentDatabase() ORDER BY name`,
    )
  const [before, defined] = [await columns(), await definitions()]
  const spans = defined.find((row) => row.create_table_query.includes('event_content'))
  expect(spans?.create_table_query.match(/ TTL toDateTime\(inserted_at\) \+ toIntervalDay\(14\)/g)).toHaveLength(3)
  const commands = vi.spyOn(storage.db, 'command')
  await retain({})
  expect(commands).not.toHaveBeenCalled()
  await retain({ content_days: 3 })
  // Once for each table with content.
  expect(commands).toHaveBeenCalledTimes(5)
  commands.mockRestore()
  expect(await columns()).toEqual(before)
})

test('after content_days the row is still there, without what was said', async () => {
  await storage.rollups.flush()
  const counted = await rollup()
  expect(counted).toEqual([{ model: 'gpt-4o', n: 1 }])
  await retain({ content_days: 1 / 86_400 })
  // Stored parts too, and without anybody asking for a merge.
  await vi.waitFor(
    async () =>
      expect(await stored()).toEqual({
        requests: [{ model: 'gpt-4o', input_tokens: 5, input: '', output: '' }],
        parts: [{ input: '', output: '' }],
        spans: [
          {
            attributes: { 'gen_ai.request.model': 'gpt-4o' },
            content: {},
            event_names: ['gen_ai.user.message', 'exception'],
            event_attributes: [{}, { 'exception.type': 'Timeout' }],
            event_content: [],
          },
        ],
      }),
    { timeout: 60_000, interval: 200 },
  )
  await storage.rollups.flush()
  expect(await rollup()).toEqual(counted)
})

test('what comes later is emptied by merges', async () => {
  await store(tables.requests, { ...request, span_id: 'c'.repeat(16) })
  await vi.waitFor(
    async () => {
      await storage.db.command('OPTIMIZE TABLE requests FINAL')
      expect(await rows('input, output', 'requests')).toEqual([
        { input: '', output: '' },
        { input: '', output: '' },
      ])
    },
    { timeout: 60_000, interval: 300 },
  )
})
