/** Saved queries as a client meets them: what one saves, everybody finds, from any process. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDeps } from '../../../test/dashboard/serve.ts'
import { testStorage } from '../../../storage/testing.ts'
import { createApp } from '../app.ts'
import { mostSaved, type SavedQuery } from '../saved-queries.ts'

const noon = Date.UTC(2026, 10, 21, 12)

let storage: Awaited<ReturnType<typeof testStorage>>
let now = noon
/** Another process on the same storage. */
const newApp = () => createApp(testDeps(storage.reader, { writer: storage.db }), { now: () => now })
let app: ReturnType<typeof newApp>
beforeAll(async () => {
  storage = await testStorage()
  app = newApp()
})
afterAll(() => storage?.stop())

async function ask(method: string, path = '', body?: object, by = app) {
  const response = await by.request(`/api/saved-queries${path}`, {
    method,
    headers: { host: 'localhost:8080' },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function save(body: object): Promise<SavedQuery> {
  const answer = await ask('POST', '', body)
  expect(answer.status).toBe(200)
  return answer.body as unknown as SavedQuery
}

const listed = async (by = app) => (await ask('GET', '', undefined, by)).body.queries as SavedQuery[]

const spend = {
  name: "Spend of one team's users",
  sql: 'select user_id, sum(cost_usd) from v_requests\nwhere team = {team:String}\n\ngroup by user_id',
  params: { team: "it's \\ search" },
  chart: 'chart',
  saved_by: 'Ada',
}

test('saved, listed by name, changed, renamed, deleted; another process sees all of it', async () => {
  expect(await listed()).toEqual([])
  const one = await save(spend)
  expect(one).toEqual({ ...spend, id: expect.stringMatching(/^[0-9a-f-]{36}$/), saved_at: noon })
  const other = await save({ name: 'all calls', sql: 'select count() from v_requests', saved_by: 'Grace' })
  expect(other).toMatchObject({ params: {}, chart: 'table' })
  expect(await listed(newApp())).toEqual([other, one])

  // The clock was set back: the later change counts.
  now = noon - 60_000
  const renamed = await ask('PATCH', `/${one.id}`, { name: 'A team', saved_by: 'Grace' })
  expect(renamed.body).toEqual({ ...one, name: 'A team', saved_by: 'Grace', saved_at: now })
  expect((await ask('PATCH', `/${one.id}`, { params: {}, sql: 'select 1' })).status).toBe(200)
  expect(await listed(newApp())).toEqual([{ ...renamed.body, params: {}, sql: 'select 1' }, other])

  expect((await ask('DELETE', `/${one.id}`)).body).toEqual({ deleted: true })
  expect(await listed(newApp())).toEqual([other])
  expect((await ask('DELETE', `/${one.id}`)).status).toBe(404)
  expect((await ask('PATCH', `/${one.id}`, { name: 'again' })).status).toBe(404)
  await ask('DELETE', `/${other.id}`)
})

test('no two of one name, also when saved at once; a deleted one frees its name', async () => {
  const answers = await Promise.all([1, 2, 3].map(() => ask('POST', '', spend)))
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409])
  const other = await save({ ...spend, name: 'other' })
  expect((await ask('PATCH', `/${other.id}`, { name: spend.name })).body).toMatchObject({ error: { field: 'name' } })
  expect((await ask('PATCH', `/${other.id}`, { name: 'other', chart: 'table' })).status).toBe(200)
  for (const { id } of await listed()) await ask('DELETE', `/${id}`)
  for (const name of [spend.name, 'other']) await save({ ...spend, name })
  for (const { id } of await listed()) await ask('DELETE', `/${id}`)
})

test.each([
  [{ name: '  ' }, 'name'],
  [{ name: 'x'.repeat(121) }, 'name'],
  [{ sql: '' }, 'sql'],
  [{ sql: 'x'.repeat(100_001) }, 'sql'],
  [{ saved_by: '' }, 'saved_by'],
  [{ saved_by: undefined }, 'saved_by'],
  [{ params: { 'a b': '1' } }, 'params'],
  [{ params: { a: 1 } }, 'params'],
  [{ params: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`p${index}`, ''])) }, 'params'],
  [{ chart: 'pie' }, 'chart'],
  [{ colour: 'red' }, 'colour'],
])('%o is refused by name', async (change, field) => {
  const { status, body } = await ask('POST', '', { ...spend, ...change })
  expect([status, body]).toEqual([400, { error: expect.objectContaining({ field }) }])
  expect(await listed()).toEqual([])
})

test('a body that is too large, a page of another site, a missing key', async () => {
  expect((await ask('POST', '', { ...spend, sql: 'x'.repeat(600_000) })).status).toBe(413)
  for (const [method, path] of [
    ['POST', ''],
    ['PATCH', '/a'],
    ['DELETE', '/a'],
  ] as const) {
    const headers = { host: 'localhost:8080', 'sec-fetch-site': 'cross-site' }
    expect((await app.request(`/api/saved-queries${path}`, { method, headers })).status).toBe(403)
  }
  const guarded = createApp(testDeps(storage.reader, { config: { api_keys: ['a-key-of-sixteen-letters'] } }))
  expect((await guarded.request('/api/saved-queries', { headers: { host: 'localhost:8080' } })).status).toBe(401)
})

test('not more than there may be', async () => {
  const rows = Array.from({ length: mostSaved }, (_, index) => ({
    ...spend,
    id: `q${index}`,
    name: `query ${index}`,
    params: '{}',
    saved_at: new Date(noon),
    deleted: false,
    version: 1,
  }))
  await storage.db.insert('saved_queries', rows)
  expect((await ask('POST', '', spend)).body).toMatchObject({ error: { message: '500 queries are saved already' } })
  await ask('DELETE', '/q7')
  await save(spend)
  expect(await listed()).toHaveLength(mostSaved)
})
