/** Virtual keys in the real collector, before the real storage: what a call costs its key, and where that shows. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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
import { startCollector, startProxyServer, type Collector, type CollectorConfig } from '../../index.ts'
import { silent } from '../../spool/testing.ts'
import { keyRefusalCodes } from '../refusal.ts'
import type { ProxyServer } from '../server.ts'
import { keysCreate, keysRevoke } from './command.ts'
import { hashOf } from './ring.ts'

const secret = 'iw-the-key-of-search'
const answer = JSON.stringify({
  id: 'c1',
  object: 'chat.completion',
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello!' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
})
let sent = ''
const upstream = createServer((request, response) => {
  sent += JSON.stringify([request.url, request.rawHeaders])
  const isRefused = request.url?.startsWith('/refused') ?? false
  const message = `not a key: ${request.headers.authorization}`
  const body = isRefused ? JSON.stringify({ error: { message, type: 'invalid_request_error' } }) : answer
  const head = { 'content-type': 'application/json' }
  request.resume().on('end', () => response.writeHead(isRefused ? 401 : 200, head).end(body))
})

let storage: Awaited<ReturnType<typeof testStorage>>
let collector: Collector
let server: ProxyServer
let dataDir = ''
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'inferwatch-keys-'))
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  storage = await testStorage()
  await start()
})
afterAll(async () => {
  await stop()
  await storage?.stop()
  upstream.closeAllConnections()
  upstream.close()
  await rm(dataDir, { recursive: true, force: true })
})

// Two calls of 0.0035 dollars; the third one is too much.
const search = { name: 'search-prod', hash: hashOf(secret), team: 'search', user: 'bot', feature: 'answers' }

function configOf(keys: object[]): CollectorConfig {
  const address = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  return {
    ingest: ingestConfig.parse({}),
    content: 'off',
    spool: spoolConfig.parse({ segment_ms: 100 }),
    scrape: scrapeConfig.parse({}),
    prices: pricesConfig.parse({}),
    proxy: proxyConfig.parse({ keys }),
    // What a client may say of its team does not count against its key.
    attribution: attributionConfig.parse({ team: ['header.x-tenant'], api_key: ['header.authorization'] }),
    endpoints: [endpointConfig.parse({ name: 'gpt', upstream: address, api_key: 'sk-the-real-one' })],
  }
}

async function start(): Promise<void> {
  collector = await startCollector({
    config: configOf([{ ...search, limits: { usd_per_month: 0.007 } }]),
    dataDir,
    db: storage.db,
    listen: '127.0.0.1:0',
    log: silent,
  })
  server = await startProxyServer(collector.proxy, '127.0.0.1:0')
}

async function stop(): Promise<void> {
  await server?.stop()
  await collector?.stop()
}

/** Makes a call until it was observed: on a busy machine one may be dropped, which is in no sum. */
async function call(key = secret): Promise<number> {
  const dropped = () => collector.stats().issues['proxy observer_slow'] ?? 0
  for (;;) {
    const before = dropped()
    const status = await callOnce(key)
    if (status !== 200 || dropped() === before) return status
  }
}

async function callOnce(key: string, path = ''): Promise<number> {
  const response = await fetch(`http://${server.address}/proxy/gpt${path}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'x-tenant': 'somebody-else',
      'x-inferwatch-team': 'somebody-else',
    },
    body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hi' }], user: 'u-1' }),
  })
  await response.text()
  await collector.drained()
  return response.status
}

const rows = () =>
  storage.db.query(
    `SELECT api_key, team, user_id, feature, count() AS calls, round(sum(toFloat64(cost_usd)), 6) AS usd
    FROM requests GROUP BY ALL ORDER BY api_key`,
  )
const ours = { api_key: 'search-prod', team: 'search', user_id: 'bot', feature: 'answers' }

test('a call is its key’s, whatever its client says', async () => {
  expect(await call()).toBe(200)
  expect(await rows()).toEqual([{ ...ours, calls: 1, usd: 0.0035 }])
})

test('a key is out of dollars when its rows say so, over a restart', async () => {
  await stop()
  await start()
  expect(await call()).toBe(200)
  expect(await call()).toBe(429)
  await stop()
  await start()
  expect(await call()).toBe(429)
  // What was refused is no call of a model, and told apart.
  expect(await rows()).toEqual([{ ...ours, calls: 2, usd: 0.007 }])
})

test('a reload raises the limit, and what was spent stays', async () => {
  collector.reload(configOf([{ ...search, limits: { usd_per_month: 0.01 } }]))
  expect(await call()).toBe(200)
  expect(await call()).toBe(429)
  expect(await rows()).toEqual([{ ...ours, calls: 3, usd: 0.0105 }])
})

test('a key that a command makes or revokes counts from the reload on', async () => {
  const config = configOf([search])
  const context = { proxy: config.proxy, endpoints: config.endpoints, data_dir: dataDir }
  const [made = ''] = keysCreate('late', { team: 'ops' }, context)
  expect(await call(made)).toBe(401)
  collector.reload(config)
  expect(await call(made)).toBe(200)
  keysRevoke('late', context)
  collector.reload(config)
  expect(await call(made)).toBe(401)
  expect(await rows()).toEqual([
    { api_key: 'late', team: 'ops', user_id: 'u-1', feature: '', calls: 1, usd: 0.0035 },
    { ...ours, calls: 3, usd: 0.0105 },
  ])
})

test('refusals are issues, by key; and no key stands anywhere, not even where the vendor repeats it', async () => {
  collector.reload(configOf([search]))
  expect(await callOnce(secret, '/refused')).toBe(401)
  await stop()
  const issues = await storage.db.query(
    `SELECT reason, subject, severity, toUInt32(sum(items)) AS items FROM ingest_issues
    WHERE reason IN {codes:Array(String)} GROUP BY ALL ORDER BY reason, subject`,
    { codes: [...keyRefusalCodes] },
  )
  expect(issues).toEqual([
    { reason: 'key_revoked', subject: 'late', severity: 'problem', items: 1 },
    { reason: 'key_unknown', subject: '', severity: 'problem', items: 1 },
    { reason: 'usd_exhausted', subject: 'search-prod', severity: 'hint', items: 3 },
  ])
  for (const table of ['requests', 'request_parts', 'spans', 'ingest_issues', 'metric_samples']) {
    const stored = await storage.db.query(`SELECT * FROM ${table}`, {}, { settings: { final: 0 } })
    expect(JSON.stringify(stored)).not.toMatch(/iw-|sk-the-real/)
  }
  expect(sent).toContain('Bearer sk-the-real-one')
  expect(sent).not.toContain('iw-')
})
