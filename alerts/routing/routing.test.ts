/** Routes, inhibition, silences and alerts from elsewhere in the whole room: what each receiver hears. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { testStorage } from '../../storage/testing.ts'
import { alertsConfig, type AlertsConfig } from '../config.ts'
import type { Labels } from '../labels.ts'
import type { WebhookMessage } from '../notify/testing/webhook.ts'
import { alertsHarness, minute, second, t0, type Harness, type LeadingAlerts } from '../testing/harness.ts'
import { mostExternal } from './external.ts'
import { parseMatchers } from './matcher.ts'
import { storedMatcherOf } from './silence.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())
beforeEach(async () => {
  room = await alertsHarness(storage, 'groups: []')
})
afterEach(() => room.stop())

/** Every receiver is the one webhook; a message says which it was for. */
function configure(yaml: string): AlertsConfig {
  const notify = [{ type: 'webhook', url: room.webhook.hookUrl }]
  const receivers = ['default', 'pager', 'chat'].map((name) => ({ name, notify }))
  const timings = { group_wait: '10s', group_interval: '1m', repeat_interval: '10m' }
  const { route = {}, ...rest } = parse(yaml) as { route?: object }
  return alertsConfig.parse({
    rules: [],
    shipped_rules: false,
    receivers,
    route: { receiver: 'default', group_by: ['alertname'], ...timings, ...route },
    ...rest,
  })
}

const start = (yaml: string) => room.start({ config: configure(yaml) })

const iso = (at: number) => new Date(at).toISOString()

async function fire(alerts: LeadingAlerts, ...sets: Labels[]): Promise<void> {
  const startsAt = room.clock.now()
  const posted = sets.map((labels) => ({
    labels: { alertname: 'X', ...labels },
    annotations: {},
    startsAt,
    endsAt: startsAt + 24 * 60 * minute,
  }))
  expect(await alerts.routing.receive(posted)).toEqual({ accepted: sets.length, problems: [] })
}

async function resolve(alerts: LeadingAlerts, ...sets: Labels[]): Promise<void> {
  const at = room.clock.now()
  await alerts.routing.receive(
    sets.map((labels) => ({ labels: { alertname: 'X', ...labels }, annotations: {}, startsAt: at, endsAt: at })),
  )
}

/** `pager {}/{severity="page"}:{alertname="X"} a+ b-`: the label n of what fires (+) and has resolved (-). */
const heard = () => room.webhook.messages.splice(0).map(describeMessage).toSorted()

function describeMessage({ receiver, groupKey, alerts }: WebhookMessage): string {
  const members = alerts.map(({ labels, status }) => `${labels['n']}${status === 'firing' ? '+' : '-'}`)
  return [receiver, groupKey, ...members.toSorted()].join(' ')
}

const silence = (matchers: string, forMs: number, rest: object = {}) => ({
  matchers: parseMatchers(matchers).map(storedMatcherOf),
  ends_at: room.clock.now() + forMs,
  comment: 'planned work',
  created_by: 'ada',
  ...rest,
})

const tree = `
route:
  routes:
    - { matchers: [severity=page], receiver: pager, continue: true, group_wait: 0s }
    - { matchers: ['team=~".+"'], receiver: chat, group_by: [team] }
`

test('an alert goes to every receiver that the tree leads to, each with its own grouping and timings', async () => {
  const alerts = await start(tree)
  await fire(alerts, { n: 'a', severity: 'page', team: 'gpu' }, { n: 'b', team: 'gpu' }, { n: 'c' })
  await room.clock.advance(second)
  expect(heard()).toEqual(['pager {}/{severity="page"}:{alertname="X"} a+'])
  await room.clock.advance(10 * second)
  expect(heard()).toEqual(['chat {}/{team=~".+"}:{team="gpu"} a+ b+', 'default {}:{alertname="X"} c+'])
  await resolve(alerts, { n: 'a', severity: 'page', team: 'gpu' })
  await room.clock.advance(minute)
  expect(heard()).toEqual(['chat {}/{team=~".+"}:{team="gpu"} a- b+', 'pager {}/{severity="page"}:{alertname="X"} a-'])
})

test('groups, and what they hold, survive a restart', async () => {
  const before = await start(tree)
  await fire(before, { n: 'a', severity: 'page', team: 'gpu' })
  await room.clock.advance(15 * second)
  expect(heard()).toHaveLength(2)
  await before.stop()
  const after = await start(tree)
  expect(after.routing.groups().map(({ receiver, state }) => [receiver, state])).toEqual([
    ['chat', 'firing'],
    ['pager', 'firing'],
  ])
  await room.clock.advance(5 * minute)
  expect(heard()).toEqual([])
  await resolve(after, { n: 'a', severity: 'page', team: 'gpu' })
  await room.clock.advance(minute)
  expect(heard()).toHaveLength(2)
  expect(after.routing.groups()).toEqual([])
})

test('a reload moves alerts to another receiver, and the first one hears of the end alone', async () => {
  const alerts = await start(tree)
  await fire(alerts, { n: 'a', severity: 'page' }, { n: 'b' })
  await room.clock.advance(15 * second)
  expect(heard()).toHaveLength(2)
  await alerts.reload(configure('route: { routes: [{ matchers: severity=page, receiver: chat }] }'))
  await room.clock.advance(11 * minute)
  // `default` is repeated, `pager` is not.
  expect(heard()).toEqual([
    'chat {}/{severity="page"}:{alertname="X"} a+',
    'chat {}/{severity="page"}:{alertname="X"} a+',
    'default {}:{alertname="X"} b+',
  ])
  await resolve(alerts, { n: 'a', severity: 'page' })
  await room.clock.advance(minute)
  expect(heard()).toEqual([
    'chat {}/{severity="page"}:{alertname="X"} a-',
    'pager {}/{severity="page"}:{alertname="X"} a-',
  ])
})

test('a reload with another grouping, and a restart over it, leave an open group as it is', async () => {
  const alerts = await start(tree)
  await fire(alerts, { n: 'a' })
  await room.clock.advance(15 * second)
  expect(heard()).toEqual(['default {}:{alertname="X"} a+'])
  await alerts.reload(configure('route: { group_by: [n] }'))
  await alerts.stop()
  const after = await start('route: { group_by: [n] }')
  await fire(after, { n: 'a' }, { n: 'b' })
  await room.clock.advance(5 * minute)
  expect(heard()).toEqual(['default {}:{n="b"} b+'])
  await resolve(after, { n: 'a' })
  await room.clock.advance(minute)
  expect(heard()).toEqual(['default {}:{alertname="X"} a-'])
})

test('an inhibited alert is told once its source has resolved', async () => {
  const alerts = await start(`
    route: { group_by: [n] }
    inhibit_rules: [{ source_matchers: [down="1"], target_matchers: [down=""], equal: [host] }]`)
  await fire(alerts, { n: 'source', down: '1', host: 'h' }, { n: 'target', host: 'h' }, { n: 'other', host: 'i' })
  await room.clock.advance(15 * second)
  expect(heard()).toEqual(['default {}:{n="other"} other+', 'default {}:{n="source"} source+'])
  const muted = alerts.routing.groups().find(({ state }) => state === 'muted')
  expect(muted?.alerts).toMatchObject([{ labels: { n: 'target' }, muted_by: [{ kind: 'inhibited' }] }])
  await resolve(alerts, { n: 'source', down: '1', host: 'h' })
  await room.clock.advance(minute)
  expect(heard()).toEqual(['default {}:{n="source"} source-', 'default {}:{n="target"} target+'])
})

test('a silenced alert is told to nobody, not even that it ended', async () => {
  const alerts = await start('{}')
  alerts.routing.setSilence(silence('n=~"a|b", alertname=X', 30 * minute))
  await fire(alerts, { n: 'a' }, { n: 'c' })
  await room.clock.advance(15 * second)
  expect(heard()).toEqual(['default {}:{alertname="X"} c+'])
  await resolve(alerts, { n: 'a' })
  await room.clock.advance(minute)
  expect(heard()).toEqual([])
})

test('a silence over what was told stops the repeats, and the end still closes what is open', async () => {
  const alerts = await start('{}')
  await fire(alerts, { n: 'a' })
  await room.clock.advance(15 * second)
  expect(heard()).toHaveLength(1)
  const { id } = alerts.routing.setSilence(silence('n=a', 60 * minute))
  await room.clock.advance(30 * minute)
  expect(heard()).toEqual([])
  await alerts.stop()
  const after = await start('{}')
  expect(after.routing.silences()).toMatchObject([
    { id, state: 'active', text: 'n="a"', comment: 'planned work', created_by: 'ada' },
  ])
  await resolve(after, { n: 'a' })
  await room.clock.advance(minute)
  expect(heard()).toEqual(['default {}:{alertname="X"} a-'])
})

test('what fires as a silence ends is told at the next flush', async () => {
  const alerts = await start('{}')
  alerts.routing.setSilence(silence('n=a', 5 * minute))
  await fire(alerts, { n: 'a' })
  await room.clock.advance(4 * minute)
  expect(heard()).toEqual([])
  await room.clock.advance(2 * minute)
  expect(heard()).toEqual(['default {}:{alertname="X"} a+'])
})

test('what was silenced while its channel was away is not told when that is back', async () => {
  const alerts = await start('{}')
  room.webhook.failNext({ status: 503 }, { status: 503 }, { status: 503 })
  await fire(alerts, { n: 'a' })
  await room.clock.advance(12 * second)
  alerts.routing.setSilence(silence('n=a', 5 * minute))
  await room.clock.advance(4 * minute)
  expect(heard()).toEqual([])
})

test('editing keeps the id while it means the same; else a new one takes its place; expiring ends it', async () => {
  const alerts = await start('{}')
  const first = alerts.routing.setSilence(silence('n=a', minute))
  const longer = alerts.routing.setSilence({ ...silence('n=a', 2 * minute), id: first.id })
  expect(longer).toMatchObject({ id: first.id, starts_at: t0, ends_at: t0 + 2 * minute })
  const other = alerts.routing.setSilence({ ...silence('n=b', 2 * minute), id: first.id })
  expect(other.id).not.toBe(first.id)
  alerts.routing.expireSilence(other.id, 'bob')
  expect(() => alerts.routing.expireSilence(other.id, 'bob')).toThrow('has expired already')
  expect(() => alerts.routing.setSilence({ ...silence('n=b', minute), id: 'nobody' })).toThrow('no silence nobody')
  await alerts.stop()
  const after = await start('{}')
  expect(
    after.routing
      .silences()
      .map(({ state, text }) => `${text} ${state}`)
      .sort(),
  ).toEqual(['n="a" expired', 'n="b" expired'])
  const actions = await storage.db.query(
    'select action, who, matchers from alert_actions order by timestamp, inserted_at',
  )
  expect(actions).toEqual(
    expect.arrayContaining([
      { action: 'silence', who: 'ada', matchers: 'n="a"' },
      { action: 'edit_silence', who: 'ada', matchers: 'n="a"' },
      { action: 'expire_silence', who: 'bob', matchers: 'n="b"' },
    ]),
  )
  await room.clock.advance(120 * 60 * minute)
  expect(after.routing.silences()).toEqual([])
})

test('a maintenance window comes again', async () => {
  const alerts = await start('{}')
  const times = [{ start_time: '10:05', end_time: '10:10' }]
  alerts.routing.setSilence({ ...silence('n=a', 60 * 24 * 60 * minute), time_intervals: [{ times }] })
  await fire(alerts, { n: 'b' })
  await room.clock.advance(15 * second)
  expect(alerts.routing.silences()).toMatchObject([{ state: 'pending' }])
  await room.clock.advance(5 * minute)
  await fire(alerts, { n: 'a' })
  await room.clock.advance(4 * minute)
  expect(alerts.routing.silences()).toMatchObject([{ state: 'active' }])
  expect(heard()).toEqual(['default {}:{alertname="X"} b+'])
  await room.clock.advance(2 * minute)
  expect(heard()).toEqual(['default {}:{alertname="X"} a+ b+'])
})

test('a route is mute in its mute time intervals and outside its active ones', async () => {
  // 10:00 on a Saturday, UTC.
  const alerts = await start(`
    route:
      routes:
        - { matchers: [t=mute], mute_time_intervals: [first] }
        - { matchers: [t=active], active_time_intervals: [second] }
    time_intervals:
      - { name: first, time_intervals: [{ times: [{ start_time: '10:00', end_time: '10:02' }], weekdays: [saturday] }] }
      - { name: second, time_intervals: [{ times: [{ start_time: '10:04', end_time: '10:10' }] }] }`)
  await fire(alerts, { n: 'a', t: 'mute' }, { n: 'b', t: 'active' }, { n: 'c' })
  await room.clock.advance(minute)
  expect(heard()).toEqual(['default {}:{alertname="X"} c+'])
  expect(alerts.routing.groups().flatMap(({ alerts: members }) => members.flatMap(({ muted_by }) => muted_by))).toEqual(
    [
      { kind: 'time_interval', names: ['first'], within: true },
      { kind: 'time_interval', names: ['second'], within: false },
    ],
  )
  await room.clock.advance(2 * minute)
  expect(heard()).toEqual(['default {}/{t="mute"}:{alertname="X"} a+'])
  await room.clock.advance(2 * minute)
  expect(heard()).toEqual(['default {}/{t="active"}:{alertname="X"} b+'])
})

test.each([
  ['http://prometheus.example/graph?g0.expr=up', 'http://prometheus.example/graph?g0.expr=up'],
  ['javascript:alert(1)', expect.stringMatching('^http://inferwatch.example:8080/requests')],
])(
  'an alert from elsewhere leads to where its sender explains it, if that is an address: %s',
  async (url, expected) => {
    const alerts = await start('{}')
    await alerts.routing.receive([{ labels: { alertname: 'X' }, annotations: {}, generatorURL: url }])
    await room.clock.advance(15 * second)
    expect(room.webhook.messages).toMatchObject([{ alerts: [{ generatorURL: expected }] }])
  },
)

test('a channel that refuses everything takes no acknowledgement back', async () => {
  const config = configure('{}')
  config.receivers[0]?.notify.push(...alertsConfig.parse(room.config).receivers[0]!.notify.slice(0, 1))
  room.slack.failNext(...Array.from({ length: 50 }, () => ({ status: 404, body: 'no_service' })))
  const alerts = await room.start({ config })
  await fire(alerts, { n: 'a' })
  await room.clock.advance(15 * second)
  const [group] = alerts.routing.groups()
  alerts.routing.act(group?.id ?? '', { action: 'acknowledge', who: 'ada', comment: '' })
  await room.clock.advance(30 * minute)
  expect(room.slack.requests.length).toBeGreaterThan(10)
  expect(alerts.routing.groups()).toMatchObject([{ acknowledged: { by: 'ada' } }])
  expect(heard()).toHaveLength(1)
})

test('an acknowledged group is not repeated until it changes, over a restart too', async () => {
  const before = await start('{}')
  await fire(before, { n: 'a' })
  await room.clock.advance(15 * second)
  const [group] = before.routing.groups()
  const action = { action: 'acknowledge', who: 'ada', comment: 'on it' } as const
  expect(before.routing.act(group?.id ?? '', action)).toMatchObject({
    acknowledged: { by: 'ada', comment: 'on it' },
    comments: [{ by: 'ada', text: 'on it' }],
    channels: [{ repeat_at: null, told: [expect.any(String)] }],
  })
  expect(before.routing.act('nonsense', action)).toBeNull()
  await before.stop()
  const after = await start('{}')
  await room.clock.advance(30 * minute)
  expect(heard()).toHaveLength(1)
  await fire(after, { n: 'b' })
  await room.clock.advance(minute)
  expect(heard()).toEqual(['default {}:{alertname="X"} a+ b+'])
  expect(after.routing.groups()).toMatchObject([{ acknowledged: null, comments: [{ text: 'on it' }] }])
  await room.clock.advance(11 * minute)
  expect(heard()).toHaveLength(1)
  const actions = await storage.db.query('select action, who, comment, receiver, group_key from alert_actions')
  expect(actions).toEqual([{ ...action, receiver: 'default', group_key: '{}:{alertname="X"}' }])
})

test('a receiver under a new name goes on with what it knows, and with what people did; other channels are told anew', async () => {
  const alerts = await start('{}')
  await fire(alerts, { n: 'a' })
  await room.clock.advance(15 * second)
  const [group] = alerts.routing.groups()
  alerts.routing.act(group?.id ?? '', { action: 'acknowledge', who: 'ada', comment: 'on it' })
  expect(heard()).toHaveLength(1)
  const named = (name: string, change: object = {}) => {
    const config = configure('{}')
    Object.assign(config.receivers[0] ?? {}, { name })
    Object.assign(config.receivers[0]?.notify[0] ?? {}, change)
    return { ...config, route: { ...config.route, receiver: name } }
  }
  await alerts.reload(named('team'))
  await room.clock.advance(11 * minute)
  expect(heard()).toEqual([])
  expect(alerts.routing.groups()).toMatchObject([
    { receiver: 'team', acknowledged: { by: 'ada' }, comments: [{ text: 'on it' }] },
  ])
  await alerts.stop()
  const after = await room.start({ config: named('team') })
  await room.clock.advance(2 * minute)
  expect(heard()).toEqual([])
  await after.reload(named('others', { headers: { 'x-of': 'others' } }))
  await room.clock.advance(minute)
  expect(heard()).toEqual(['others {}:{alertname="X"} a+'])
  expect(after.routing.groups()).toMatchObject([{ receiver: 'others', acknowledged: null }])
  await resolve(after, { n: 'a' })
  await room.clock.advance(minute)
  expect(heard()).toEqual(['others {}:{alertname="X"} a-'])
})

test('an alert from elsewhere is over when its time runs out, and a restart gives its sender time', async () => {
  const before = await start('resolve_timeout: 2m')
  await before.routing.receive([{ labels: { alertname: 'X', n: 'a' }, annotations: {} }])
  await room.clock.advance(90 * second)
  await before.routing.receive([{ labels: { alertname: 'X', n: 'a' }, annotations: {} }])
  await room.clock.advance(90 * second)
  expect(heard()).toEqual(['default {}:{alertname="X"} a+'])
  await before.stop()
  await room.clock.advance(4 * minute)
  const after = await start('resolve_timeout: 2m')
  await room.clock.advance(second)
  expect(heard()).toEqual([])
  await room.clock.advance(3 * minute)
  expect(heard()).toEqual(['default {}:{alertname="X"} a-'])
  await after.stop()
  const events = await storage.db.query(
    'select previous_state, state, rule, group from alert_events order by timestamp',
  )
  expect(events).toEqual([
    { previous_state: 'inactive', state: 'firing', rule: 'X', group: 'external' },
    { previous_state: 'firing', state: 'inactive', rule: 'X', group: 'external' },
  ])
})

test('an alert with an end and no start, or one that begins later, is told as soon as any and holds up none', async () => {
  const alerts = await start('route: { routes: [{ matchers: [severity=page], receiver: pager }] }')
  const later = room.clock.now() + 24 * 60 * minute
  await alerts.routing.receive([
    { labels: { alertname: 'X', n: 'a', severity: 'page' }, annotations: {}, endsAt: later },
    { labels: { alertname: 'X', n: 'b' }, annotations: {}, startsAt: later, endsAt: later + minute },
  ])
  await fire(alerts, { n: 'c' })
  await room.clock.advance(10 * second)
  expect(heard()).toEqual(['default {}:{alertname="X"} b+ c+', 'pager {}/{severity="page"}:{alertname="X"} a+'])
  // Nobody knows when it began.
  expect(alerts.routing.matching(parseMatchers('n=a'))).toMatchObject([{ starts_at: t0 }])
})

test('valid alerts of a batch get in beside others, whose faults are named', async () => {
  const alerts = await start('{}')
  const answer = await alerts.routing.receive([
    { labels: { alertname: '' }, annotations: {} },
    { labels: { n: 'a' }, annotations: {}, startsAt: t0, endsAt: t0 - 1 },
    { labels: { n: 'b', empty: '' }, annotations: {}, startsAt: Date.parse('0001-01-01T00:00:00Z') },
  ])
  expect(answer).toEqual({
    accepted: 1,
    problems: ['at least one label pair required', 'start time must be before end time'],
  })
  expect(alerts.routing.matching(parseMatchers('n=b'))).toMatchObject([{ labels: { n: 'b' }, starts_at: t0 }])
  expect(iso(t0)).toBe('2026-11-21T10:00:00.000Z')
})

test('10,000 alerts are grouped, routed and decided on', async () => {
  const alerts = await start(`
    route:
      routes:
        - { matchers: ['n=~".*[02468]"'], group_by: ['...'] }
        - { receiver: chat, group_by: [alertname] }
    inhibit_rules: [{ source_matchers: [down="1"], target_matchers: [down=""], equal: [host] }]`)
  room.webhook.failNext('hang')
  const sets = Array.from({ length: 10_000 }, (_, n) => ({ n: String(n), host: String(n % 100) }))
  await fire(alerts, ...sets)
  await fire(alerts, ...sets)
  expect(alerts.routing.groups()).toHaveLength(5_001)
})

test('what was said about alerts that lead to nobody survives a restart', async () => {
  const config = configure('{}')
  config.receivers[0]!.notify = []
  const before = await room.start({ config })
  await fire(before, { n: 'a' })
  await room.clock.advance(15 * second)
  const [group] = before.routing.groups()
  before.routing.act(group?.id ?? '', { action: 'comment', who: 'ada', comment: 'known' })
  await before.stop()
  const after = await room.start({ config })
  await room.clock.advance(2 * minute)
  expect(after.routing.groups()).toMatchObject([{ id: group?.id, comments: [{ text: 'known' }], alerts: [{}] }])
})

test('more alerts from elsewhere than can be kept are refused and counted; those that fire go on, and end', async () => {
  const alerts = await start('{}')
  const many = Array.from({ length: mostExternal }, (_, index) => ({ n: String(index) }))
  await fire(alerts, ...many)
  const post = (n: string, endsAt: number) =>
    alerts.routing.receive([{ labels: { alertname: 'X', n }, annotations: {}, startsAt: room.clock.now(), endsAt }])
  const later = room.clock.now() + 24 * 60 * minute
  expect(await post('more', later)).toEqual({
    accepted: 0,
    problems: [`1 alerts refused: ${mostExternal} from elsewhere fire already, and no more may`],
  })
  expect(await post('7', later)).toEqual({ accepted: 1, problems: [] })
  expect(await post('7', room.clock.now())).toEqual({ accepted: 1, problems: [] })
  expect(await post('more', later)).toEqual({ accepted: 1, problems: [] })
})
