/** The SQL routes as a client meets them, on the real reader. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { requests } from '../../../test/dashboard/seed.ts'
import { testDeps } from '../../../test/dashboard/serve.ts'
import { store } from '../../../test/dashboard/store.ts'
import { testStorage } from '../../../storage/testing.ts'
import { createApp } from '../app.ts'

const noon = Date.UTC(2026, 10, 21, 12)
const rows = requests(noon, 60)

let storage: Awaited<ReturnType<typeof testStorage>>
let app: ReturnType<typeof createApp>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', rows)
  app = createApp(testDeps(storage.reader, { sql: storage.reader }), { now: () => noon })
})
afterAll(() => storage?.stop())

async function post(path: string, body: object, headers: Record<string, string> = {}) {
  return app.request(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { host: 'localhost:8080', 'content-type': 'application/json', ...headers },
  })
}

async function answer(query: string, extra: object = {}) {
  const response = await post('/api/sql', { query, ...extra })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const within = 'timestamp >= {from:DateTime64(3)} and timestamp < {to:DateTime}'

test('a query about the range of the page: columns with their kinds, exact values', async () => {
  const query = `select toStartOfHour(max(timestamp)) as hour, model, toUInt64(18446744073709551615) as big, nan as odd, null as none, [1] as list
    from v_requests where ${within} group by model order by model limit 1`
  const { status, body } = await answer(query, { range: '30m' })
  expect(status).toBe(200)
  expect(body).toMatchObject({
    columns: [
      { name: 'hour', kind: 'time' },
      { name: 'model', kind: 'text' },
      { name: 'big', type: 'UInt64', kind: 'number' },
      { name: 'odd', kind: 'number' },
      { name: 'none', kind: 'other' },
      { name: 'list', kind: 'other' },
    ],
    rows: [['2026-11-21 11:00:00', 'claude-sonnet-4', '18446744073709551615', 'nan', null, [1]]],
    more: false,
    from: noon - 30 * 60_000,
    to: noon,
  })
  const count = await answer(`select count() from v_requests where ${within}`, { from: noon - 60_000.5, to: noon })
  const expected = rows.filter(({ timestamp }) => timestamp >= (noon - 61_000) * 1000 && timestamp < noon * 1000)
  expect(count.body.rows).toEqual([[String(expected.length)]])
})

test('more rows than a page shows: it says so; set operations keep their meaning', async () => {
  const many = await answer('select number from numbers(5000)')
  expect(many.body.more).toBe(true)
  expect(many.body.rows).toHaveLength(2000)
  expect((await answer('select number from numbers(2000)')).body.more).toBe(false)
  const both = await answer('select number from numbers(9000) intersect select number from numbers(8999, 3)')
  expect(both.body).toMatchObject({ rows: [['8999']], more: false })
  for (const length of ['200000', '200000 + number']) {
    const wide = await answer(`select repeat('x', ${length}) as a from numbers(100)`)
    expect(wide.status).toBe(413)
    expect(wide.body).toMatchObject({ error: { hint: 'Add a LIMIT, or export it' } })
  }
})

test('a mistake has its place, also below EXPLAIN', async () => {
  for (const extra of [{}, { explain: true }]) {
    const query = 'select model,\n  cost from v_requests'
    const { status, body } = await answer(query, extra)
    expect(status).toBe(400)
    const from = query.indexOf('cost')
    expect(body).toMatchObject({
      error: { message: expect.stringContaining('`cost`'), field: 'query', at: { from, to: from + 4 } },
    })
  }
})

test.each([
  ['EXPLAIN SELECT 1', 'EXPLAIN'],
  ['SHOW TABLES', 'SHOW'],
  ['describe requests', 'describe'],
  ['-- EXISTS\n  EXISTS TABLE requests', 'EXISTS'],
])('EXPLAIN of what is no SELECT is a mistake at its first word: %s', async (query, word) => {
  const { status, body } = await answer(query, { explain: true })
  const from = query.lastIndexOf(word)
  expect(status).toBe(400)
  expect(body).toMatchObject({
    error: { message: expect.stringMatching(`^Syntax error: at ${word}`), at: { from, to: from + word.length } },
  })
})

test('EXPLAIN says how a query would run', async () => {
  const { body } = await answer('select count() from v_requests', { explain: true })
  expect(JSON.stringify(body.rows)).toContain('ReadFromMergeTree')
})

test.each([
  ["select * from file('/etc/passwd')", 400],
  ['insert into requests values (1)', 400],
  ['select 1; select 2', 400],
  ['select * from system.processes', 400],
  ['select 1 format CSV', 400],
  ['  ', 400],
])('%s is refused', async (query, status) => {
  const { status: got, body } = await answer(query)
  expect(got).toBe(status)
  expect(body).toHaveProperty('error.message')
})

test('what the body holds is checked by name', async () => {
  const { body } = await answer('select 1', { range: 'ages' })
  expect(body).toMatchObject({ error: { field: 'range' } })
  expect((await answer('select 1', { from: 5, to: 4 })).body).toMatchObject({ error: { field: 'from' } })
  expect((await post('/api/sql', { query: 'select 1' }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  expect((await post('/api/sql', { query: `select '${'x'.repeat(600_000)}'` })).status).toBe(413)
})

test('keys guard it as they guard every route', async () => {
  const guarded = createApp(
    testDeps(storage.reader, { sql: storage.reader, config: { api_keys: ['a-key-of-sixteen-letters'] } }),
  )
  const init = { method: 'POST', body: '{"query":"select 1"}', headers: { host: 'localhost:8080' } }
  expect((await guarded.request('/api/sql', init)).status).toBe(401)
  const headers = { ...init.headers, authorization: 'Bearer a-key-of-sixteen-letters' }
  expect((await guarded.request('/api/sql', { ...init, headers })).status).toBe(200)
})

test.each([
  ['csv', 'text/csv; charset=utf-8', '"number","text"\n0,"a"\n'],
  ['json', 'application/x-ndjson; charset=utf-8', '{"number":0,"text":"a"}\n'],
  ['parquet', 'application/vnd.apache.parquet', 'PAR1'],
])('an export as %s has all rows', async (format, type, start) => {
  const response = await post('/api/sql/export', {
    query: "select number, 'a' as text from numbers(5000)",
    format,
  })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe(type)
  expect(response.headers.get('content-disposition')).toBe(
    `attachment; filename="inferwatch-2026-11-21T120000.${format}"`,
  )
  const text = await response.text()
  expect(text.slice(0, start.length)).toBe(start)
  expect(text.split('\n').length > 5000).toBe(format !== 'parquet')
})

const perTeam =
  'select {team:String} as team, {least:UInt64} as least, {models:Array(String)} as models, {from:DateTime} as since'
const teamParams = { team: "it's", least: '18446744073709551615', models: '["a", "b"]' }

test('parameters are bound as values: in a result, an export and EXPLAIN', async () => {
  const { body } = await answer(perTeam, { params: teamParams, from: noon - 60_000, to: noon })
  expect(body.rows).toEqual([["it's", '18446744073709551615', ['a', 'b'], '2026-11-21 11:59:00']])
  const bare = await answer(perTeam, { params: { ...teamParams, least: 1, models: [] } })
  expect(bare.body.rows).toMatchObject([["it's", '1', [], '2026-11-21 11:00:00']])
  const response = await post('/api/sql/export', { query: perTeam, params: teamParams, format: 'json' })
  expect(JSON.parse(await response.text())).toMatchObject({ team: "it's", models: ['a', 'b'] })
  const query = 'select count() from v_requests where model = {model:String}'
  const explained = await answer(query, { params: { model: 'gpt-4o' }, explain: true })
  expect(JSON.stringify(explained.body.rows)).toContain('ReadFromMergeTree')
})

test.each([
  ['select {a:UInt8} + {b:UInt8}', { a: 1 }, 'b', 'Parameter b has no value', '{b:UInt8}'],
  [
    'select {a:UInt8}',
    { a: '300' },
    'a',
    'Parameter a is no UInt8: expected a whole number from 0 to 255',
    '{a:UInt8}',
  ],
  ['select {a:Array(UInt8)}', { a: '1, 2' }, 'a', 'expected a list as JSON', '{a:Array(UInt8)}'],
  ["select {a:Enum8('x' = 1)}", { a: 'y' }, 'a', "Parameter a is no Enum8('x' = 1)", "{a:Enum8('x' = 1)}"],
  ['select {a:UUID}', { a: 'me' }, 'a', 'Parameter a is no UUID', '{a:UUID}'],
  ['select {a:Nullable(UInt8)}', {}, 'a', 'Parameter a has no value', '{a:Nullable(UInt8)}'],
])('%s with %j names the parameter, and where it stands', async (query, params, name, message, place) => {
  for (const extra of [{}, { explain: true }]) {
    const { status, body } = await answer(query, { params, ...extra })
    expect(status).toBe(400)
    const from = query.indexOf(place)
    expect(body).toMatchObject({
      error: {
        message: expect.stringContaining(message),
        field: `params.${name}`,
        at: { from, to: from + place.length },
      },
    })
  }
})

test.each([
  ['select 1', { a: 1 }, 'params.a'],
  ["select '{a:UInt8}'", { a: 1 }, 'params.a'],
  ['select {to:DateTime}', { to: 1 }, 'params.to'],
  ['select 1', { 'a b': 1 }, 'params'],
  ['select {a:String}', [], 'params'],
])('%s has no place for %j', async (query, params, field) => {
  const { status, body } = await answer(query, { params })
  expect([status, body]).toEqual([400, { error: expect.objectContaining({ field }) }])
})

test('no value is left for the next query', async () => {
  for (const value of [1, 2, 3, 4]) await answer('select {left:UInt8}', { params: { left: value } })
  expect((await answer('select {left:UInt8}')).body).toMatchObject({ error: { field: 'params.left' } })
})

const forever = 'select count() from numbers(1000000000000) where sipHash64(number) = 1'

/** How many of those run in the engine. */
async function running(): Promise<number> {
  const [row] = await storage.db.query<{ running: number }>(
    `select toInt64(countIf(query like '%sipHash64(number) = 1%' and query not like '%processes%')) as running from system.processes`,
  )
  return row?.running ?? 0
}

test('cancel stops a query in the engine; no more than two run at once', async () => {
  const ids = [crypto.randomUUID(), crypto.randomUUID()]
  const asked = ids.map((id) => answer(forever, { id }))
  await expect.poll(running).toBe(2)
  expect(await answer('select 1')).toMatchObject({ status: 429 })
  for (const id of ids) {
    const response = await app.request(`/api/sql/${id}`, { method: 'DELETE', headers: { host: 'localhost:8080' } })
    expect(await response.json()).toEqual({ cancelled: true })
  }
  for (const { status, body } of await Promise.all(asked)) {
    expect(status).toBe(409)
    expect(body).toMatchObject({ error: { message: 'The query was cancelled' } })
  }
  await expect.poll(running).toBe(0)
  expect(await answer('select 1')).toMatchObject({ status: 200 })
})

test.each([
  ['before it began', 0],
  ['while it runs', 1],
])('a client that goes away %s stops its query', async (_, begun) => {
  const away = new AbortController()
  if (begun === 0) away.abort()
  const asked = app.request('/api/sql', {
    method: 'POST',
    body: JSON.stringify({ query: forever }),
    headers: { host: 'localhost:8080' },
    signal: away.signal,
  })
  await expect.poll(running).toBe(begun)
  away.abort()
  expect((await asked).status).toBe(409)
  await expect.poll(running).toBe(0)
})

test('what may be asked: tables with their columns, ready questions, how many rows are shown', async () => {
  const response = await app.request('/api/schema', { headers: { host: 'localhost:8080' } })
  const { tables, questions, row_limit } = (await response.json()) as {
    tables: { name: string }[]
    questions: object[]
    row_limit: number
  }
  expect(tables[0]?.name).toMatch(/^v_/)
  expect(questions).toHaveLength(20)
  expect(row_limit).toBe(2000)
})
