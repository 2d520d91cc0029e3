import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../../storage/testing.ts'
import { attributionConfig, ingestConfig, pricesConfig, proxyConfig, scrapeConfig, spoolConfig } from '../config.ts'
import { startCollector, type Collector } from '../index.ts'
import { createClients, type Clients } from './clients.ts'
import { apps, vllmModel, type App, type Call } from './scenario.ts'
import { startAnthropic, type AnthropicServer } from './stand-ins/anthropic.ts'
import { startOpenAi, type OpenAiServer } from './stand-ins/openai.ts'
import { startVllm, type VllmServer } from './stand-ins/vllm.ts'
import { startEngineTraces, type EngineTraces } from './stand-ins/vllm-traces.ts'
import { startClientTelemetry } from './telemetry.ts'

const log = pino({ level: 'silent' })
const config = {
  ingest: ingestConfig.parse({}),
  content: 'full' as const,
  spool: spoolConfig.parse({ segment_ms: 100 }),
  scrape: scrapeConfig.parse({}),
  prices: pricesConfig.parse({}),
  attribution: attributionConfig.parse({}),
  proxy: proxyConfig.parse({}),
  endpoints: [],
}

let storage: Awaited<ReturnType<typeof testStorage>>
let collector: Collector
let dataDir = ''
let openai: OpenAiServer
let anthropic: AnthropicServer
let vllm: VllmServer
let telemetry: ReturnType<typeof startClientTelemetry>
let traces: EngineTraces
let clients: Clients

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'inferwatch-demo-test-'))
  storage = await testStorage()
  collector = await startCollector({ config, dataDir, db: storage.db, listen: '127.0.0.1:0', log })
  telemetry = startClientTelemetry(`http://${collector.otlpAddress}`)
  traces = startEngineTraces(`http://${collector.otlpAddress}`)
  ;[openai, anthropic, vllm] = await Promise.all([
    startOpenAi(),
    startAnthropic(),
    startVllm((call) => traces.record(call)),
  ])
  clients = createClients({ openai: openai.url, anthropic: anthropic.url, vllm: vllm.url })
})
afterAll(async () => {
  await Promise.all([telemetry?.stop(), traces?.stop()])
  await Promise.all([openai?.close(), anthropic?.close(), vllm?.close()])
  await collector?.stop()
  await storage?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

interface Row {
  model: string
  requested_model: string
  provider: string
  input_tokens: number | null
  cached_input_tokens: number | null
  cache_write_tokens: number | null
  output_tokens: number | null
  ttft_ms: number | null
  duration_ms: number
  status: string
  cost_usd: number | null
  [column: string]: unknown
}

/** The requests of one user, oldest first, once there are as many as expected. */
async function requestsOf(user: string, count: number, whole: (row: Row) => boolean = () => true): Promise<Row[]> {
  const find = async () => {
    await collector.drained()
    return storage.db.query<Row>('SELECT * FROM requests WHERE user_id = {user:String} ORDER BY timestamp', { user })
  }
  await expect.poll(async () => (await find()).filter(whole).length, { timeout: 20_000, interval: 200 }).toBe(count)
  return find()
}

const appOf = (feature: string) => apps.find((app) => app.feature === feature) ?? apps[0]
const callOf = (app: App, user_id: string): Call => ({
  app,
  user_id,
  session_id: 'session-1',
  prompt_tokens: app.shared_tokens + 77,
  answer_tokens: 23,
})

test.each([
  // feature, model, cached and written the first time, the second time
  ['search-answers', 'gpt-4o-mini', [0, null], [1024, null]],
  ['support-chat', 'claude-sonnet-4-6', [0, 1400], [1400, 0]],
])('%s: what the stand-in sent is what is stored', async (feature, model, first, second) => {
  const app = appOf(feature)
  const call = callOf(app, `user-of-${feature}`)
  await clients.run(call)
  await clients.run(call)
  const rows = await requestsOf(call.user_id, 2)
  for (const row of rows) {
    expect(row).toMatchObject({
      model,
      provider: app.provider,
      endpoint: app.endpoint,
      team: app.team,
      feature: app.feature,
      session_id: 'session-1',
      environment: 'demo',
      status: 'ok',
      streamed: true,
      finish_reason: 'stop',
      input_tokens: app.shared_tokens + 77,
      output_tokens: 23,
    })
    expect(row.cost_usd).toBeGreaterThan(0)
    expect(row.ttft_ms).toBeGreaterThan(0)
    expect(row.ttft_ms).toBeLessThan(row.duration_ms)
  }
  expect(rows.map((row) => [row.cached_input_tokens, row.cache_write_tokens])).toEqual([first, second])
})

test('the self-hosted model: requests, tokens and latencies agree with the metrics of its server', async () => {
  const { engine } = vllm
  const user = 'user-of-vllm'
  const before = { prompt: engine.promptTokens, generated: engine.generationTokens, stop: engine.finished.stop }
  await Promise.all([
    clients.run(callOf(appOf('code-assist'), user)),
    clients.run(callOf(appOf('ticket-triage'), user)),
  ])
  const rows = await requestsOf(user, 2, (row) => row['queue_ms'] !== null)
  const sum = (field: 'input_tokens' | 'output_tokens') => rows.reduce((total, row) => total + (row[field] ?? 0), 0)
  expect(sum('input_tokens')).toBe(engine.promptTokens - before.prompt)
  expect(sum('output_tokens')).toBe(engine.generationTokens - before.generated)
  expect(engine.finished.stop - before.stop).toBe(2)
  expect(engine.running + engine.waiting).toBe(0)
  // The engine's span has no parent: the id of the answer joins it to the client's.
  for (const row of rows) {
    expect(row).toMatchObject({
      provider: 'vllm',
      role: 'client',
      merged_dialects: ['gen_ai', 'vllm'],
      finish_reason: 'stop',
    })
    expect(row.ttft_ms).toBeGreaterThan(0)
    expect(row.ttft_ms).toBeLessThanOrEqual(row.duration_ms)
    expect(Number(row['queue_ms']) + Number(row['prefill_ms']) + Number(row['decode_ms'])).toBeLessThanOrEqual(
      row.duration_ms,
    )
  }
  const engines = await storage.db.query("SELECT count() AS n FROM requests WHERE service = 'demo-vllm'")
  expect(engines).toEqual([{ n: 0 }])
  const page = await (await fetch(vllm.metricsUrl)).text()
  const labels = `{engine="0",model_name="${vllmModel}"}`
  expect(page).toContain(`vllm:generation_tokens_total${labels} ${engine.generationTokens}.0\n`)
})

test.each([
  ['search-answers', 'RateLimitError'],
  ['support-chat', 'rate_limit_error'],
])('%s: a 429 is a rate-limited request', async (feature, type) => {
  const app = appOf(feature)
  const provider = app.api === 'anthropic' ? anthropic.provider : openai.provider
  provider.limited = true
  const user = `user-limited-${feature}`
  const call = { ...callOf(app, user), answer_tokens: 1 }
  // About every other call is refused.
  await Promise.all(Array.from({ length: 20 }, () => clients.run(call)))
  provider.limited = false
  const rows = await requestsOf(user, 20)
  const limited = rows.filter(({ status }) => status === 'rate_limited')
  expect(limited.length).toBeGreaterThan(0)
  expect(rows.filter(({ status }) => status !== 'ok')).toEqual(limited)
  for (const row of limited) expect(row).toMatchObject({ error_type: type, output_tokens: null, cost_usd: null })
})

test('one trace: the request of the user, its work, and the call of the model below it', async () => {
  const call = callOf(appOf('search-answers'), 'user-traced')
  await clients.run(call)
  const [request] = await requestsOf(call.user_id, 1)
  const spans = await storage.db.query<{ name: string; kind: string; parent: string; span_id: string }>(
    'SELECT name, kind, parent_span_id AS parent, span_id FROM spans WHERE trace_id = {trace:String} ORDER BY timestamp, name',
    { trace: request?.['trace_id'] },
  )
  const root = spans.find(({ parent }) => parent === '')
  expect(new Set(spans.map(({ name, kind }) => `${kind} ${name}`))).toEqual(
    new Set(['server POST /search-answers', 'client chat gpt-4o-mini', 'internal load context']),
  )
  expect(request).toMatchObject({ parent_span_id: root?.span_id })
})
