import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Storage } from '../../storage/index.ts'
import { testStorage } from '../../storage/testing.ts'
import { scrapeConfig, spoolConfig } from '../config.ts'
import { startSpool, type RunningSpool } from '../spool/index.ts'
import { ManualClock } from './clock.ts'
import { startScraper } from './index.ts'
import { fixture } from './testing.ts'

const log = pino({ level: 'silent' })
const dir = mkdtempSync(join(tmpdir(), 'inferwatch-scrape-'))
let storage: Storage
let spool: RunningSpool
let server: Server
let pages: Record<string, string>
/** Before a page that ends in the middle. */
const half = '# half\n'

beforeAll(async () => {
  storage = await testStorage()
  spool = await startSpool({ dir, config: spoolConfig.parse({ segment_ms: 50 }), db: storage.db, log })
  server = createServer((request, response) => {
    const page = pages[request.url ?? ''] ?? ''
    if (!page.startsWith(half)) response.end(page)
    else response.writeHead(200, { 'content-length': '1000' }).write(page, () => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  await spool?.stop()
  await storage?.stop()
  await new Promise((resolve) => server.close(resolve))
  rmSync(dir, { recursive: true, force: true })
})

test('pages of a local server become rows of ClickHouse', async () => {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const vllm = fixture('vllm-v1.prom')
  pages = { '/vllm': vllm, '/dcgm': fixture('dcgm.prom') }
  const clock = new ManualClock(Date.UTC(2026, 0, 5, 12))
  const targets = ['/vllm', '/dcgm', '/nothing'].map((path) => ({ url: origin + path }))
  const config = scrapeConfig.parse({ targets })
  const scraper = startScraper({ config, endpoints: [], spool, db: storage.db, log, clock })
  const scraped = () =>
    scraper.targets().every(({ timestamp, state }) => state !== 'unknown' && timestamp / 1000 > before)
  let before = 0
  await expect.poll(scraped, { timeout: 10_000 }).toBe(true)
  before = clock.now()
  pages['/vllm'] = vllm
    .replace(/(generation_tokens_total\{engine="0".*) 300.0/, '$1 345.0')
    .replaceAll(/(time_to_first.*engine="0",le="\+Inf".*) 12.0/g, '$1 15.0')
  pages['/dcgm'] = fixture('dcgm.prom').replace('5000123', '5060123')
  clock.advance(10_000)
  await expect.poll(scraped, { timeout: 10_000 }).toBe(true)
  await scraper.stop()
  await spool.drained()

  expect(
    await storage.db.query(
      `select model, instance, running, waiting, kv_cache_ratio, output_tokens, input_tokens, restarted,
         ttft_ms_bounds, ttft_ms_counts from server_samples order by timestamp`,
    ),
  ).toEqual([
    {
      model: 'acme/tiny-chat',
      instance: new URL(origin).host,
      running: 7,
      waiting: 2,
      kv_cache_ratio: 0.75,
      output_tokens: null,
      input_tokens: null,
      restarted: false,
      ttft_ms_bounds: [],
      ttft_ms_counts: [],
    },
    expect.objectContaining({
      output_tokens: 45,
      input_tokens: 0,
      ttft_ms_bounds: [300, 1000],
      ttft_ms_counts: [0, 0, 3],
    }),
  ])
  expect(
    await storage.db.query(
      `select gpu, host, memory_used_bytes, memory_total_bytes, power_watts, energy_delta_joules, throttle_reasons
       from gpu_samples where timestamp > '2026-01-05 12:00:00' order by gpu`,
    ),
  ).toEqual([
    {
      gpu: '0',
      host: 'node-a',
      memory_used_bytes: 1_048_576_000,
      memory_total_bytes: 4_294_967_296,
      power_watts: 512.345,
      energy_delta_joules: 60,
      throttle_reasons: ['sw_power_cap', 'hw_thermal_slowdown'],
    },
    {
      gpu: '1',
      host: 'node-a',
      memory_used_bytes: 0,
      memory_total_bytes: null,
      power_watts: null,
      energy_delta_joules: null,
      throttle_reasons: [],
    },
  ])
  expect(
    await storage.db.query(
      `select name, labels['le'] as le, value from metric_samples
       where name = 'vllm:iteration_tokens_total_bucket' and timestamp = '2026-01-05 12:00:00' order by value`,
    ),
  ).toEqual([
    { name: 'vllm:iteration_tokens_total_bucket', le: '1.0', value: 40 },
    { name: 'vllm:iteration_tokens_total_bucket', le: '+Inf', value: 90 },
  ])
  expect(
    await storage.db.query(
      `select kind, argMax(state, timestamp) as newest, argMax(error, timestamp) as why, min(timestamp) as first from targets
       group by url, kind order by kind`,
    ),
  ).toEqual([
    {
      kind: '',
      newest: 'down',
      why: 'answers an empty page: the server may still be starting',
      first: '2026-01-05 12:00:00.000',
    },
    { kind: 'dcgm', newest: 'up', why: '', first: '2026-01-05 12:00:00.000' },
    { kind: 'vllm', newest: 'up', why: '', first: '2026-01-05 12:00:00.000' },
  ])
  expect(
    await storage.db.query(
      `select distinct measure, names, reason, fix from (
         select kind, arrayJoin(missing) as absent, absent.measure as measure, absent.names as names, absent.reason as reason, absent.fix as fix
         from targets)
       where kind = 'dcgm' and measure = 'power_limit_watts'`,
    ),
  ).toEqual([
    {
      measure: 'power_limit_watts',
      names: ['DCGM_FI_DEV_POWER_MGMT_LIMIT'],
      reason: 'off by default',
      fix: expect.stringContaining('list of counters') as string,
    },
  ])
})

test('a server that restarts between two pages has no increase too many and none too few', async () => {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const tokens = (value: string) =>
    fixture('vllm-v1.prom').replace(/(generation_tokens_total\{engine="0".*) 300.0/, `$1 ${value}`)
  const clock = new ManualClock(Date.UTC(2026, 0, 6, 12))
  const config = scrapeConfig.parse({ targets: [{ url: `${origin}/reset` }] })
  pages = { '/reset': tokens('300.0') }
  const scraper = startScraper({ config, endpoints: [], spool, db: storage.db, log, clock })
  await expect.poll(() => scraper.targets()[0]?.state).toBe('up')
  for (const [page, state] of [
    [tokens('345.0'), 'up'],
    [half + tokens('900.0').slice(0, 400), 'down'],
    [tokens('20.0').replace('1.7600000005e+09', '1.7600005005e+09'), 'up'],
    [tokens('25.0').replace('1.7600000005e+09', '1.7600005005e+09'), 'up'],
  ] as const) {
    pages['/reset'] = page
    clock.advance(10_000)
    const now = clock.now()
    const scraped = () => scraper.targets().every((target) => target.timestamp / 1000 >= now && target.state === state)
    await expect.poll(scraped).toBe(true)
  }
  await scraper.stop()
  await spool.drained()
  expect(
    await storage.db.query(
      `select output_tokens, restarted, interval_ms from server_samples where timestamp >= '2026-01-06' order by timestamp`,
    ),
  ).toEqual([
    { output_tokens: null, restarted: false, interval_ms: null },
    { output_tokens: 45, restarted: false, interval_ms: expect.any(Number) as number },
    // The other engine on the page has 200 of its own, which also began again.
    { output_tokens: 220, restarted: true, interval_ms: 20_000 },
    { output_tokens: 5, restarted: false, interval_ms: 10_000 },
  ])
})
