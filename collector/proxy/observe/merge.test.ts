/** Calls that the proxy saw, through the real collector into the real storage. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../../../storage/testing.ts'
import {
  attributionConfig,
  endpointConfig,
  ingestConfig,
  pricesConfig,
  proxyConfig,
  scrapeConfig,
  spoolConfig,
} from '../../config.ts'
import { startCollector, type Collector } from '../../index.ts'
import { jsonRequest, jsonSpan, toProtobuf } from '../../otlp/testing.ts'
import { silent } from '../../spool/testing.ts'
import { sse } from './testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let collector: Collector
let dataDir = ''
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'inferwatch-proxy-'))
  storage = await testStorage()
  collector = await startCollector({
    config: {
      ingest: ingestConfig.parse({}),
      content: 'redacted',
      spool: spoolConfig.parse({ segment_ms: 100 }),
      scrape: scrapeConfig.parse({}),
      prices: pricesConfig.parse({}),
      proxy: proxyConfig.parse({}),
      attribution: attributionConfig.parse({ team: ['header.x-tenant'] }),
      endpoints: [endpointConfig.parse({ name: 'gpt', upstream: 'http://vllm-1:8000', kind: 'openai' })],
    },
    dataDir,
    db: storage.db,
    listen: '127.0.0.1:0',
    log: silent,
  })
})
afterAll(async () => {
  await collector?.stop()
  await storage?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const began = Date.now() - 5_000
const nanos = (ms: number) => String(BigInt(Math.round(ms)) * 1_000_000n)

/** A streamed call that passes through the proxy, 100 ms after `began`; returns the traceparent that goes upstream. */
function passes(headers: Record<string, string>): string {
  const startedMs = began + 100
  const call = collector.observer.begin({
    endpoint: 'gpt',
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-abcdefghijklmnop1234', ...headers },
    startedMs,
  })
  if (!call) throw new Error('the call was not observed')
  const prompt = [{ role: 'user', content: 'Mail jane.doe@example.com' }]
  call.requestChunk(Buffer.from(JSON.stringify({ model: 'gpt-4o', stream: true, messages: prompt })))
  call.responseHead(
    200,
    { 'content-type': 'text/event-stream', 'x-ratelimit-remaining-requests': '41' },
    startedMs + 90,
  )
  const chunk = (delta: object, more: object = {}) =>
    Buffer.from(sse([{ id: 'chatcmpl-proxied1', model: 'gpt-4o', choices: [{ index: 0, delta }], ...more }]))
  for (const [index, word] of ['', 'On ', 'its ', 'way'].entries())
    call.responseChunk(chunk({ content: word }), startedMs + 100 + index * 20)
  const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 }
  call.responseChunk(chunk({}, { usage }), startedMs + 170)
  call.end({ how: 'complete', atMs: startedMs + 180, requestBytes: 100, responseBytes: 500 })
  return call.addedHeaders['traceparent'] ?? ''
}

async function send(service: string, spans: object[]): Promise<void> {
  const response = await fetch(`http://${collector.otlpAddress}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(toProtobuf(jsonRequest(spans, [{ key: 'service.name', value: { stringValue: service } }]))),
  })
  expect(response.status).toBe(200)
}

const text = (key: string, value: string) => ({ key, value: { stringValue: value } })

const rows = (trace: string) =>
  storage.db.query(
    `SELECT service, endpoint, instance, provider, model, dialect, merged_dialects, status, input_tokens, output_tokens,
      toFloat64(cost_usd) AS cost_usd, ttfb_ms, last_token_ms, arraySum(itl_ms_counts) AS gaps, queue_ms, user_id, team, api_key != '' AS keyed,
      input, output, tool_call_count
    FROM requests WHERE trace_id = {trace:String}`,
    { trace },
  )

const seen = {
  endpoint: 'gpt',
  instance: 'vllm-1:8000',
  model: 'gpt-4o',
  status: 'ok',
  input_tokens: 1000,
  output_tokens: 100,
  // 2.50 and 10 dollars a million.
  cost_usd: 0.0035,
  ttfb_ms: 100,
  last_token_ms: 160,
  gaps: 2,
  user_id: 'u-1',
  team: 'acme',
  keyed: 1,
  input: '[{"role":"user","content":"Mail [email]"}]',
  output: 'On its way',
  tool_call_count: 0,
}
const who = { 'x-inferwatch-user': 'u-1', 'x-tenant': 'acme' }

test('a call of a client that is not instrumented is one priced and redacted row, and a span', async () => {
  const trace = passes(who).split('-')[1] ?? ''
  await collector.drained()
  expect(await rows(trace)).toEqual([
    { ...seen, service: 'inferwatch-proxy', provider: 'openai', dialect: 'proxy', merged_dialects: [], queue_ms: null },
  ])
  const spans = await storage.db.query('SELECT name, kind, service FROM spans WHERE trace_id = {trace:String}', {
    trace,
  })
  expect(spans).toEqual([{ name: 'chat gpt-4o', kind: 'client', service: 'inferwatch-proxy' }])
})

test.each(['before', 'after'])('client, proxy and server tell of one call, the proxy %s the others', async (order) => {
  const traceId = (order === 'before' ? 'a' : 'b').repeat(32)
  const client = jsonSpan({
    traceId,
    spanId: 'c'.repeat(16),
    startTimeUnixNano: nanos(began),
    endTimeUnixNano: nanos(began + 400),
    attributes: [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.provider.name', 'openai'),
      text('gen_ai.request.model', 'gpt-4o'),
      text('gen_ai.response.id', 'chatcmpl-proxied1'),
      text('server.address', '127.0.0.1'),
    ],
  })
  const others = async (upstream: string) => {
    await send('shop', [client])
    const engine = jsonSpan({
      traceId,
      spanId: 'e'.repeat(16),
      parentSpanId: upstream.split('-')[2],
      name: 'llm_request',
      kind: 2,
      startTimeUnixNano: nanos(began + 110),
      endTimeUnixNano: nanos(began + 270),
      attributes: [
        text('gen_ai.response.model', 'gpt-4o'),
        text('gen_ai.request.id', 'chatcmpl-proxied1'),
        { key: 'gen_ai.latency.e2e', value: { doubleValue: 0.16 } },
        { key: 'gen_ai.latency.time_in_queue', value: { doubleValue: 0.004 } },
        { key: 'gen_ai.usage.completion_tokens', value: { intValue: 100 } },
        { key: 'gen_ai.usage.prompt_tokens', value: { intValue: 1000 } },
      ],
    })
    await send('vllm', [engine])
  }
  const traceparent = `00-${traceId}-${'c'.repeat(16)}-01`
  if (order === 'before') await others(passes({ ...who, traceparent }))
  else {
    await send('shop', [client])
    await others(passes({ ...who, traceparent }))
  }
  await collector.drained()
  await collector.settle()
  expect(await rows(traceId)).toEqual([
    {
      ...seen,
      service: 'shop',
      provider: 'vllm',
      // What people run themselves has no list price.
      cost_usd: null,
      dialect: expect.any(String) as string,
      merged_dialects: expect.arrayContaining(['proxy']) as string[],
      queue_ms: 4,
    },
  ])
  const [merged] = await storage.db.query<{ n: number }>(
    'SELECT length(merged_span_ids) AS n FROM requests WHERE trace_id = {trace:String}',
    { trace: traceId },
  )
  expect(merged).toEqual({ n: 3 })
})

test('limits that the provider told are series of the endpoint', async () => {
  expect(
    await storage.db.query(
      `SELECT DISTINCT target, name, value, labels['model'] AS model FROM metric_samples WHERE startsWith(target, 'proxy:')`,
    ),
  ).toEqual([{ target: 'proxy:gpt', name: 'ratelimit_remaining_requests', value: 41, model: 'gpt-4o' }])
})
