/** Marks as people, pages and pipelines meet them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Annotation } from '../../../records/annotation.ts'
import type { Change } from '../../../records/change.ts'
import { testDeps } from '../../../test/dashboard/serve.ts'
import { testStorage } from '../../../storage/testing.ts'
import { annotateCommand } from '../annotate-command.ts'
import { annotationInput, annotationsAbout, createAnnotations } from '../annotations.ts'
import { createApp } from '../app.ts'

const noon = Date.UTC(2026, 10, 21, 12)

let storage: Awaited<ReturnType<typeof testStorage>>
let now = noon
let app: ReturnType<typeof createApp>
beforeAll(async () => {
  storage = await testStorage()
  const deps = testDeps(storage.reader, {
    writer: storage.db,
    config: { api_keys: ['key-of-the-dashboard'] },
    ingestKeys: () => ['key-of-telemetry'],
  })
  app = createApp(deps, { now: () => now })
})
afterAll(() => storage?.stop())

async function ask(method: string, path = '', body?: object, key = 'key-of-the-dashboard') {
  const response = await app.request(`/api/annotations${path}`, {
    method,
    headers: { host: 'localhost:8080', ...(key && { authorization: `Bearer ${key}` }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** Answers are shared for a second: each question comes later than the one before. */
async function listed(query = 'range=1h') {
  now += 2000
  return (await ask('GET', `?${query}`)).body.annotations as Annotation[]
}

async function made(body: object, key?: string): Promise<Annotation> {
  const answer = await ask('POST', '', body, key)
  expect(answer).toMatchObject({ status: 200 })
  return answer.body as unknown as Annotation
}

test('a title is enough; what is left out is now, a note, about everything', async () => {
  const mark = await made({ title: ' Rolled out ' })
  expect(mark).toEqual({
    id: expect.stringMatching(/^[\w-]{36}$/) as string,
    timestamp: now,
    end_timestamp: null,
    kind: 'note',
    title: 'Rolled out',
    text: '',
    labels: {},
    url: '',
    created_by: 'api',
  })
  expect(await listed()).toEqual([mark])
  expect((await ask('DELETE', `/${mark.id}`)).status).toBe(200)
  expect(await listed()).toEqual([])
  expect(await ask('DELETE', `/${mark.id}`)).toMatchObject({ status: 404, body: { error: { field: 'id' } } })
  // It is put back as it was, however often one asks.
  for (let times = 0; times < 2; times += 1)
    expect(await ask('POST', `/${mark.id}/restore`)).toMatchObject({ status: 200, body: mark })
  expect(await listed()).toEqual([mark])
  await ask('DELETE', `/${mark.id}`)
  expect(await ask('POST', '/never-there/restore')).toMatchObject({ status: 404, body: { error: { field: 'id' } } })
  expect((await ask('POST', `/${mark.id}/restore`, undefined, 'key-of-telemetry')).status).toBe(401)
})

test('a pipeline says when it began and, with the same id, when it ended', async () => {
  const deploy = { id: 'ci:1042', kind: 'deploy', title: 'vLLM 0.11', labels: { endpoint: 'llama-70b' } }
  const began = await made({ ...deploy, timestamp: '2026-11-21T11:50:00Z' }, 'key-of-telemetry')
  expect(began.timestamp).toBe(noon - 600_000)
  const ended = await made({ ...deploy, end_timestamp: noon - 60_000, url: 'https://ci.example/1042' })
  expect(ended).toMatchObject({ timestamp: noon - 600_000, end_timestamp: noon - 60_000 })
  expect(await listed()).toEqual([ended])
  expect(await listed('range=1h&endpoint=llama-70b')).toEqual([ended])
  expect(await listed('range=1h&endpoint=other')).toEqual([])
  expect(await listed('range=1h&model=gpt-4o')).toEqual([ended])
  await ask('DELETE', '/ci:1042')
  const again = await made({ ...deploy, timestamp: noon })
  expect(await listed()).toEqual([again])
  await ask('DELETE', '/ci:1042')
})

test('it is among the changes that pages ask for', async () => {
  const mark = await made({ title: '<img src=x onerror=alert(1)>', text: 'why', kind: 'incident' })
  now += 2000
  const response = await app.request('/api/changes?range=1h', {
    headers: { host: 'localhost:8080', authorization: 'Bearer key-of-the-dashboard' },
  })
  const { changes } = (await response.json()) as { changes: Change[] }
  expect(changes).toMatchObject([{ annotation: mark.id, title: mark.title, kind: 'incident', until: null }])
  await ask('DELETE', `/${mark.id}`)
})

test.each([
  ['GET', '?range=1h', 401],
  ['DELETE', '/x', 401],
  ['POST', '', 200],
])('a key for telemetry: %s %s is %i', async (method, path, status) => {
  const body = method === 'POST' ? { title: 'x', timestamp: '2026-01-01T00:00:00Z' } : undefined
  expect((await ask(method, path, body, 'key-of-telemetry')).status).toBe(status)
  expect((await ask(method, path, body, 'another')).status).toBe(401)
  expect((await ask(method, path, body, '')).status).toBe(401)
})

test('another site makes none', async () => {
  const response = await app.request('/api/annotations', {
    method: 'POST',
    headers: { host: 'localhost:8080', authorization: 'Bearer key-of-the-dashboard', origin: 'https://evil.example' },
    body: JSON.stringify({ title: 'x' }),
  })
  expect(response.status).toBe(403)
})

test.each<[body: object, field: string, says: RegExp]>([
  [{}, 'title', /expected string/],
  [{ title: '  ' }, 'title', /must not be empty/],
  [{ title: 'a\nb' }, 'title', /one line/],
  [{ title: 'x'.repeat(201) }, 'title', /200/],
  [{ title: 'x', text: 'x'.repeat(4001) }, 'text', /4000/],
  [{ title: 'x', kind: 'party' }, 'kind', /deploy.*config.*price.*incident.*note/],
  [{ title: 'x', url: 'javascript:alert(1)' }, 'url', /http:\/\/ or https:\/\//],
  [{ title: 'x', url: 'data:text/html,x' }, 'url', /http:\/\/ or https:\/\//],
  [{ title: 'x', timestamp: 1_763_726_400 }, 'timestamp', /epoch milliseconds/],
  [{ title: 'x', timestamp: 'yesterday' }, 'timestamp', /ISO 8601/],
  [{ title: 'x', timestamp: noon, end_timestamp: noon }, 'end_timestamp', /after timestamp/],
  [{ title: 'x', labels: { modle: 'gpt-4o' } }, 'labels', /"modle".*known: model/],
  [{ title: 'x', labels: { model: '' } }, 'labels', />=1/],
  [{ title: 'x', id: '../x' }, 'id', /letters/],
  [{ title: 'x', id: '..' }, 'id', /letters/],
  [{ title: 'x', tags: [] }, 'tags', /tags/],
])('%j is refused by its field', async (body, field, says) => {
  const answer = await ask('POST', '', body)
  expect(answer).toMatchObject({ status: 400, body: { error: { field } } })
  expect((answer.body.error as { message: string }).message).toMatch(says)
})

test('what is far too long is refused before it is read', async () => {
  expect(await ask('POST', '', { title: 'x', text: 'x'.repeat(40_000) })).toMatchObject({ status: 413 })
})

test('half a character is kept as the sign for one that is missing', async () => {
  const mark = await made({ title: 'a\ud800', text: '\udc00b', labels: { model: '\ud800' } })
  expect(mark).toMatchObject({ title: 'a\ufffd', text: '\ufffdb', labels: { model: '\ufffd' } })
})

test('no more than there may be, and corrections still go through', async () => {
  const few = createAnnotations({ db: storage.reader, writer: storage.db, now: () => now, most: 3 })
  const say = (id: string) => few.save(annotationInput.parse({ id, title: id }))
  const kept = await annotationsAbout(storage.reader, {}, { from: 0, to: now + 1 })
  for (const id of ['a', 'b', 'c'].slice(kept.length)) await say(id)
  await expect(say('one-more')).rejects.toMatchObject({ status: 409 })
  await expect(say('c')).resolves.toMatchObject({ id: 'c' })
})

test('from a shell', async () => {
  const said = await annotateCommand(
    'Scaled to 4 GPUs',
    { kind: 'deploy', endpoint: 'chat', at: '10m', until: '5m', by: 'ops', id: 'shell' },
    storage.db,
    noon,
  )
  expect(said).toBe('shell: deploy "Scaled to 4 GPUs" at 2026-11-21T11:50:00.000Z endpoint=chat')
  expect((await listed()).find(({ id }) => id === 'shell')).toMatchObject({
    end_timestamp: noon - 300_000,
    labels: { endpoint: 'chat' },
    created_by: 'ops',
  })
  const wrong = (flags: object) => annotateCommand('x', { kind: 'note', ...flags }, storage.db, noon)
  await expect(wrong({ at: 'soon' })).rejects.toThrow('--at: "soon" is no time')
  await expect(wrong({ url: 'javascript:alert(1)' })).rejects.toThrow(/^url: expected an address/)
})
