import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { costExplanation } from '../storage/queries/cost.ts'
import { testStorage } from '../storage/testing.ts'
import {
  attributionConfig,
  endpointConfig,
  ingestConfig,
  pricesConfig,
  proxyConfig,
  scrapeConfig,
  spoolConfig,
} from './config.ts'
import { startCollector, type Collector, type CollectorConfig } from './index.ts'
import { jsonLog, jsonLogs, jsonMetrics, jsonRequest, jsonSpan, toProtobuf } from './otlp/testing.ts'
import { grpcClient } from './otlp/testing-receiver.ts'
import { importPriceList } from './price-list.ts'
import { silent } from './spool/testing.ts'

const config: CollectorConfig = {
  ingest: ingestConfig.parse({}),
  content: 'full',
  spool: spoolConfig.parse({ segment_ms: 100 }),
  scrape: scrapeConfig.parse({}),
  prices: pricesConfig.parse({}),
  attribution: attributionConfig.parse({}),
  proxy: proxyConfig.parse({}),
  endpoints: [endpointConfig.parse({ name: 'llama-70b', upstream: 'http://vllm-1:8000' })],
}

let storage: Awaited<ReturnType<typeof testStorage>>
let collector: Collector
let dataDir = ''
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'inferwatch-collector-'))
  storage = await testStorage()
  const listen = '127.0.0.1:0'
  collector = await startCollector({ config, dataDir, db: storage.db, listen, listenGrpc: listen, log: silent })
})
afterAll(async () => {
  await collector?.stop()
  await storage?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const nanos = (ms: number) => String(BigInt(Math.round(ms)) * 1_000_000n)

/** A model call that began `age_ms` ago and took 1.5 s. */
function call(attributes: Record<string, string | number>, overrides: Record<string, unknown> = {}) {
  const start = Date.now() - 5_000
  return jsonSpan({
    startTimeUnixNano: nanos(start),
    endTimeUnixNano: nanos(start + 1_500),
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: typeof value === 'string' ? { stringValue: value } : { intValue: value },
    })),
    ...overrides,
  })
}

async function send(spans: object[]) {
  const response = await fetch(`http://${collector.otlpAddress}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(toProtobuf(jsonRequest(spans, [{ key: 'service.name', value: { stringValue: 'shop' } }]))),
  })
  expect(response.status).toBe(200)
  await collector.drained()
}

const genAi = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.usage.input_tokens': 1000,
  'gen_ai.usage.output_tokens': 100,
  'server.address': 'vllm-1',
  'server.port': 8000,
}

test('a model call is a span and a priced request of its endpoint', async () => {
  const trace = 'a'.repeat(32)
  await send([
    call(genAi, { traceId: trace }),
    jsonSpan({ ...call({}), traceId: trace, spanId: 'b'.repeat(16), name: 'GET /' }),
  ])
  const spans = await storage.db.query(
    'select name, service from spans where trace_id = {trace:String} order by name',
    { trace },
  )
  expect(spans).toEqual([
    { name: 'GET /', service: 'shop' },
    { name: 'chat gpt-4o', service: 'shop' },
  ])
  const requests = await storage.db.query(
    `select model, endpoint, input_tokens, output_tokens, duration_ms, toFloat64(cost_usd) as cost_usd, cost_source
    from requests where trace_id = {trace:String}`,
    { trace },
  )
  expect(requests).toEqual([
    {
      model: 'gpt-4o',
      endpoint: 'llama-70b',
      input_tokens: 1000,
      output_tokens: 100,
      duration_ms: 1500,
      cost_usd: 0.0035,
      cost_source: 'catalogue',
    },
  ])
})

describe('signals beside traces', () => {
  const post = async (path: string, body: object) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const response = await fetch(`http://${collector.otlpAddress}${path}`, init)
    await collector.drained()
    return [response.status, await response.json()]
  }

  test('GenAI events of logs are stored, redacted as configured', async () => {
    const trace = 'd1'.repeat(16)
    expect(await post('/v1/logs', jsonLogs([jsonLog({ traceId: trace }), jsonLog({ attributes: [] })]))).toEqual([
      200,
      {
        partialSuccess: {
          rejectedLogRecords: '1',
          errorMessage: 'not_genai: 1 (resourceLogs[0].scopeLogs[0].logRecords[1])',
        },
      },
    ])
    const where = 'from log_events where trace_id = {trace:String}'
    expect(await storage.db.query(`select event_name, body ${where}`, { trace })).toEqual([
      { event_name: 'gen_ai.user.message', body: '{"content":"Hello?"}' },
    ])
    collector.reload({ ...config, content: 'off' })
    await post('/v1/logs', jsonLogs([jsonLog({ traceId: 'd2'.repeat(16) })]))
    collector.reload(config)
    expect(await storage.db.query(`select body ${where}`, { trace: 'd2'.repeat(16) })).toEqual([{ body: '' }])
  })

  test('metrics of models are stored, others when that is configured', async () => {
    const start = Date.now()
    const times = { startTimeUnixNano: nanos(start), timeUnixNano: nanos(start + 1) }
    const histogram = { aggregationTemporality: 2, dataPoints: [{ ...times, count: '2', sum: 3 }] }
    const request = jsonMetrics([
      { name: 'gen_ai.server.request.duration', unit: 's', histogram },
      { name: 'process.memory', gauge: { dataPoints: [{ ...times, asInt: '7' }] } },
    ])
    expect(await post('/v1/metrics', request)).toMatchObject([200, { partialSuccess: { rejectedDataPoints: '1' } }])
    collector.reload({ ...config, ingest: ingestConfig.parse({ metrics: 'all' }) })
    expect(await post('/v1/metrics', request)).toEqual([200, {}])
    collector.reload(config)
    expect(await storage.db.query('select name, unit, count, sum, counts, interval_ms from genai_histograms')).toEqual([
      { name: 'gen_ai.server.request.duration', unit: 's', count: 2, sum: 3, counts: [2], interval_ms: 1 },
    ])
    expect(await storage.db.query("select name, value from metric_samples where target like 'otlp:%'")).toEqual([
      { name: 'process.memory', value: 7 },
    ])
    expect(collector.stats().issues).toMatchObject({ 'otlp_http duplicate_point': 1 })
  })
})

test('prices that were used are kept, and an imported list counts from the next reload on', async () => {
  const before = '0b'.repeat(16)
  const after = '0c'.repeat(16)
  const house = { ...genAi, 'gen_ai.provider.name': 'anthropic', 'gen_ai.request.model': 'house-flex' }
  await send([call(house, { traceId: before })])
  const { version } = importPriceList(new URL('fixtures/litellm-prices.json', import.meta.url).pathname, dataDir)
  collector.reload(config)
  await send([call(house, { traceId: after, spanId: 'f'.repeat(16) })])
  const found = await storage.db.query(
    `select trace_id, toString(cost_usd) as cost_usd, price_version from requests
    where trace_id in {traces:Array(String)} order by trace_id`,
    { traces: [before, after] },
  )
  expect(found).toEqual([
    { trace_id: before, cost_usd: null, price_version: '' },
    { trace_id: after, cost_usd: '0.0045', price_version: version },
  ])
  const explained = () => costExplanation(storage.db, after, 'f'.repeat(16))
  await vi.waitUntil(async () => (await explained())?.price, { timeout: 60_000, interval: 200 })
  expect(await explained()).toMatchObject({ matches: true, sum_usd: '0.0045', price: { source: 'litellm', version } })
})

test('the same span again, as after a lost answer, stays one row', async () => {
  const trace = 'c'.repeat(32)
  const span = call(genAi, { traceId: trace })
  await send([span])
  await send([span])
  for (const table of ['spans', 'requests'])
    expect(
      await storage.db.query(`select count() as n from ${table} where trace_id = {trace:String}`, { trace }),
    ).toEqual([{ n: 1 }])
})

test('a span that comes over gRPC is stored like any other', async () => {
  const trace = 'ab'.repeat(16)
  const client = grpcClient(collector.otlpGrpcAddress)
  const { code } = await client.export(toProtobuf(jsonRequest([call(genAi, { traceId: trace })])))
  client.close()
  expect(code).toBe(0)
  await collector.drained()
  const requests = await storage.db.query('select model from requests where trace_id = {trace:String}', { trace })
  expect(requests).toEqual([{ model: 'gpt-4o' }])
})

test.each([
  [-5, 'd'],
  [5_000_000_000, 'e'],
  ['many', 'f'],
])('%s tokens are unknown and counted, the call is kept', async (tokens, digit) => {
  const trace = digit.repeat(32)
  const before = collector.stats().issues['pipeline absurd_value'] ?? 0
  await send([call({ ...genAi, 'gen_ai.usage.output_tokens': tokens }, { traceId: trace })])
  expect(
    await storage.db.query('select input_tokens, output_tokens from requests where trace_id = {trace:String}', {
      trace,
    }),
  ).toEqual([{ input_tokens: 1000, output_tokens: null }])
  expect(collector.stats().issues['pipeline absurd_value']).toBe(before + 1)
})

test('the spans of one call are one request, also when a part of it comes after a restart', async () => {
  const traceId = '3'.repeat(32)
  const client = call({ ...genAi, 'gen_ai.request.model': 'llama' }, { traceId, spanId: 'c'.repeat(16) })
  const root = call({ 'user.id': 'u-7' }, { traceId, spanId: 'd'.repeat(16), name: 'GET /chat' })
  const engine = call(
    { 'gen_ai.response.model': 'llama', 'gen_ai.system': 'vllm', 'gen_ai.usage.output_tokens': 100 },
    { traceId, spanId: 'e'.repeat(16), parentSpanId: 'c'.repeat(16), name: 'llm_request', kind: 2 },
  )
  const rows = () =>
    storage.db.query(
      `select span_id, user_id, provider, merged_span_ids, toInt64(input_tokens) as input_tokens from requests
      where trace_id = {traceId:String} order by span_id`,
      { traceId },
    )
  await send([engine])
  expect(await rows()).toMatchObject([{ span_id: 'e'.repeat(16) }])
  await send([Object.assign(client, { parentSpanId: 'd'.repeat(16) })])
  const ids = ['c'.repeat(16), 'e'.repeat(16)]
  const merged = { span_id: ids[0], user_id: '', provider: 'vllm', merged_span_ids: ids, input_tokens: 1000 }
  expect(await rows()).toEqual([merged])

  await collector.stop()
  collector = await startCollector({ config, dataDir, db: storage.db, listen: '127.0.0.1:0', log: silent })
  await send([root])
  await collector.settle()
  await collector.drained()
  expect(await rows()).toEqual([{ ...merged, user_id: 'u-7' }])
})

test('a 10 MB attribute is cut, counted, and the rest of the batch kept', async () => {
  const trace = '1'.repeat(32)
  await send([call({ ...genAi, huge: 'é'.repeat(5 * 2 ** 20) }, { traceId: trace })])
  expect(
    await storage.db.query("select length(attributes['huge']) as bytes from spans where trace_id = {trace:String}", {
      trace,
    }),
  ).toEqual([{ bytes: config.ingest.max_attribute_bytes }])
  expect(collector.stats().issues['otlp_http value_too_long']).toBe(1)
})

test('spans of many days, and of every kind of attribute, are stored as they came', async () => {
  const spans = Array.from({ length: 200 }, (_, day) => {
    const start = Date.now() - day * 30 * 86_400_000
    return jsonSpan({
      traceId: '2'.repeat(32),
      spanId: (day + 1).toString(16).padStart(16, '0'),
      startTimeUnixNano: nanos(start),
      endTimeUnixNano: nanos(start + 1),
      attributes: [
        { key: 'double', value: { doubleValue: 0.25 } },
        { key: 'text', value: { stringValue: '\n\nTRUNCATE TABLE spans\n\n' } },
        { key: 'list', value: { arrayValue: { values: [{ intValue: '9007199254740993' }, { boolValue: true }] } } },
        { key: 'bytes', value: { bytesValue: 'AAEC' } },
        { key: 'empty', value: {} },
      ],
    })
  })
  await send(spans)
  const [row] = await storage.db.query<{ n: number; attributes: Record<string, string> }>(
    'select count() as n, any(attributes) as attributes from spans where trace_id = {trace:String}',
    { trace: '2'.repeat(32) },
  )
  expect(row).toEqual({
    n: 200,
    attributes: {
      double: '0.25',
      text: '\n\nTRUNCATE TABLE spans\n\n',
      list: '["9007199254740993",true]',
      bytes: 'AAEC',
      empty: '',
    },
  })
})

test('what a client leaves out stands in the inbox, with the request to look at', async () => {
  const trace = '4'.repeat(32)
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'azure.ai.openai',
    'gen_ai.request.model': 'our-deployment',
    'gen_ai.usage.input_tokens': 1000,
    'gen_ai.usage.output_tokens': 100,
  }
  await send([
    call(attributes, { traceId: trace, spanId: '6'.repeat(16) }),
    call(attributes, { traceId: trace, spanId: '5'.repeat(16), endTimeUnixNano: nanos(Date.now() + 60_000) }),
  ])
  await collector.stop()
  const rows = await storage.db.query<{ reason: string; example: string }>(
    `select source, reason, subject, severity, items, example, example_span_id from ingest_issues
    where example_trace_id = {trace:String} order by reason`,
    { trace },
  )
  expect(rows).toEqual([
    {
      source: 'spans',
      reason: 'clock_ahead',
      subject: 'shop',
      severity: 'problem',
      items: 1,
      example: expect.stringMatching(/^ended \d+ s after it came$/),
      example_span_id: '5'.repeat(16),
    },
    {
      source: 'spans',
      reason: 'unpriced_model',
      subject: 'azure.ai.openai / our-deployment',
      severity: 'problem',
      items: 2,
      example: '',
      example_span_id: '6'.repeat(16),
    },
  ])
})

test('issues become rows when the collector stops, and nothing stays on disk', async () => {
  await collector.stop()
  expect((await readdir(join(dataDir, 'spool'))).filter((name) => name.endsWith('.seg'))).toEqual([])
  const issues = await storage.db.query<{ reason: string; items: number }>(
    "select reason, sum(items) as items from ingest_issues where source in ('otlp_http', 'pipeline') group by reason order by reason",
  )
  expect(issues).toEqual([
    { reason: 'absurd_value', items: 3 },
    { reason: 'duplicate_point', items: 1 },
    { reason: 'not_genai', items: 2 },
    { reason: 'value_too_long', items: 1 },
  ])
})
