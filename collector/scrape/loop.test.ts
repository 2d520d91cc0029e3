import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Target } from '../../records/server-sample.ts'
import { scrapeConfig } from '../config.ts'
import type { Batch } from '../spool/index.ts'
import { ManualClock } from './clock.ts'
import { startScraper, type Scraper } from './index.ts'
import { fixture } from './testing.ts'

type Answer = string | ((request: IncomingMessage, response: ServerResponse) => void)

/** A local exporter whose page tests change. */
let answer: Answer
let requests: IncomingMessage[]
let server: Server
let url: string
let clock: ManualClock
let batches: Batch[]
let inserted: Target[]
let refuse: Error | null
let scrapers: Scraper[]

beforeEach(async () => {
  requests = []
  batches = []
  inserted = []
  refuse = null
  scrapers = []
  clock = new ManualClock()
  server = createServer((request, response) => {
    requests.push(request)
    if (typeof answer === 'string') response.end(answer)
    else answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
})

afterEach(async () => {
  for (const scraper of scrapers) await scraper.stop()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const config = (targets: object[], rest: object = {}) => scrapeConfig.parse({ targets, ...rest })

function scrape(targets: object[], rest: object = {}, endpoints: { name: string; upstream?: string }[] = []): Scraper {
  const scraper = startScraper({
    config: config(targets, rest),
    endpoints: endpoints.map((endpoint) => ({ kind: 'openai' as const, ...endpoint })),
    spool: {
      async append(batch) {
        if (refuse) throw refuse
        batches.push(batch)
      },
    },
    db: {
      async insert(_, rows) {
        inserted.push(...(rows as Target[]))
      },
    },
    log: pino({ level: 'silent' }),
    clock,
  })
  scrapers.push(scraper)
  return scraper
}

const until = (holds: () => boolean) => expect.poll(holds, { interval: 2, timeout: 10_000 }).toBe(true)

/** Waits until the scrape of this moment is over, then moves on by one interval. */
async function next(scraper: Scraper, ms = 10_000): Promise<void> {
  clock.advance(ms)
  await until(() => scraper.targets().every(({ timestamp }) => timestamp > (clock.now() - ms) * 1000))
}

const settled = (scraper: Scraper) => until(() => scraper.targets().every(({ state }) => state !== 'unknown'))

describe('a vLLM server over time', () => {
  const page = fixture('vllm-v1.prom')

  test('first scrape, work, failure, restart', async () => {
    answer = page
    const scraper = scrape([{ url, labels: { rack: 'r7' } }], {}, [{ name: 'chat', upstream: new URL(url).origin }])
    await settled(scraper)
    expect(batches[0]?.server_samples).toMatchObject([
      {
        timestamp: 1_700_000_000_000_000,
        server: 'vllm',
        instance: new URL(url).host,
        endpoint: 'chat',
        model: 'acme/tiny-chat',
        running: 7,
        interval_ms: null,
        output_tokens: null,
      },
    ])
    expect(scraper.targets()).toMatchObject([{ url, kind: 'vllm', endpoint: 'chat', state: 'up', error: '' }])

    answer = page.replace(/(generation_tokens_total\{engine="0".*) 300.0/, '$1 345.0')
    await next(scraper)
    expect(batches[1]?.server_samples?.[0]).toMatchObject({ output_tokens: 45, restarted: false })
    const interval = batches[1]?.server_samples?.[0]?.interval_ms ?? 0

    answer = (_, response) => response.writeHead(503).end()
    await next(scraper)
    expect(scraper.targets()).toMatchObject([{ state: 'down', error: "answers 503: look at the server's own log" }])
    expect(batches).toHaveLength(2)

    answer = page
      .replace(/(generation_tokens_total\{engine="0".*) 300.0/, '$1 400.0')
      .replace('1.7600000005e+09', '1.7600005005e+09')
    await next(scraper)
    // The process start moved, so even counters that grew are counted from 0; the interval covers the failure.
    expect(batches[2]?.server_samples?.[0]).toMatchObject({ output_tokens: 600, restarted: true, interval_ms: 20_000 })
    expect(interval).toBeGreaterThan(0)
    expect(inserted.map(({ state }) => state)).toEqual(['up', 'down', 'up'])
  })

  test('everything that is not mapped is a plain metric, once', async () => {
    answer = page
    const scraper = scrape([{ url, labels: { rack: 'r7', engine: 'configured' } }])
    await settled(scraper)
    const metrics = batches[0]?.metric_samples ?? []
    expect(metrics.map(({ name }) => name)).toEqual([
      'process_start_time_seconds',
      'vllm:iteration_tokens_total_bucket',
      'vllm:iteration_tokens_total_bucket',
      'vllm:iteration_tokens_total_count',
      'vllm:iteration_tokens_total_sum',
    ])
    expect(metrics[1]).toEqual({
      timestamp: 1_700_000_000_000_000,
      target: url,
      name: 'vllm:iteration_tokens_total_bucket',
      labels: new Map([
        ['engine', 'configured'],
        ['le', '1.0'],
        ['model_name', 'acme/tiny-chat'],
        ['rack', 'r7'],
        ['exported_engine', '0'],
      ]),
      value: 40,
    })
  })

  test('rows that the spool does not take carry over into the next scrape', async () => {
    answer = page
    const scraper = scrape([{ url }])
    await settled(scraper)
    refuse = new Error('spool is full')
    answer = page.replace(/(generation_tokens_total\{engine="0".*) 300.0/, '$1 310.0')
    await next(scraper)
    expect(scraper.targets()).toMatchObject([{ state: 'up', samples: 0 }])
    refuse = null
    answer = page.replace(/(generation_tokens_total\{engine="0".*) 300.0/, '$1 320.0')
    await next(scraper)
    expect(batches[1]?.server_samples?.[0]).toMatchObject({ output_tokens: 20 })
  })
})

describe('a GPU exporter', () => {
  test.each([
    [{ host: 'gpu-node-1' }, 'gpu-node-1'],
    [{}, 'node-a'],
  ])('host with labels %j is %s', async (labels, host) => {
    answer = fixture('dcgm.prom')
    await settled(scrape([{ url, labels }]))
    expect(batches[0]?.gpu_samples).toMatchObject([
      { gpu: '0', host, target: url },
      { gpu: '1', host },
    ])
    expect(batches[0]?.metric_samples?.map(({ name }) => name)).toEqual([
      'DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL',
      'DCGM_FI_DEV_FAN_SPEED',
    ])
  })
})

describe('what can be wrong with a target', () => {
  test.each<[string, Answer, object, string]>([
    ['404', (_, response) => response.writeHead(404).end(), {}, 'nothing at /metrics (404)'],
    ['401', (_, response) => response.writeHead(401).end(), {}, 'refuses access (401)'],
    [
      'a redirect',
      (_, response) => response.writeHead(302, { location: '/login' }).end(),
      {},
      'redirects (302) to /login',
    ],
    ['a web page', '<!DOCTYPE html><html></html>', {}, 'answers a web page'],
    ['JSON', '{"status":"ok"}', {}, 'answers JSON'],
    ['an empty page', '\n', {}, 'answers an empty page'],
    ['comments only', '# TYPE a gauge\n', {}, 'the page has no samples'],
    ['words', 'hello there\n', {}, 'answers something else than metrics: line 1: expected a number, found "there"'],
    ['another kind', 'a 1\n', { kind: 'vllm' }, 'configured as kind "vllm", but the page has none of its metrics'],
    ['another known kind', 'DCGM_FI_DEV_GPU_TEMP{gpu="0"} 1\n', { kind: 'vllm' }, 'it looks like dcgm'],
    [
      'an unknown kind',
      'a 1\n',
      { kind: 'vlm' },
      'kind "vlm" is not known: write one of vllm, ray-vllm, dcgm, prometheus',
    ],
    [
      'a cut connection',
      (_, response) => response.write('a 1\n', () => response.destroy()),
      {},
      'closed the connection',
    ],
  ])('%s', async (_, given, target, message) => {
    answer = given
    const scraper = scrape([{ url, ...target }])
    await settled(scraper)
    const [found] = scraper.targets()
    expect(found).toMatchObject({ state: 'down', samples: null })
    expect(found?.error).toContain(message)
    expect(batches).toEqual([])
    await until(() => inserted.length === 1)
    expect(inserted[0]).toMatchObject({ url, state: 'down', error: found?.error })
  })

  test('nobody listens', async () => {
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    const scraper = scrape([{ url: `http://127.0.0.1:${port}/metrics` }])
    await settled(scraper)
    expect(scraper.targets()[0]?.error).toBe(
      `connection refused by 127.0.0.1:${port}: is the server running, and is the port right?`,
    )
  })

  test('no answer in time', async () => {
    answer = () => undefined
    const scraper = scrape([{ url }], { timeout: '20ms' })
    await settled(scraper)
    expect(scraper.targets()[0]?.error).toContain('no answer within 20 ms')
  })

  test('a page that is too large once unpacked is not read to its end', async () => {
    const bomb = gzipSync('a 1\n'.repeat(100_000))
    answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    const scraper = scrape([{ url }], { max_bytes: 10_000 })
    await settled(scraper)
    expect(bomb.length).toBeLessThan(10_000)
    expect(scraper.targets()[0]?.error).toBe('the page is larger than 10000 bytes: raise scrape.max_bytes')
  })

  test('one failing target does not hurt another, whatever breaks', async () => {
    answer = (request, response) => {
      if (request.url === '/bad') response.destroy()
      else if (request.url !== '/slow') response.end('a 1\n')
    }
    const other = (path: string) => url.replace('/metrics', path)
    const scraper = scrape([{ url: other('/bad') }, { url: other('/slow') }, { url }], { timeout: '1h' })
    await until(() => scraper.targets()[2]?.state === 'up')
    expect(scraper.targets().map(({ state }) => state)).toMatchObject([expect.anything(), 'unknown', 'up'])
  })
})

describe('how a page is asked for', () => {
  test('gzip is understood, credentials become a header and are shown nowhere', async () => {
    answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('a 1\n'))
    const scraper = scrape([{ url: url.replace('//', '//user:p%40ss@') }])
    await settled(scraper)
    expect(scraper.targets()).toMatchObject([{ url, state: 'up', kind: 'prometheus', samples: 1 }])
    expect(requests[0]?.headers).toMatchObject({ authorization: `Basic ${btoa('user:p@ss')}` })
    expect(requests[0]?.headers['accept-encoding']).toContain('gzip')
    expect(JSON.stringify([batches, inserted])).not.toContain('ss@')
  })

  test('a byte order mark does not cost the first line', async () => {
    answer = '\uFEFFa 1\nb 2\n'
    await settled(scrape([{ url }]))
    expect(batches[0]?.metric_samples?.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('a scrape still running is not overlapped', async () => {
    let release = () => undefined as void
    answer = (_, response) => (release = () => void response.end('a 1\n'))
    const scraper = scrape([{ url }], { timeout: '1h' })
    await until(() => requests.length === 1)
    clock.advance(35_000)
    release()
    await settled(scraper)
    expect(requests).toHaveLength(1)
    answer = 'a 2\n'
    await next(scraper)
    expect(requests).toHaveLength(2)
  })

  test('once per interval, and health each minute although nothing changes', async () => {
    answer = 'a 1\n'
    const scraper = scrape([{ url }])
    await settled(scraper)
    await next(scraper)
    for (let round = 2; round <= 12; round++) await next(scraper)
    expect(requests).toHaveLength(13)
    expect(inserted).toHaveLength(3)
    expect(inserted[0]?.timestamp).toBe(1_700_000_000_000_000)
  })
})

test('lines that are refused are told of once a minute', async () => {
  answer = 'a 1\nb{c} 2\nd 3\ne 4\n'
  const scraper = scrape([{ url }], { max_series: 2 })
  await settled(scraper)
  for (let round = 0; round < 7; round++) await next(scraper)
  expect(batches[0]?.metric_samples).toHaveLength(2)
  const issues = batches.flatMap(({ ingest_issues = [] }) => ingest_issues)
  expect(issues.map(({ reason, items }) => [reason, items])).toEqual([
    ['unreadable_line', 1],
    ['max_series', 1],
    ['unreadable_line', 7],
    ['max_series', 7],
  ])
  expect(issues[0]?.example).toBe(`${url} line 2: label "c" has no quoted value`)
})

describe('reload and stop', () => {
  test('targets that stay keep their counters, others come and go', async () => {
    answer = fixture('vllm-v1.prom')
    const other = url.replace('/metrics', '/other')
    const scraper = scrape([{ url }, { url: other }])
    await settled(scraper)
    answer = fixture('vllm-v1.prom').replace(/(generation_tokens_total\{engine="0".*) 300.0/, '$1 301.0')
    const third = url.replace('/metrics', '/third')
    scraper.reload(config([{ url, endpoint: 'renamed' }, { url: third }]), [])
    await settled(scraper)
    await until(() => inserted.some(({ error }) => error === 'no longer configured'))
    expect(inserted.find(({ state }) => state === 'unknown')).toMatchObject({ url: other })
    batches = []
    await next(scraper)
    expect(scraper.targets().map((target) => [target.url, target.endpoint])).toEqual([
      [url, 'renamed'],
      [third, ''],
    ])
    const rows = batches.flatMap(({ server_samples = [] }) => server_samples)
    expect(rows.find(({ endpoint }) => endpoint === 'renamed')).toMatchObject({ output_tokens: 1 })
  })

  test('stop ends a scrape under way, stores nothing after it, and may be called twice', async () => {
    answer = () => undefined
    const scraper = scrape([{ url }], { timeout: '1h' })
    await until(() => requests.length === 1)
    await scraper.stop()
    await scraper.stop()
    clock.advance(60_000)
    scraper.reload(config([{ url }]), [])
    expect([requests.length, batches, inserted]).toEqual([1, [], []])
  })
})
