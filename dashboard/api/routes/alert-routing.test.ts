/** Silences, alert groups and Alertmanager's API, over alerts that really run. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { noAlerts } from '../../../alerts/none.ts'
import { NotStoredError } from '../../../alerts/routing/index.ts'
import { alertsConfig } from '../../../alerts/config.ts'
import type { Alerts } from '../../../alerts/index.ts'
import { parseMatchers } from '../../../alerts/routing/matcher.ts'
import { alertsHarness, minute, second, t0, type Harness } from '../../../alerts/testing/harness.ts'
import { testStorage } from '../../../storage/testing.ts'
import { testDeps } from '../../../test/dashboard/serve.ts'
import { createApp } from '../app.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
let alerts: Alerts
let app: ReturnType<typeof createApp>

beforeAll(async () => {
  storage = await testStorage()
  room = await alertsHarness(storage, 'groups: []')
  alerts = await room.start({
    config: alertsConfig.parse({ ...room.config, rules: [], route: { group_by: ['alertname'] } }),
  })
  app = createApp(testDeps(storage.reader, { alerts }), { now: () => room.clock.now() })
})
afterAll(async () => {
  await room.stop()
  await storage.stop()
})

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await app.request(path, {
    method,
    headers: { host: 'localhost:8080', 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const parsed: unknown = text.startsWith('{') || text.startsWith('[') || text.startsWith('"') ? JSON.parse(text) : text
  return { status: response.status, body: parsed as Record<string, unknown> }
}

const iso = (at: number) => new Date(at).toISOString()

beforeEach(async () => {
  const labels = { alertname: 'Down', model: 'gpt-4o' }
  await call('POST', '/api/v2/alerts', [{ labels, generatorURL: 'http://prometheus/graph' }])
})

test('an alert that is taken has an empty answer', async () => {
  expect(await call('POST', '/api/v2/alerts', [{ labels: { alertname: 'Down', model: 'gpt-4o' } }])).toEqual({
    status: 200,
    body: '',
  })
})

test('alerts are listed by group, with who was told', async () => {
  await room.clock.advance(40 * second)
  const { body } = await call('GET', '/api/alerts/groups')
  expect(body).toMatchObject({
    groups: [
      {
        key: '{}:{alertname="Down"}',
        state: 'firing',
        alerts: [{ labels: { model: 'gpt-4o' }, muted_by: [], generator_url: 'http://prometheus/graph' }],
        channels: [{ channel: 'slack' }, { channel: 'pagerduty' }, { channel: 'webhook', told_at: expect.any(Number) }],
      },
    ],
  })
})

test('a group is acknowledged, commented on and given back', async () => {
  const { groups } = (await call('GET', '/api/alerts/groups')).body as unknown as { groups: { id: string }[] }
  const path = `/api/alerts/groups/${groups[0]?.id}`
  expect(await call('POST', `${path}/acknowledge`, { who: 'ada', comment: 'on it' })).toMatchObject({
    status: 200,
    body: { acknowledged: { by: 'ada' } },
  })
  expect(await call('POST', `${path}/comment`, { who: 'bob', comment: 'thanks' })).toMatchObject({
    body: { comments: [{ text: 'on it' }, { by: 'bob', text: 'thanks' }] },
  })
  expect(await call('POST', `${path}/unacknowledge`, { who: 'ada' })).toMatchObject({ body: { acknowledged: null } })
  expect(await call('POST', `${path}/comment`, { who: 'bob', comment: ' ' })).toMatchObject({
    status: 400,
    body: { error: { field: 'comment' } },
  })
  expect(await call('POST', '/api/alerts/groups/nonsense/acknowledge', { who: 'ada' })).toMatchObject({ status: 404 })
})

test('a silence is previewed, made, edited and ended', async () => {
  const matchers = encodeURIComponent('model=~"gpt-.*", alertname=Down')
  const preview = await call('GET', `/api/silences/preview?matchers=${matchers}`)
  expect(preview.body).toMatchObject({
    matchers: [
      { name: 'model', value: 'gpt-.*', is_regex: true, is_equal: true },
      { name: 'alertname', value: 'Down', is_regex: false, is_equal: true },
    ],
    alerts: [{ labels: { model: 'gpt-4o' } }],
  })
  const silence = {
    matchers: preview.body['matchers'],
    ends_at: room.clock.now() + 10 * minute,
    created_by: 'ada',
    comment: 'new rack',
  }
  const made = await call('POST', '/api/silences', silence)
  expect(made).toMatchObject({ status: 200, body: { state: 'active', text: 'model=~"gpt-.*", alertname="Down"' } })
  const { id } = made.body as { id: string }
  expect((await call('GET', '/api/alerts/groups')).body).toMatchObject({
    groups: [{ state: 'muted', alerts: [{ muted_by: [{ kind: 'silenced', silence_id: id }] }] }],
  })
  expect(await call('POST', '/api/silences', { ...silence, id, ends_at: silence.ends_at + minute })).toMatchObject({
    body: { id, ends_at: silence.ends_at + minute },
  })
  expect(await call('POST', `/api/silences/${id}/expire`, { who: 'bob' })).toMatchObject({ body: { state: 'expired' } })
  expect((await call('GET', '/api/silences')).body).toMatchObject({ silences: [{ id, state: 'expired' }] })
})

const valid = { matchers: [{ name: 'a', value: 'b' }], ends_at: t0 + 86_400_000, created_by: 'ada', comment: 'why' }

test.each([
  [{ ...valid, comment: '' }, 400, 'comment'],
  [{ ...valid, created_by: undefined }, 400, 'created_by'],
  [{ ...valid, matchers: [] }, 400, 'matchers'],
  [{ ...valid, matchers: [{ name: 'a', value: '.*', is_regex: true }] }, 400, 'matchers'],
  [{ ...valid, matchers: [{ name: 'a', value: '(', is_regex: true }] }, 400, 'matchers'],
  [{ ...valid, ends_at: t0 - 1 }, 400, 'ends_at'],
  [{ ...valid, starts_at: valid.ends_at }, 400, 'ends_at'],
  [{ ...valid, id: 'nobody' }, 404, 'id'],
])('%j is refused', async (body, status, field) => {
  expect(await call('POST', '/api/silences', body)).toMatchObject({ status, body: { error: { field } } })
})

test.each([
  ['/api/silences', { matchers: [{ name: 'kept', value: 'a' }], ends_at: 9e12, created_by: 'me', comment: 'c' }],
  [
    '/api/v2/silences',
    {
      matchers: [{ name: 'kept', value: 'b', isRegex: false }],
      startsAt: '2026-11-27T00:00:00Z',
      endsAt: '2100-01-01T00:00:00Z',
      createdBy: 'me',
      comment: 'c',
    },
  ],
])('what %s answers is stored by then', async (path, body) => {
  const count = async () => {
    const [row] = await storage.db.query<{ n: number }>(
      "select count() as n from silences where matchers like '%kept%'",
    )
    return row?.n ?? 0
  }
  const before = await count()
  expect(await call('POST', path, body)).toMatchObject({ status: 200 })
  expect(await count()).toBe(before + 1)
})

test('a preview of what is no matcher says so', async () => {
  expect(await call('GET', '/api/silences/preview?matchers=a')).toMatchObject({
    status: 400,
    body: { error: { field: 'matchers' } },
  })
})

test('other sites can make nothing', async () => {
  const foreign = { 'sec-fetch-site': 'cross-site' }
  expect(await call('POST', '/api/silences', valid, foreign)).toMatchObject({ status: 403 })
  expect(await call('POST', '/api/v2/alerts', [], foreign)).toMatchObject({ status: 403 })
})

test('with keys, Prometheus sends one', async () => {
  const keyed = createApp(testDeps(storage.reader, { alerts, config: { api_keys: ['k3y'] } }))
  const post = (headers: Record<string, string>) =>
    keyed.request('/api/v2/alerts', { method: 'POST', body: '[]', headers: { host: 'localhost:8080', ...headers } })
  expect((await post({})).status).toBe(401)
  expect((await post({ authorization: 'Bearer k3y' })).status).toBe(200)
})

test('where alerts do not run, that is what the answer says', async () => {
  const quiet = createApp(testDeps(storage.reader))
  const answer = await quiet.request('/api/silences', { headers: { host: 'localhost:8080' } })
  expect(answer.status).toBe(503)
})

test.each([
  ['{', 'expected array'],
  [{ labels: {} }, 'expected array'],
  [[{ labels: { a: 1 } }], '0.labels.a: Invalid input: expected string'],
  [[{ labels: {} }], 'at least one label pair required'],
  [[{ labels: { a: 'b' }, startsAt: 'soon' }], '0.startsAt: '],
  [[{ labels: { a: 'b' }, startsAt: iso(t0), endsAt: iso(t0 - 1) }], 'start time must be before end time'],
])('alerts %j are refused in Alertmanager’s shape', async (body, message) => {
  const answer = await call('POST', '/api/v2/alerts', body)
  expect(answer.status).toBe(400)
  expect(answer.body).toContain(message)
})

test('a batch in which some are no alerts: the others are taken, in whatever form Alertmanager takes them', async () => {
  const at = iso(room.clock.now())
  const forms = [
    { labels: { form: 'no annotations', none: null }, annotations: null },
    { labels: { form: 'null' }, annotations: { summary: null }, startsAt: null, endsAt: null, generatorURL: null },
    { labels: { form: 'empty' }, startsAt: '', endsAt: '', generatorURL: '' },
    { labels: { form: 'space' }, startsAt: at.replace('T', ' ').replace('Z', '') },
    { labels: { form: 'minutes' }, startsAt: at.slice(0, 16) },
    { labels: { form: 'offset' }, startsAt: at.replace('Z', '+0000') },
  ]
  const bad = [
    null,
    'Down',
    { labels: null },
    { labels: { n: 1 } },
    { labels: { n: 'a' }, startsAt: '2026-13-01 00:00' },
  ]
  const answer = await call('POST', '/api/v2/alerts', [...bad, ...forms])
  expect(answer.status).toBe(400)
  for (const path of ['0: ', '1: ', '2.labels: ', '3.labels.n: ', '4.startsAt: ']) expect(answer.body).toContain(path)
  const taken = new Map(
    alerts.routing?.matching(parseMatchers('form!=""')).map(({ labels, starts_at }) => [labels, iso(starts_at)]),
  )
  expect(taken).toEqual(
    new Map(
      forms.map(({ labels: { form } }) => [{ form }, form === 'minutes' ? `${at.slice(0, 16)}:00.000Z` : at] as const),
    ),
  )
  const ended = forms.map(({ labels }) => ({ labels, endsAt: at }))
  expect(await call('POST', '/api/v2/alerts', ended)).toMatchObject({ status: 200 })
  await room.clock.advance(2 * minute)
})

test('silences and alerts in Alertmanager’s shape', async () => {
  const posted = {
    matchers: [{ name: 'alertname', value: 'Down', isRegex: false }],
    startsAt: iso(room.clock.now()),
    endsAt: iso(room.clock.now() + minute),
    createdBy: 'amtool',
    comment: 'as amtool sends it',
  }
  const { silenceID } = (await call('POST', '/api/v2/silences', posted)).body as { silenceID: string }
  expect((await call('GET', `/api/v2/silence/${silenceID}`)).body).toMatchObject({
    ...posted,
    matchers: [{ ...posted.matchers[0], isEqual: true }],
    status: { state: 'active' },
  })
  expect((await call('GET', '/api/v2/alerts')).body).toMatchObject([
    {
      labels: { model: 'gpt-4o' },
      receivers: [{ name: 'on-call' }],
      status: { state: 'suppressed', silencedBy: [silenceID] },
    },
  ])
  const found = async (path: string) => ((await call('GET', path)).body as unknown as object[]).length
  const query = (text: string) => encodeURIComponent(text)
  expect((await call('GET', '/api/v2/alerts/groups')).body).toMatchObject([
    {
      labels: { alertname: 'Down' },
      receiver: { name: 'on-call' },
      alerts: [{ labels: { model: 'gpt-4o' }, status: { state: 'suppressed', silencedBy: [silenceID] } }],
    },
  ])
  expect((await call('GET', '/api/v2/receivers')).body).toEqual([{ name: 'on-call' }])
  expect(await found('/api/v2/alerts/groups?silenced=false')).toBe(0)
  expect((await call('GET', '/api/v2/alerts/groups?filter=x')).status).toBe(400)
  expect(await found('/api/v2/alerts?silenced=false&active=true')).toBe(0)
  expect(await found(`/api/v2/alerts?filter=${query('model=~"gpt.*"')}`)).toBe(1)
  expect(await found(`/api/v2/alerts?filter=${query('model="x"')}`)).toBe(0)
  expect(await found(`/api/v2/silences?filter=${query('alertname="Down"')}`)).toBeGreaterThan(0)
  expect(await found(`/api/v2/silences?filter=${query('alertname="Up"')}`)).toBe(0)
  expect((await call('GET', '/api/v2/alerts?filter=x')).status).toBe(400)
  expect((await call('DELETE', `/api/v2/silence/${silenceID}`)).status).toBe(200)
  expect((await call('GET', '/api/v2/silence/nobody')).status).toBe(404)
  expect((await call('GET', '/api/v2/silences')).body).toEqual(
    expect.arrayContaining([expect.objectContaining({ id: silenceID, status: { state: 'expired' } })]),
  )
  expect((await call('GET', '/api/v2/status')).body).toMatchObject({ cluster: { status: 'disabled' } })
  expect((await call('GET', '/-/ready')).body).toBe('OK')
})

test('maintenance windows are made, refused at their field, and listed with what comes next', async () => {
  const said = { name: 'Patches', matchers: 'team="infra"', comment: 'kernel', created_by: 'ada' }
  const weekly = { ...said, repeats: 'weekly', days: ['sunday'], from: '01:00', to: '02:00', time_zone: 'UTC' }
  expect(await call('POST', '/api/silences/windows', { ...weekly, time_zone: 'Mars' })).toMatchObject({
    status: 400,
    body: { error: { field: 'time_zone' } },
  })
  const made = await call('POST', '/api/silences/windows', weekly)
  expect(made).toMatchObject({ status: 200, body: { name: 'Patches', created_by: 'ada' } })
  const sunday = Date.UTC(2026, 10, 22, 1)
  expect(await call('GET', '/api/silences/windows')).toMatchObject({
    body: {
      windows: [
        {
          name: 'Patches',
          ends_at: null,
          weekly: { days: ['sunday'], from: '01:00' },
          next: [{ from: sunday }, {}, {}, {}],
        },
      ],
    },
  })
  await call('POST', `/api/silences/${String(made.body['id'])}/expire`, { who: 'ada' })
  expect((await call('GET', '/api/silences/windows')).body).toMatchObject({ windows: [] })
})

test('a change that is not stored is no success', async () => {
  const routing = {
    ...alerts.routing,
    stored: () => Promise.reject(new NotStoredError('the database does not answer')),
  }
  const away = createApp(testDeps(storage.reader, { alerts: { ...noAlerts, routing: routing as never } }))
  const response = await away.request('/api/silences', {
    method: 'POST',
    headers: { host: 'localhost:8080', 'content-type': 'application/json' },
    body: JSON.stringify({
      matchers: [{ name: 'model', value: 'none' }],
      ends_at: room.clock.now() + minute,
      created_by: 'ada',
      comment: 'why',
    }),
  })
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ error: { message: 'the database does not answer' } })
  const [made] = alerts.routing?.silences() ?? []
  await call('POST', `/api/silences/${made?.id}/expire`, { who: 'ada' })
})
