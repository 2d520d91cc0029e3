/** The backtest route as the rule editor meets it, on the real reader. */
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDeps } from '../../../test/dashboard/serve.ts'
import { testStorage } from '../../../storage/testing.ts'
import { alertsHarness, latencyRules, minute, t0, type Harness } from '../../../alerts/testing/harness.ts'
import { createApp } from '../app.ts'
import { createAsk } from '../answer.ts'
import { ApiError } from '../errors.ts'
import { backtestRoute, type BacktestResult } from './backtest.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
let app: ReturnType<typeof createApp>
beforeAll(async () => {
  storage = await testStorage()
  room = await alertsHarness(storage)
  await room.slowForTwoMinutes()
  app = createApp(testDeps(storage.reader), { now: () => t0 + 30 * minute })
})
afterAll(async () => {
  await room.stop()
  await storage.stop()
})

const post = (body: object) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { host: 'localhost:8080', 'content-type': 'application/json' },
})

async function refusal(body: object): Promise<{ status: number; error: { message: string; field?: string } }> {
  const response = await app.request('/api/alerts/backtest', post(body))
  return { status: response.status, ...((await response.json()) as { error: { message: string } }) }
}

async function events(response: Response): Promise<{ event: string; data: unknown }[]> {
  const text = await response.text()
  return text
    .split('\n\n')
    .filter(Boolean)
    .map((message) => {
      const [, event = '', data = 'null'] = /^event: (.*)\ndata: (.*)$/s.exec(message) ?? []
      return { event, data: JSON.parse(data) as unknown }
    })
}

test('progress, then the result; with a wish, a threshold and a chart', async () => {
  const response = await app.request(
    '/api/alerts/backtest',
    post({ yaml: latencyRules, range: '30m', pages_per_week: 1 }),
  )
  expect(response.headers.get('content-type')).toMatch('text/event-stream')
  const seen = await events(response)
  expect(seen[0]).toEqual({ event: 'progress', data: { done: 0, total: 60, firings: 0 } })
  expect(seen.at(-2)).toEqual({ event: 'progress', data: { done: 60, total: 60, firings: 1 } })
  expect(seen.at(-1)?.event).toBe('result')
  const result = seen.at(-1)?.data as BacktestResult
  expect(result).toMatchObject({
    rule: 'HighP95Latency',
    from: t0,
    firings: 1,
    pages: 1,
    suggestion: { text: '8000ms', pages: 0 },
    intervals: [{ start: t0 + 1.5 * minute, end: t0 + 7 * minute, peak: 8_000, requests: { count: 12 } }],
  })
  expect(result.chart?.[0]?.points.length).toBeGreaterThan(0)
})

test('a rule alone; a query that cannot run says why, in the stream', async () => {
  const rule = 'alert: A\nsql: select nope as value from requests'
  const response = await app.request(
    '/api/alerts/backtest',
    post({ yaml: rule, from: t0, to: t0 + minute, step: '10s' }),
  )
  expect(response.status).toBe(200)
  const seen = await events(response)
  expect(seen.at(-1)).toMatchObject({
    event: 'error',
    data: { error: { message: expect.stringContaining('nope'), field: 'yaml' } },
  })
})

test('one that takes too long ends, and makes room for the next', async () => {
  const deps = testDeps(storage.reader)
  const context = { deps, now: () => t0 + 30 * minute, ask: createAsk(storage.reader) }
  const route = backtestRoute(context, { longestMs: 0 })
  for (let turn = 0; turn < 3; turn++) {
    const seen = await events(await route.request('/api/alerts/backtest', post({ yaml: latencyRules, range: '30m' })))
    expect(seen.at(-1)).toMatchObject({ event: 'error', data: { error: { message: 'The backtest took too long' } } })
  }
})

test('a client that reads nothing is given up, and makes room for the next', async () => {
  const deps = testDeps(storage.reader)
  const context = { deps, now: () => t0 + 30 * minute, ask: createAsk(storage.reader) }
  const route = new Hono()
    .onError((error, c) => c.json({}, error instanceof ApiError ? error.status : 500))
    .route('/', backtestRoute(context, { longestWriteMs: 100 }))
  const begin = () => route.request('/api/alerts/backtest', post({ yaml: latencyRules, range: '30m' }))
  const unread = await Promise.all([begin(), begin()])
  expect(unread.map(({ status }) => status)).toEqual([200, 200])
  expect((await begin()).status).toBe(429)
  await expect.poll(async () => (await begin()).status).toBe(200)
})

test.each([
  [{}, 'yaml', /yaml/],
  [{ yaml: 'alert: A\nkind: latency\nabove: 5%' }, 'yaml', /^rule:3: above: expected a duration/],
  [{ yaml: latencyRules, rule: 'B' }, 'yaml', /there is no rule B/],
  [{ yaml: latencyRules, range: '700d' }, 'step', /evaluations are too many/],
  [{ yaml: latencyRules, range: '1h', step: '10ms' }, 'step', /1s or more/],
  [{ yaml: latencyRules, rnage: '1h' }, 'rnage', /rnage/],
  [{ yaml: latencyRules, from: 2, to: 1 }, 'from', /before/],
])('%j is refused', async (body, field, message) => {
  expect(await refusal(body)).toMatchObject({ status: 400, error: { field, message: expect.stringMatching(message) } })
})
