import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'
import { emptyServerSample, type MissingMeasure, type ServerSample } from '../records/server-sample.ts'
import type { Span } from '../records/span.ts'
import { RowBinaryWriter } from './rowbinary.ts'
import { tableNames, tables, type Table } from './tables.ts'
import { testStorage } from './testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())

const micros = Date.UTC(2026, 10, 21, 10, 0, 0) * 1000 + 123_456
let tokens = 0

/** Stores rows the way the collector does. */
async function store<Row>(table: Table<Row>, rows: Row[]): Promise<void> {
  const writer = new RowBinaryWriter(16)
  for (const row of rows) table.encode(writer, row)
  await storage.db.insertRowBinary(
    table.name,
    table.columns.map((column) => column.name),
    writer.take(),
    `tables-${tokens++}`,
  )
}

test('every encoded column is in the database with the same type, and the other way round', async () => {
  for (const table of Object.values(tables)) {
    const found = await storage.db.query<{ name: string; type: string }>(
      'SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String} ORDER BY name',
      { table: table.name },
    )
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
    const expected = [...table.columns, { name: 'inserted_at', type: "DateTime64(3, 'UTC')" }].toSorted(byName)
    expect({ [table.name]: found.toSorted(byName) }).toEqual({ [table.name]: expected })
  }
})

test('every table that code names exists, and every table and column has a comment', async () => {
  const named = await storage.db.query<{ name: string; comment: string }>(
    'SELECT name, comment FROM system.tables WHERE database = currentDatabase()',
  )
  const names = new Set(named.map(({ name }) => name))
  expect(tableNames.filter((name) => !names.has(name))).toEqual([])
  expect(named.filter(({ comment }) => comment.length < 10)).toEqual([])
  const silent = await storage.db.query(
    "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND comment = ''",
  )
  expect(silent).toEqual([])
})

test('a request comes back as it was encoded, field by field', async () => {
  const strings = Object.entries(emptyRequest()).filter(([, value]) => value === '')
  const request: LlmRequest = {
    ...emptyRequest(),
    // Each text field its own value: two that were swapped would show.
    ...(Object.fromEntries(strings.map(([name]) => [name, `${name} é🙂`])) as Partial<LlmRequest>),
    timestamp: micros,
    duration_ms: 1234.5,
    ttft_ms: 0.25,
    streamed: true,
    http_status: 429,
    input_tokens: 4_294_967_295,
    output_tokens: 0,
    max_tokens: 4_294_967_296,
    context_window: -1,
    attempt: 3,
    cache_hit: true,
    status: 'rate_limited',
    cost_source: 'catalogue',
    cost_usd: 0.000_000_000_001,
    input_cost_usd: 123_456.125,
    cache_savings_usd: -0.5,
    reported_cost_usd: 1e9,
    attributes: new Map([['__proto__', 'x\n\ny']]),
    version: Number.MAX_SAFE_INTEGER,
  }
  await store(tables.requests, [request])
  const [row] = await storage.db.query<Record<string, unknown>>(
    `SELECT * EXCEPT (inserted_at), toString(timestamp) AS time_text, toString(cost_usd) AS cost_text,
      toString(input_cost_usd) AS input_cost_text, toString(version) AS version_text, attributes['__proto__'] AS attribute
    FROM requests WHERE version = 9007199254740991`,
  )
  expect(row).toMatchObject({
    ...Object.fromEntries(strings.map(([name]) => [name, `${name} é🙂`])),
    time_text: '2026-11-21 10:00:00.123456',
    duration_ms: 1234.5,
    ttft_ms: 0.25,
    tpot_ms: null,
    streamed: true,
    http_status: 429,
    input_tokens: 4_294_967_295,
    output_tokens: 0,
    cached_input_tokens: null,
    max_tokens: null,
    context_window: null,
    attempt: 3,
    cache_hit: true,
    status: 'rate_limited',
    cost_source: 'catalogue',
    cost_text: '0.000000000001',
    input_cost_text: '123456.125',
    cache_savings_usd: -0.5,
    reported_cost_usd: null,
    version_text: '9007199254740991',
    attribute: 'x\n\ny',
  })
})

test('a span keeps its attributes, events and links', async () => {
  const span: Span = {
    timestamp: micros,
    duration_ms: 5,
    trace_id: 'a'.repeat(32),
    span_id: 'b'.repeat(16),
    parent_span_id: '',
    name: 'chat',
    kind: 'client',
    service: 's',
    environment: 'e',
    scope_name: 'n',
    scope_version: 'v',
    status: 'error',
    status_message: 'no',
    attributes: new Map<string, Span['attributes'] extends Map<string, infer V> ? V : never>([
      ['text', 'x'.repeat(20_000)],
      ['int', 7],
      ['big', 2n ** 63n],
      ['yes', true],
      ['nothing', null],
      ['bytes', new Uint8Array([1, 2, 255])],
      ['list', ['a', { deep: [1n, new Uint8Array([0])] }]],
    ]),
    resource_attributes: new Map([['service.name', 's']]),
    events: [
      { timestamp: micros + 1, name: 'first', attributes: new Map() },
      { timestamp: micros + 2, name: 'second', attributes: new Map([['k', 'v']]) },
    ],
    links: [{ trace_id: 'c'.repeat(32), span_id: 'd'.repeat(16) }],
    version: 1,
  }
  await store(tables.spans, [span, { ...span, span_id: 'e'.repeat(16), events: [], links: [], attributes: new Map() }])
  const rows = await storage.db.query<Record<string, unknown>>('SELECT * FROM spans ORDER BY span_id')
  expect(rows[0]).toMatchObject({
    attributes: {
      text: 'x'.repeat(20_000),
      int: '7',
      big: '9223372036854775808',
      yes: 'true',
      nothing: '',
      bytes: 'AQL/',
      list: '["a",{"deep":["1","AA=="]}]',
    },
    event_timestamps: ['2026-11-21 10:00:00.123457', '2026-11-21 10:00:00.123458'],
    event_names: ['first', 'second'],
    event_attributes: [{}, { k: 'v' }],
    link_trace_ids: ['c'.repeat(32)],
    link_span_ids: ['d'.repeat(16)],
  })
  expect(rows[1]).toMatchObject({ span_id: 'e'.repeat(16), attributes: {}, event_names: [], link_span_ids: [] })
})

test('samples keep histograms, counts and nulls', async () => {
  const sample: ServerSample = {
    ...emptyServerSample(),
    timestamp: micros,
    server: 'vllm',
    role: 'gateway',
    instance: 'a:8000',
    model: 'llama',
    running: 2,
    waiting: 0,
    kv_cache_ratio: 0.5,
    draft_tokens: 7,
    lora_adapters: ['sql', 'chat'],
    finished: new Map([['stop', 3]]),
    ttft_ms: { bounds_ms: [1, 2.5], counts: [4, 0, 1], sum_ms: 9.5 },
    request_input_tokens: { bounds: [100], counts: [1, 2], sum: 450 },
  }
  await store(tables.server_samples, [sample])
  expect(await storage.db.query('SELECT * EXCEPT inserted_at FROM server_samples')).toMatchObject([
    {
      timestamp: '2026-11-21 10:00:00.123',
      interval_ms: null,
      role: 'gateway',
      waiting: 0,
      input_tokens: null,
      draft_tokens: 7,
      lora_adapters: ['sql', 'chat'],
      finished: { stop: 3 },
      ttft_ms_bounds: [1, 2.5],
      ttft_ms_counts: [4, 0, 1],
      ttft_ms_sum: 9.5,
      tpot_ms_bounds: [],
      tpot_ms_counts: [],
      tpot_ms_sum: null,
      request_input_tokens_bounds: [100],
      request_input_tokens_counts: [1, 2],
      request_input_tokens_sum: 450,
      request_output_tokens_sum: null,
    },
  ])
})

test('what a target misses comes back as it was written', async () => {
  const missing: MissingMeasure[] = [{ measure: 'ttft_ms', names: ['a', 'b'], reason: "it's off", fix: '--on' }]
  await storage.db.insert('targets', [{ url: 'u', missing }, { url: 'v' }])
  expect(await storage.db.query('SELECT url, missing FROM targets ORDER BY url')).toEqual([
    { url: 'u', missing },
    { url: 'v', missing: [] },
  ])
})

test('a malformed row throws and leaves nothing of itself in the buffer', () => {
  const writer = new RowBinaryWriter()
  tables.requests.encode(writer, emptyRequest())
  const before = Buffer.from(writer.view())
  const broken = { ...emptyRequest(), attributes: undefined } as unknown as LlmRequest
  expect(() => tables.requests.encode(writer, broken)).toThrow('malformed row of requests')
  expect(writer.view()).toEqual(before)
})

test('objects: microseconds, dates, maps; a field that no column has is refused', async () => {
  const event = { fingerprint: 'f', rule: 'r', group: 'g', state: 'firing', previous_state: 'pending', value: 1.5 }
  await storage.db.insert('alert_events', [
    { ...event, timestamp: micros, labels: new Map([['a', 'b']]), annotations: {} },
    { ...event, timestamp: new Date(micros / 1000 + 1000), labels: {}, annotations: {} },
  ])
  const rows = await storage.db.query('SELECT timestamp, labels FROM alert_events ORDER BY timestamp')
  expect(rows).toEqual([
    { timestamp: '2026-11-21 10:00:00.123456', labels: { a: 'b' } },
    { timestamp: '2026-11-21 10:00:01.123000', labels: {} },
  ])
  await expect(storage.db.insert('alert_events', [{ typo: 1 }])).rejects.toMatchObject({
    retryable: false,
    code: '117',
  })
})
