/** The explorer's routes as a client meets them: free filters, the brush, files, saved views. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { random, requests as seeded } from '../../../test/dashboard/seed.ts'
import { testDeps } from '../../../test/dashboard/serve.ts'
import { store } from '../../../test/dashboard/store.ts'
import { testStorage } from '../../../storage/testing.ts'
import { createApp } from '../app.ts'

const now = Date.UTC(2026, 10, 21, 12)
const rows = seeded(now, 60)
const evil = '=HYPERLINK("x"),\n"a"'
rows[0] = { ...rows[0]!, team: evil }

let storage: Awaited<ReturnType<typeof testStorage>>
let app: ReturnType<typeof createApp>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', rows)
  app = createApp(testDeps(storage.reader, { writer: storage.db }), { now: () => now })
})
afterAll(() => storage?.stop())

const send = (path: string, init: RequestInit = {}) =>
  app.request(path, { ...init, headers: { host: 'localhost:8080' } })
async function get(path: string, query: Record<string, string> = {}) {
  const response = await send(`/api/${path}?${new URLSearchParams({ range: '1h', ...query }).toString()}`)
  return { status: response.status, body: (await response.json()) as Answer }
}
/** What the tests read of any answer. */
interface Answer extends Page, Record<string, unknown> {
  current: { requests: number }
  error?: { field: string }
}
interface Page {
  requests: { span_id: string }[]
  next: string | null
}

describe('the list in another order', () => {
  test('is the first page of it, and says of what', async () => {
    const { body } = await get('requests', { sort: '-duration_ms', limit: '5', q: 'team:support' })
    const slowest = rows
      .filter(({ team, duration_ms }) => team === 'support' && duration_ms !== null)
      .toSorted((a, b) => (b.duration_ms ?? 0) - (a.duration_ms ?? 0))
    expect(body.requests.map(({ span_id }) => span_id)).toEqual(slowest.slice(0, 5).map(({ span_id }) => span_id))
    expect(body).toMatchObject({ sorted_from: null })
  })

  test.each(['-duration_ms', 'cost_usd', '-output_tokens'])(
    'by %s it goes on where the page before ended',
    async (sort) => {
      const measure = sort.replace('-', '') as 'duration_ms' | 'cost_usd' | 'output_tokens'
      const ids: string[] = []
      for (let after: string | null | undefined; after !== null && ids.length < rows.length;) {
        const { body } = await get('requests', { sort, limit: '37', q: 'team:support', ...(after && { after }) })
        ids.push(...body.requests.map(({ span_id }) => span_id))
        after = body.next
      }
      const known = rows.filter((row) => row.team === 'support' && row[measure] !== null)
      expect(ids.toSorted()).toEqual(known.map(({ span_id }) => span_id).toSorted())
    },
  )

  test.each([
    ['sort', { sort: 'model' }],
    ['after', { sort: 'cost_usd', after: '1.a.b' }],
    ['after', { after: '0.5,0,1.a.b' }],
    ['after', { sort: 'cost_usd', after: 'x,0,1.a.b' }],
    ['after', { sort: 'cost_usd', after: '1.2.3,0,1.a.b' }],
    ['after', { sort: 'cost_usd', after: '1e400,0,1.a.b' }],
  ])('that there is not is a 400 about %s', async (field, query) => {
    const { status, body } = await get('requests', query)
    expect([status, body.error?.field]).toEqual([400, field])
  })
})

describe('the period before', () => {
  test.each(['traffic/latency', 'traffic/volume', 'traffic/concurrency', 'traffic/errors', 'servers/series'])(
    'of %s is answered when one compares',
    async (path) => {
      expect((await get(path)).body).not.toHaveProperty('previous')
      const { body } = await get(path, { compare: '1' })
      expect(body['previous']).toMatchObject({ step_ms: body['step_ms'], source: body['source'] })
    },
  )
})

describe('free filters', () => {
  test('hold in the list and in every other question', async () => {
    const slow = rows.filter(({ duration_ms, team }) => (duration_ms ?? 0) > 2000 && team !== 'search')
    const { body } = await get('requests', { q: 'duration>2s team!=search', limit: '500' })
    expect(body.requests.map(({ span_id }) => span_id)).toEqual(
      slow
        .map(({ span_id }) => span_id)
        .toReversed()
        .slice(0, 500),
    )
    const overview = await get('overview', { q: 'duration>2s -team:search' })
    expect(overview.body.current.requests).toBe(slow.length)
    const series = await get('series/latency', { q: 'duration>2s model:gpt*' })
    expect(series.status).toBe(200)
  })

  test('that cannot be read are a 400 that names them and the place', async () => {
    const { status, body } = await get('requests', { q: 'team:a colour:red' })
    expect(status).toBe(400)
    expect(body).toEqual({
      error: {
        message: 'Parameter q: there is no field colour; a text with : in it stands in quotes',
        field: 'q',
        hint: 'Write field:value, field!=value or field>number, such as model:gpt-4o duration>2s',
        at: { from: 7, to: 14 },
      },
    })
  })

  test('whatever the text, the answer is an answer or that 400', async () => {
    const draw = random(9)
    const letters = [
      'é',
      '🙂',
      ...`aB9"\\*:=<>!-. \t\n\0%_$'{}`.split(''),
      'model:',
      'duration>',
      'attribute.x=',
      '2s',
      '"',
      'user:"',
    ]
    for (let round = 0; round < 150; round += 1) {
      const text = Array.from({ length: 6 }, () => letters[Math.floor(draw() * letters.length)]).join('')
      const { status, body } = await get('requests', { q: text, limit: '1' })
      const { error } = body
      expect(
        [
          [200, undefined],
          [400, 'q'],
        ],
        text,
      ).toContainEqual([status, error?.field])
    }
  })
})

describe('the brush', () => {
  const at = now - 30 * 60_000
  const inside = rows.filter((row) => row.timestamp / 1000 >= at && (row.ttft_ms ?? -1) >= 300 && row.ttft_ms! < 900)

  test('narrows the list and the facets, and divides what differs', async () => {
    const query = { brush: `${at},,300,900`, measure: 'ttft_ms' }
    const { body } = await get('requests', { ...query, limit: '500' })
    expect(body.requests.length).toBe(inside.length)
    expect((await get('requests/facets', query)).body.requests).toBe(inside.length)
    const differs = await get('requests/differs', query)
    const all = rows.filter(({ ttft_ms }) => ttft_ms !== null).length
    expect(differs.body).toMatchObject({ inside: inside.length, outside: all - inside.length, factor: 1 })
    const beside = await get('requests', { brush: `${now + 1},${now + 2},,` })
    expect(beside.body.requests).toEqual([])
  })

  test.each(['1', 'a,b,c,d', '2,1,,', ',,5,5', ',,-1,', ',,Infinity,'])('%s is no brush', async (brush) => {
    const { status, body } = await get('requests', { brush })
    expect([status, body.error?.field]).toEqual([400, 'brush'])
  })
})

test('how many came since a list was read', async () => {
  const since = Date.now() + 1
  const fresh = () => get('requests/new', { since: String(since), q: 'team:late' })
  expect((await fresh()).body.requests).toBe(0)
  const late = ['late1', 'late2'].map((span_id) => Object.assign({}, rows[9], { span_id, team: 'late' }))
  await store(storage.db, 'requests', late)
  app = createApp(testDeps(storage.reader, { writer: storage.db }), { now: () => now })
  expect((await fresh()).body.requests).toBe(2)
})

describe('a file of the list', () => {
  const file = (query: Record<string, string>) =>
    send(`/api/requests/export?${new URLSearchParams({ range: '1h', ...query }).toString()}`)

  test('JSON has all rows, not a page of them', async () => {
    const response = await file({ format: 'json', q: '-team:late' })
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="requests-2026-11-21T120000.json"')
    const found = (await response.json()) as Record<string, unknown>[]
    expect(found.length).toBe(rows.length)
    expect(found.length).toBeGreaterThan(2000)
    const newest = rows.at(-1)!
    expect(found[0]).toMatchObject({
      timestamp: new Date(newest.timestamp / 1000).toISOString(),
      span_id: newest.span_id,
      duration_ms: newest.duration_ms,
    })
  })

  test('CSV is quoted, runs no formula, and ends at the limit', async () => {
    const text = await (await file({ format: 'csv', limit: '3' })).text()
    expect(text.trim().split('\r\n').length).toBe(4)
    const one = await (await file({ format: 'csv', q: `team:${JSON.stringify(evil).replaceAll('\\n', '\n')}` })).text()
    expect(one).toContain(`,"'=HYPERLINK(""x""),\n""a""",`)
    expect((await file({ format: 'csv', q: 'x:' })).status).toBe(400)
  })
})

describe('saved views', () => {
  const ask = async (method: string, path = '', body?: object) => {
    const response = await send(`/api/saved-views${path}`, { method, ...(body && { body: JSON.stringify(body) }) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const view = { page: '/requests', name: 'Slow', search: 'q=duration%3E2s&cols=model', saved_by: 'Ada' }

  test('saved, listed by page and name, changed, deleted', async () => {
    const { status, body: one } = await ask('POST', '', view)
    expect([status, one]).toEqual([200, { ...view, id: expect.any(String), saved_at: now }])
    const twin = await ask('POST', '', { ...view, page: '/cost' })
    expect(twin.status).toBe(200)
    expect((await ask('POST', '', view)).status).toBe(409)
    expect((await ask('GET', '?page=/requests')).body).toEqual({ views: [one] })
    const id = String(one.id)
    const changed = await ask('PATCH', `/${id}`, { name: 'Very slow' })
    expect(changed.body).toEqual({ ...one, name: 'Very slow' })
    expect((await ask('PATCH', `/${id}`, { page: '/x' })).status).toBe(400)
    expect((await ask('DELETE', `/${id}`)).body).toEqual({ deleted: true })
    expect((await ask('DELETE', `/${id}`)).status).toBe(404)
    expect((await ask('GET', '?page=/requests')).body).toEqual({ views: [] })
  })

  test.each([
    [{ name: '' }, 'name'],
    [{ page: 'javascript:x' }, 'page'],
    [{ search: 'x'.repeat(9000) }, 'search'],
  ])('%o is refused by name', async (wrong, field) => {
    const { status, body } = await ask('POST', '', { ...view, ...wrong })
    expect([status, (body.error as { field: string }).field]).toEqual([400, field])
  })
})
