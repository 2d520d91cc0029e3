/** The API as a client meets it: `app.request()` on a real storage. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { plainIssue } from '../../records/ingest-issue.ts'
import { requests, trace } from '../../test/dashboard/seed.ts'
import { testDeps } from '../../test/dashboard/serve.ts'
import { store } from '../../test/dashboard/store.ts'
import type { Db } from '../../storage/client.ts'
import { testStorage } from '../../storage/testing.ts'
import { createApp } from './app.ts'

const noon = Date.UTC(2026, 10, 21, 12)
const rows = requests(noon, 60).filter((_, index) => index % 10 === 0)
const newest = rows.at(-1)

let storage: Awaited<ReturnType<typeof testStorage>>
let app: ReturnType<typeof createApp>

beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', rows)
  if (newest) await store(storage.db, 'spans', trace(newest))
  app = createApp(testDeps(storage.reader), { now: () => noon })
})
afterAll(() => storage.stop())
afterEach(() => vi.unstubAllEnvs())

const get = (path: string, headers: Record<string, string> = {}) =>
  app.request(path, { headers: { host: 'localhost:8080', ...headers } })

async function json(path: string): Promise<Record<string, unknown>> {
  const response = await get(path)
  expect(response.status).toBe(200)
  return (await response.json()) as Record<string, unknown>
}

describe('questions', () => {
  test.each([
    '/api/overview',
    '/api/overview/fill',
    '/api/overview/endpoints',
    '/api/overview/offenders',
    '/api/overview/today',
    '/api/models',
    '/api/series/latency',
    '/api/series/throughput',
    '/api/series/spend',
    '/api/gpus',
    '/api/servers',
    '/api/servers/totals',
    '/api/servers/series',
    '/api/topology',
    '/api/requests',
    '/api/targets',
    '/api/ingest',
    '/api/filters',
    '/api/alerts/history',
    '/api/changes',
    '/api/annotations',
  ])('%s answers, and shows its SQL when asked', async (path) => {
    expect(await json(`${path}?range=1h`)).not.toHaveProperty('explain')
    const explained = (await json(`${path}?range=1h&explain=1`)).explain as { sql: string; params: object }[]
    expect(explained.length).toBeGreaterThan(0)
    expect(explained.every(({ sql }) => /^(select|with)\b/i.test(sql.trim()))).toBe(true)
  })

  test('the overview counts what was stored', async () => {
    const { current } = (await json('/api/overview?range=1h')) as {
      current: { requests: number; output_tokens: number }
    }
    const inside = rows.filter(({ timestamp }) => timestamp >= (noon - 3_600_000) * 1000)
    expect(current.requests).toBe(inside.length)
    expect(current.output_tokens).toBe(inside.reduce((sum, { output_tokens }) => sum + (output_tokens ?? 0), 0))
  })

  test('filters repeat; from and to are ISO or epoch ms', async () => {
    const of = async (query: string) =>
      ((await json(`/api/overview?${query}`)) as { current: { requests: number } }).current.requests
    const both = await of('range=1h&model=gpt-4o&model=gpt-4o-mini')
    expect(both).toBe((await of('range=1h&model=gpt-4o')) + (await of('range=1h&model=gpt-4o-mini')))
    expect(await of(`from=2026-11-21T11:00:00Z&to=${noon}`)).toBe(await of('range=1h'))
    // Without a zone it is UTC, wherever the machine is.
    vi.stubEnv('TZ', 'America/New_York')
    expect(await of(`from=2026-11-21T11:00&to=${noon}`)).toBe(await of('range=1h'))
  })

  test('pages of requests follow by `next`', async () => {
    const first = (await json('/api/requests?limit=5')) as { requests: { span_id: string }[]; next: string }
    const second = (await json(`/api/requests?limit=5&after=${first.next}`)) as typeof first
    expect(first.requests[0]?.span_id).toBe(newest?.span_id)
    expect(new Set([...first.requests, ...second.requests].map(({ span_id }) => span_id)).size).toBe(10)
  })

  test('one request with the spans of its trace', async () => {
    const answer = await json(`/api/requests/${newest?.trace_id}/${newest?.span_id}`)
    expect(answer.request).toMatchObject({ model: newest?.model })
    expect(answer.spans).toHaveLength(3)
    expect(await json(`/api/traces/${newest?.trace_id}`)).toMatchObject({ spans: answer.spans })
  })

  test('the inbox: what, how many, since when, an example, and what to do', async () => {
    const issue = {
      ...plainIssue,
      timestamp: (noon - 60_000) * 1000,
      source: 'spans',
      reason: 'unpriced_model',
      subject: 'mistral_ai / new-model',
      items: 3,
      example: '',
      example_trace_id: newest?.trace_id ?? '',
      example_span_id: newest?.span_id ?? '',
    }
    await store(storage.db, 'ingest_issues', [issue, { ...issue, timestamp: issue.timestamp + 1e6, items: 4 }])
    const { timestamp: _at, ...kept } = issue
    expect(await json('/api/ingest?range=2h')).toEqual({
      from: noon - 7_200_000,
      to: noon,
      more: false,
      issues: [
        {
          ...kept,
          items: 7,
          first_ms: noon - 60_000,
          last_ms: noon - 59_000,
          title: 'Models without a price',
          explanation: expect.any(String),
          fix: expect.any(String),
          snippet: { label: 'inferwatch.yaml', text: expect.stringContaining('model: "new-model"') },
        },
      ],
    })
  })

  test('the cost of a request, line by line, by its ids in any form', async () => {
    const ids = [newest?.trace_id, newest?.span_id]
    const cost = await json(`/api/requests/${ids.join('/')}/cost`)
    expect(cost).toMatchObject({ request: { model: newest?.model }, lines: [], price: null })
    for (const separator of ['.', ':', '-'])
      expect(await json(`/api/requests/${ids.join(separator)}/cost`)).toEqual(cost)
    expect(await json(`/api/requests/${ids.join('/')}/cost?explain=1`)).toHaveProperty('explain')
  })

  test('equal questions at one time are one query', async () => {
    let asked = 0
    const { reader } = storage
    const counting: Db = {
      query: (...question) => {
        asked += 1
        return reader.query(...question)
      },
      command: (...statement) => reader.command(...statement),
      insert: (...rows) => reader.insert(...rows),
      insertRowBinary: (...body) => reader.insertRowBinary(...body),
    }
    const own = createApp(testDeps(counting), { now: () => noon })
    const asking = Array.from({ length: 8 }, async () => {
      const response = await own.request('/api/models?range=6h', { headers: { host: 'localhost' } })
      return response.status
    })
    expect(new Set(await Promise.all(asking))).toEqual(new Set([200]))
    expect(asked).toBe(1)
  })
})

describe('what it refuses', () => {
  test.each([
    ['/api/overview?range=soon', 400, 'range'],
    ['/api/overview?from=yesterday&to=today', 400, 'from'],
    ['/api/overview?from=2000&to=1000', 400, 'from'],
    ['/api/overview?range=800d', 400, 'from'],
    ['/api/overview?colour=red', 400, 'colour'],
    ['/api/requests?limit=0', 400, 'limit'],
    ['/api/requests?after=../../etc', 400, 'after'],
    ['/api/requests/no-request-/cost', 400, 'id'],
  ])('%s is %i and names %s', async (path, status, field) => {
    const response = await get(path)
    expect(response.status).toBe(status)
    const { error } = (await response.json()) as { error: { message: string; field: string; hint: string } }
    expect(error.field).toBe(field)
    expect(error.hint).not.toBe('')
  })

  test.each([
    [`/api/requests/${'0'.repeat(32)}/${'0'.repeat(16)}`],
    [`/api/requests/${'0'.repeat(32)}/${'0'.repeat(16)}/cost`],
    [`/api/traces/${'0'.repeat(32)}`],
    ['/api/nothing-here'],
  ])('%s is 404, with a reason', async (path) => {
    const response = await get(path)
    expect(response.status).toBe(404)
    expect(await response.json()).toHaveProperty('error.message')
  })

  test('what is too long ends its connection, whose rest nobody reads', async () => {
    const headers = { host: 'localhost:8080' }
    const response = await app.request('/api/sql', { method: 'POST', headers, body: 'x'.repeat(2_000_000) })
    expect(response.status).toBe(413)
    expect(response.headers.get('connection')).toBe('close')
  })

  test('a Host that is not this machine, while on loopback', async () => {
    expect((await get('/api/status', { host: 'evil.example:8080' })).status).toBe(421)
    expect((await get('/api/status', { host: '127.0.0.1:8080' })).status).toBe(200)
    expect((await get('/api/status', { host: '[::1]:8080' })).status).toBe(200)
  })

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a neighbour', { 'sec-fetch-site': 'same-site' }, 403],
    ['an older browser elsewhere', { origin: 'http://evil.example' }, 403],
    ['a sandboxed frame', { origin: 'null' }, 403],
    ['our page', { 'sec-fetch-site': 'same-origin' }, 200],
    ['our page in an older browser', { origin: 'http://localhost:8080' }, 200],
    ['curl', {}, 200],
  ])('a POST from %s is %o', async (_who, headers, status) => {
    const response = await app.request('/api/demo/start', {
      method: 'POST',
      headers: { host: 'localhost:8080', ...(headers as Record<string, string>) },
    })
    expect(response.status).toBe(status)
  })
})

describe('keys', () => {
  const key = 'a-key-of-sixteen-or-more'
  const guarded = () =>
    createApp(
      testDeps(storage.reader, {
        config: { api_keys: [key] },
        addresses: () => ({ dashboard: '0.0.0.0:8080', otlp_http: '', otlp_grpc: '', clickhouse: '' }),
      }),
      { now: () => noon },
    )

  test('with keys set, the API and /metrics want one; probes do not', async () => {
    const own = guarded()
    expect((await own.request('/api/status')).status).toBe(401)
    expect((await own.request('/metrics')).status).toBe(401)
    expect((await own.request('/healthz')).status).toBe(200)
    expect((await own.request('/api/status', { headers: { authorization: `Bearer ${key}` } })).status).toBe(200)
    expect((await own.request('/api/status', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401)
  })

  test('the login form trades a key for a cookie that scripts cannot read', async () => {
    const own = guarded()
    const login = (text: string) => own.request('/api/session', { method: 'POST', body: JSON.stringify({ key: text }) })
    expect((await login('wrong')).status).toBe(401)
    const answer = await login(key)
    const cookie = answer.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/HttpOnly/)
    expect(cookie).toMatch(/SameSite=Strict/)
    expect(cookie).not.toContain(key)
    const session = cookie.split(';')[0] ?? ''
    expect((await own.request('/api/status', { headers: { cookie: session } })).status).toBe(200)
    expect((await own.request('/api/status', { headers: { cookie: `${session}x` } })).status).toBe(401)
  })
})

describe('the process', () => {
  test('alive, ready, metrics, and headers on every answer', async () => {
    const response = await get('/healthz')
    expect(await response.json()).toMatchObject({ ok: true })
    expect(response.headers.get('content-security-policy')).toMatch(/script-src 'self';/)
    expect(response.headers.get('content-security-policy')).toMatch(/frame-ancestors 'none'/)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await get('/readyz')).status).toBe(200)
    expect((await get('/metrics')).headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/)
  })

  test('not ready says why', async () => {
    const away = { storageReady: () => Promise.resolve({ ok: false, reason: 'the disk is full' }) }
    const response = await createApp(testDeps(storage.reader, away)).request('/readyz', {
      headers: { host: 'localhost' },
    })
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({
      ok: false,
      storage: { reason: 'the disk is full' },
      collector: { ok: true },
    })
  })

  test('status has versions, addresses, and whether there is data', async () => {
    expect(await json('/api/status')).toMatchObject({
      has_requests: true,
      has_gpus: false,
      version: '0.0.0-test',
      login: false,
    })
  })
})
