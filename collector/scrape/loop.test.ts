/** What a target does over time: rows, increases, restarts, reloads. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fixture } from './testing.ts'
import { settled, testConfig, testExporter, until, type TestExporter } from './testing-exporter.ts'

let exporter: TestExporter
let url: string
beforeEach(async () => {
  exporter = await testExporter()
  url = exporter.url
})
afterEach(() => exporter.stop())

describe('a vLLM server over time', () => {
  const page = fixture('vllm-v1.prom')

  test('first scrape, work, failure, restart', async () => {
    exporter.answer = page
    const scraper = exporter.scrape([{ url, labels: { rack: 'r7' } }], {}, [
      { name: 'chat', upstream: new URL(url).origin },
    ])
    await settled(scraper)
    expect(exporter.batches[0]?.server_samples).toMatchObject([
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

    exporter.answer = page.replace(/(generation_tokens_total\{engine="0".*) 300.0/, '$1 345.0')
    await exporter.next(scraper)
    expect(exporter.batches[1]?.server_samples?.[0]).toMatchObject({ output_tokens: 45, restarted: false })
    const interval = exporter.batches[1]?.server_samples?.[0]?.interval_ms ?? 0

    exporter.answer = (_, response) => response.writeHead(503).end()
    await exporter.next(scraper)
    expect(scraper.targets()).toMatchObject([
      { state: 'down', error: 'answers 503: the server may still be starting: look at its own log' },
    ])
    expect(exporter.batches).toHaveLength(2)

    exporter.answer = page
      .replace(/(generation_tokens_total\{engine="0".*) 300.0/, '$1 400.0')
      .replace('1.7600000005e+09', '1.7600005005e+09')
    await exporter.next(scraper)
    // The process start moved, so even counters that grew are counted from 0; the interval covers the failure.
    expect(exporter.batches[2]?.server_samples?.[0]).toMatchObject({
      output_tokens: 600,
      restarted: true,
      interval_ms: 20_000,
    })
    expect(interval).toBeGreaterThan(0)
    expect(exporter.inserted.map(({ state }) => state)).toEqual(['up', 'down', 'up'])
  })

  test('everything that is not mapped is a plain metric, once', async () => {
    exporter.answer = page
    const scraper = exporter.scrape([{ url, labels: { rack: 'r7', engine: 'configured' } }])
    await settled(scraper)
    const metrics = exporter.batches[0]?.metric_samples ?? []
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
    exporter.answer = page
    const scraper = exporter.scrape([{ url }])
    await settled(scraper)
    exporter.refuse = new Error('spool is full')
    exporter.answer = page.replace(/(generation_tokens_total\{engine="0".*) 300.0/, '$1 310.0')
    await exporter.next(scraper)
    expect(scraper.targets()).toMatchObject([{ state: 'up', samples: 0 }])
    exporter.refuse = null
    exporter.answer = page.replace(/(generation_tokens_total\{engine="0".*) 300.0/, '$1 320.0')
    await exporter.next(scraper)
    expect(exporter.batches[1]?.server_samples?.[0]).toMatchObject({ output_tokens: 20 })
  })
})

describe('a GPU exporter', () => {
  test.each([
    [{ host: 'gpu-node-1' }, 'gpu-node-1'],
    [{}, 'node-a'],
  ])('host with labels %j is %s', async (labels, host) => {
    exporter.answer = fixture('dcgm.prom')
    await settled(exporter.scrape([{ url, labels }]))
    expect(exporter.batches[0]?.gpu_samples).toMatchObject([
      { gpu: '0', host, target: url },
      { gpu: '1', host },
    ])
    expect(exporter.batches[0]?.metric_samples?.map(({ name }) => name)).toEqual([
      'DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL',
      'DCGM_FI_DEV_FAN_SPEED',
    ])
  })
})

test('lines that are refused are told of once a minute', async () => {
  exporter.answer = 'a 1\nb{c} 2\nd 3\ne 4\n'
  const scraper = exporter.scrape([{ url }], { max_series: 2 })
  await settled(scraper)
  for (let round = 0; round < 7; round++) await exporter.next(scraper)
  expect(exporter.batches[0]?.metric_samples).toHaveLength(2)
  const issues = exporter.batches.flatMap(({ ingest_issues = [] }) => ingest_issues)
  expect(issues.map(({ reason, items }) => [reason, items])).toEqual([
    ['unreadable_line', 1],
    ['max_series', 1],
    ['unreadable_line', 7],
    ['max_series', 7],
  ])
  expect(issues[0]?.example).toBe(`${url}: line 2: label "c" has no quoted value`)
})

test('a thousand targets are not scraped all at once, when they start or later', async () => {
  exporter.answer = 'a 1\n'
  const after = vi.spyOn(exporter.clock, 'after')
  const targets = Array.from({ length: 1000 }, (_, index) => ({ url: url.replace('/metrics', `/${index}`) }))
  exporter.scrape(targets, { interval: '15s' })
  const stored = () => exporter.batches.flatMap(({ metric_samples = [] }) => metric_samples).length
  await until(() => stored() === 20)
  expect(exporter.requests).toHaveLength(20)
  // What was planned for each tenth of a second: the second scrape of every target, and the first of all but those 20.
  const planned = Map.groupBy(after.mock.calls, ([ms]) => Math.floor(ms / 100))
  expect([...planned.values()].flat()).toHaveLength(1980)
  expect(Math.max(...[...planned.values()].map(({ length }) => length))).toBeLessThan(50)
  expect(Math.max(...planned.keys())).toBeGreaterThan(140)
  exporter.clock.advance(100)
  await until(() => stored() >= 40)
})

test('a spool that is slow costs no scrape, and counts nothing twice', async () => {
  const page = fixture('vllm-v1.prom')
  const tokens = (value: number) => page.replace(/(generation_tokens_total\{engine="0".*) 300.0/, `$1 ${value}.0`)
  exporter.answer = page
  const scraper = exporter.scrape([{ url }])
  await settled(scraper)
  const { promise, resolve } = Promise.withResolvers<void>()
  exporter.slow = promise
  for (const [value, requests] of [
    [310, 2],
    [325, 3],
  ] as const) {
    exporter.answer = tokens(value)
    exporter.clock.advance(10_000)
    await until(() => exporter.requests.filter((request) => request.url === '/metrics').length === requests)
  }
  expect(exporter.batches).toHaveLength(1)
  exporter.slow = null
  resolve()
  await until(() => exporter.batches.length === 3)
  const rows = exporter.batches.flatMap(({ server_samples = [] }) => server_samples)
  expect(rows.map(({ output_tokens }) => output_tokens)).toEqual([null, 10, 15])
})

test('a target that comes and goes is scraped on, and says each time what is wrong', async () => {
  const scraper = exporter.scrape([{ url }])
  const seen: string[] = []
  for (const answer of ['a 1\n', null, 'a 2\n', null, null, 'a 3\n']) {
    exporter.answer = answer ?? ((_, response) => response.destroy())
    if (seen.length === 0) await settled(scraper)
    else await exporter.next(scraper)
    seen.push(scraper.targets()[0]?.state ?? '')
  }
  expect(seen).toEqual(['up', 'down', 'up', 'down', 'down', 'up'])
  await until(() => exporter.inserted.length === 5)
  expect(exporter.inserted.map(({ state, error }) => `${state} ${error}`)).toEqual([
    'up ',
    expect.stringMatching(/^down .* closed the connection$/),
    'up ',
    expect.stringMatching(/^down .* closed the connection$/),
    'up ',
  ])
  const values = exporter.batches.flatMap(({ metric_samples = [] }) => metric_samples.map(({ value }) => value))
  expect(values).toEqual([1, 2, 3])
})

test('a page with too many series says which label makes them, once a minute', async () => {
  const lines = Array.from({ length: 30 }, (_, index) => `a_total{pod="p${index}",zone="z"} 1`)
  exporter.answer = `${lines.join('\n')}\n`
  const scraper = exporter.scrape([{ url, metrics: { max_series: 10 } }])
  await settled(scraper)
  for (let round = 0; round < 3; round++) await exporter.next(scraper)
  expect(exporter.batches.map(({ metric_samples = [] }) => metric_samples.length)).toEqual([10, 10, 10, 10])
  const issues = exporter.batches.flatMap(({ ingest_issues = [] }) => ingest_issues)
  expect(issues).toMatchObject([{ source: 'scrape', reason: 'metrics_max_series', items: 20 }])
  expect(issues[0]?.example).toContain(`${url}: more than 10 series to store: label pod of a_total has 30 values`)
})

describe('a clock that is set', () => {
  test.each([
    ['back by a day', -86_400_000],
    ['forward by a day', 86_400_000],
  ])('%s: targets are scraped on, and their health is told', async (_, jump) => {
    exporter.answer = 'a 1\n'
    const scraper = exporter.scrape([{ url }])
    await settled(scraper)
    await exporter.next(scraper)
    exporter.clock.set(exporter.clock.now() + jump)
    exporter.inserted = []
    const [before] = [exporter.batches.length]
    for (let round = 1; round <= 8; round++) {
      exporter.clock.advance(10_000)
      await until(() => exporter.batches.length >= before + Math.max(round - 1, 1))
    }
    expect(exporter.batches.length).toBeLessThanOrEqual(before + 9)
    await until(() => exporter.inserted.length > 0)
  })
})

describe('reload and stop', () => {
  test('targets that stay keep their counters, others come and go', async () => {
    exporter.answer = fixture('vllm-v1.prom')
    const other = url.replace('/metrics', '/other')
    const scraper = exporter.scrape([{ url }, { url: other }])
    await settled(scraper)
    exporter.answer = fixture('vllm-v1.prom').replace(/(generation_tokens_total\{engine="0".*) 300.0/, '$1 301.0')
    const third = url.replace('/metrics', '/third')
    scraper.reload(testConfig([{ url, endpoint: 'renamed' }, { url: third }]), [])
    await settled(scraper)
    await until(() => exporter.inserted.some(({ error }) => error === 'no longer configured'))
    expect(exporter.inserted.find(({ state }) => state === 'unknown')).toMatchObject({ url: other })
    exporter.batches = []
    await exporter.next(scraper)
    expect(scraper.targets().map((target) => [target.url, target.endpoint])).toEqual([
      [url, 'renamed'],
      [third, ''],
    ])
    const rows = exporter.batches.flatMap(({ server_samples = [] }) => server_samples)
    expect(rows.find(({ endpoint }) => endpoint === 'renamed')).toMatchObject({ output_tokens: 1 })
  })

  test('one address in two spellings is one target', async () => {
    exporter.answer = 'a 1\n'
    const scraper = exporter.scrape([{ url }, { url: url.replace('//', '//me:secret@'), endpoint: 'last' }])
    await settled(scraper)
    expect(scraper.targets()).toMatchObject([{ url, endpoint: 'last' }])
    expect(exporter.batches.flatMap(({ metric_samples = [] }) => metric_samples)).toHaveLength(1)
  })

  test('counters stay apart when the queues of the configuration change', async () => {
    const system = (name: string) => ({ system: name, labels: ['q'], done: `${name}_done_total` })
    const page = (done: number) =>
      ['old', 'new', 'first'].map((name) => `${name}_done_total{q="jobs"} ${done}\n`).join('')
    exporter.answer = page(1_000)
    const scraper = exporter.scrape([{ url }], { queues: [system('old')] })
    await settled(scraper)
    exporter.answer = page(1_001)
    scraper.reload(testConfig([{ url }], { queues: [system('first'), system('new'), system('old')] }), [])
    await exporter.next(scraper)
    exporter.answer = page(1_003)
    await exporter.next(scraper)
    const rows = exporter.batches.flatMap(({ queue_samples = [] }) => queue_samples)
    const done = (name: string) => rows.filter((row) => row.system === name).map((row) => row.done)
    expect([done('old'), done('first'), done('new')]).toEqual([
      [null, 1, 2],
      [null, 2],
      [null, 2],
    ])
  })

  test('counters stay apart when a mapping changes', async () => {
    const page = (count: number) => `a_total{m="x"} ${count}\nb_total{m="x"} ${count}\n`
    const target = (name: string) => ({ url, kind: 'own', mapping: { model_label: 'm', output_tokens: name } })
    exporter.answer = page(1_000)
    const scraper = exporter.scrape([target('a')])
    await settled(scraper)
    exporter.answer = page(1_001)
    scraper.reload(testConfig([target('b')]), [])
    await exporter.next(scraper)
    exporter.answer = page(1_003)
    await exporter.next(scraper)
    const rows = exporter.batches.flatMap(({ server_samples = [] }) => server_samples)
    expect(rows.map(({ output_tokens }) => output_tokens)).toEqual([null, null, 2])
  })

  test('stop ends a scrape under way, stores nothing after it, and may be called twice', async () => {
    exporter.answer = () => undefined
    const scraper = exporter.scrape([{ url }], { timeout: '1h' })
    await until(() => exporter.requests.length === 1)
    await scraper.stop()
    await scraper.stop()
    exporter.clock.advance(60_000)
    scraper.reload(testConfig([{ url }]), [])
    expect([exporter.requests.length, exporter.batches, exporter.inserted]).toEqual([1, [], []])
  })
})
