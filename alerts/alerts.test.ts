/** The whole room over real ClickHouse: from rows to Slack and PagerDuty, and over restarts. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { testStorage } from '../storage/testing.ts'
import type { Alerts } from './index.ts'
import type { Db } from '../storage/client.ts'
import { manualClock } from './testing/manual-clock.ts'
import { alertsHarness, latencyRules, minute, second, states, t0, type Harness } from './testing/harness.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())
beforeEach(async () => {
  room = await alertsHarness(storage)
})
afterEach(() => room.stop())

test('pending, firing, told, resolved, told', async () => {
  await room.slowForTwoMinutes()
  const alerts = await room.start()
  await room.clock.advance(29 * second)
  expect(alerts.active()).toEqual([])
  expect(alerts.rules()).toMatchObject([{ name: 'HighP95Latency', health: 'unknown', state: 'inactive' }])

  await room.clock.advance(second)
  expect(alerts.active()).toMatchObject([
    {
      state: 'pending',
      value: 8_000,
      active_at: t0 + 30 * second,
      firing_since: null,
      labels: { alertname: 'HighP95Latency', model: 'gpt-4o', severity: 'critical' },
      annotations: { summary: 'P95 of gpt-4o is 8 s' },
    },
  ])
  await room.clock.advance(59 * second)
  expect(states(alerts)).toEqual(['pending'])
  await room.clock.advance(second)
  expect(states(alerts)).toEqual(['firing'])
  await room.clock.advance(29 * second)
  expect(room.slack.messages).toEqual([])

  await room.clock.advance(second)
  expect(room.slack.messages).toMatchObject([
    { text: expect.stringContaining('P95 of gpt-4o is 8 s'), color: '#d64545' },
  ])
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'triggered', severity: 'critical', triggers: 1 }])
  expect(room.webhook.messages).toMatchObject([
    {
      status: 'firing',
      groupKey: '{}:{alertname="HighP95Latency", model="gpt-4o"}',
      externalURL: 'http://inferwatch.example:8080',
    },
  ])

  await room.clock.advance(10 * minute)
  expect(alerts.active()).toEqual([])
  expect(room.slack.messages.map(({ color }) => color)).toEqual(['#d64545', '#2f9e62'])
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
  expect(room.webhook.messages.map(({ status }) => status)).toEqual(['firing', 'resolved'])
  expect(room.webhook.messages[1]?.alerts[0]).toMatchObject({
    status: 'resolved',
    startsAt: '2026-11-21T10:01:30.000Z',
    endsAt: '2026-11-21T10:07:00.000Z',
  })
  await alerts.stop()
  expect(await room.events()).toEqual([
    'gpt-4o inactive > pending',
    'gpt-4o pending > firing',
    'gpt-4o firing > inactive',
  ])
  expect(await room.notifications()).toMatchObject(
    ['firing', 'resolved'].flatMap((status) =>
      ['pagerduty', 'slack', 'webhook'].map((channel) => ({ channel, status, ok: true, outcome: 'sent', attempt: 1 })),
    ),
  )
  expect([room.slack.problems, room.pagerduty.problems, room.webhook.problems]).toEqual([[], [], []])
})

test('one that resolves while pending is told to nobody', async () => {
  await room.insertRequests(t0 - 4 * minute - 20 * second, 3, second, { model: 'gpt-4o', duration_ms: 8_000 })
  const alerts = await room.start()
  await room.clock.advance(20 * minute)
  await alerts.stop()
  expect(room.slack.messages).toEqual([])
  expect(await room.events()).toEqual(['gpt-4o inactive > pending', 'gpt-4o pending > inactive'])
})

test.each([
  ['while pending', 60 * second],
  ['between firing and its notification', 100 * second],
  ['between the notification and the resolution', 4 * minute],
  ['between the resolution and its notification', 7 * minute + second],
])('a restart %s neither repeats nor loses', async (_, at) => {
  await room.slowForTwoMinutes()
  const before = await room.start()
  await room.clock.advance(at)
  const known = before.active()
  await before.stop()
  const after = await room.start()
  expect(after.active()).toEqual(known)
  await room.clock.advance(20 * minute - at)
  expect(room.slack.messages.map(({ color }) => color)).toEqual(['#d64545', '#2f9e62'])
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
  expect(room.pagerduty.dropped).toEqual([])
  await after.stop()
  expect(await room.events()).toHaveLength(3)
})

test('a process that dies without a word neither repeats nor loses', async () => {
  await room.slowForTwoMinutes()
  const clock = manualClock(t0)
  const dead = await room.start({ clock })
  await clock.advance(2 * minute)
  await vi.waitFor(async () => {
    const [group] = await storage.db.query<{ state: string }>('select state from alert_groups')
    expect(group?.state).not.toContain('"told":null')
  }, 60_000)
  await room.clock.advance(2 * minute + second)
  const alive = await room.start()
  // What only goes on firing is written once a minute.
  const evaluated_at: unknown = expect.any(Number)
  expect(dead.active()).toHaveLength(1)
  expect(alive.active()).toEqual(dead.active().map((alert) => Object.assign({}, alert, { evaluated_at })))
  await room.clock.advance(10 * minute)
  expect(room.slack.messages.map(({ color }) => color)).toEqual(['#d64545', '#2f9e62'])
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
})

test('an alert whose group was never written is told: rather twice than not at all', async () => {
  await room.slowForTwoMinutes()
  const before = await room.start()
  await room.clock.advance(2 * minute)
  await before.stop()
  await storage.db.command('truncate table alert_groups')
  await room.start()
  await room.clock.advance(10 * minute)
  expect(room.slack.messages.map(({ color }) => color)).toEqual(['#d64545', '#d64545', '#2f9e62'])
  // The second trigger has the first one's key: the same incident.
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 2 }])
})

test('an alert that ended without its group hearing of it is told as resolved', async () => {
  await room.slowForTwoMinutes()
  const before = await room.start()
  await room.clock.advance(2 * minute)
  await before.stop()
  // As after a crash between writing the state and writing the group.
  await storage.db.command("alter table alert_state update state = 'inactive' where true settings mutations_sync = 1")
  await storage.db.command('truncate table requests')
  await room.start()
  await room.clock.advance(3 * minute)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
})

test('downtime is made up for from what was stored meanwhile', async () => {
  await room.slowForTwoMinutes()
  await room.slowForTwoMinutes('llama', t0 + 3 * minute + 30 * second)
  const before = await room.start()
  await room.clock.advance(4 * minute)
  const states = (alerts: Alerts) => alerts.active().map(({ labels, state }) => `${labels['model']} ${state}`)
  expect(states(before).sort()).toEqual(['gpt-4o firing', 'llama pending'])
  await before.stop()

  await room.clock.advance(4 * minute)
  const after = await room.start()
  await room.clock.advance(0)
  // gpt-4o resolved at 7:00; llama had been slow for a minute at 5:00.
  expect(states(after)).toEqual(['llama firing'])
  expect(after.active()[0]).toMatchObject({ active_at: t0 + 4 * minute, firing_since: t0 + 5 * minute })
  expect(after.rules()[0]).toMatchObject({ missed_ticks: 8, caught_up: 8 })
  await room.clock.advance(2 * minute)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved' }, { status: 'triggered' }])
  await after.stop()
  expect(await room.events()).toEqual([
    'gpt-4o inactive > pending',
    'gpt-4o pending > firing',
    'llama inactive > pending',
    'llama pending > firing',
    'gpt-4o firing > inactive',
  ])
})

test('downtime of which nothing is stored: what fired goes on firing, pending time does not count', async () => {
  await room.slowForTwoMinutes()
  await room.slowForTwoMinutes('llama', t0 + 3 * minute + 30 * second)
  const before = await room.start()
  await room.clock.advance(4 * minute)
  await before.stop()
  // As when the process that stores was away too, for longer than the window.
  await storage.db.command('truncate table requests')
  await room.clock.advance(20 * minute)
  await room.insertRequests(t0 + 24 * minute, 30, second, { model: 'gpt-4o', duration_ms: 8_000 })
  await room.insertRequests(t0 + 24 * minute, 30, second, { model: 'llama', duration_ms: 8_000 })
  const after = await room.start()
  await room.clock.advance(30 * second)
  const found = after.active().map(({ labels, state }) => `${labels['model']} ${state}`)
  expect(found.sort()).toEqual(['gpt-4o firing', 'llama pending'])
  expect(after.rules()[0]).toMatchObject({ missed_ticks: 40, caught_up: 40 })
  await room.clock.advance(minute)
  expect(states(after)).toEqual(['firing', 'firing'])
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'triggered', triggers: 1 }])
})

test('what fired and resolved while nobody was there is on record, and wakes nobody', async () => {
  const before = await room.start()
  await room.clock.advance(minute)
  await before.stop()
  await room.insertRequests(t0 + minute, 12, 10 * second, { model: 'gpt-4o', duration_ms: 8_000 })
  await room.clock.advance(20 * minute)
  const after = await room.start()
  await room.clock.advance(10 * minute)
  await after.stop()
  expect(await room.events()).toEqual([
    'gpt-4o inactive > pending',
    'gpt-4o pending > firing',
    'gpt-4o firing > inactive',
  ])
  expect(room.slack.messages).toEqual([])
})

test('a failing query keeps the state, and says so', async () => {
  await room.slowForTwoMinutes()
  let broken = false
  const reader: Db = {
    ...storage.reader,
    query: (sql, params, options) => storage.reader.query(broken ? 'select nonsense' : sql, params, options),
  }
  const alerts = await room.start({ reader })
  await room.clock.advance(2 * minute)
  expect(states(alerts)).toEqual(['firing'])
  broken = true
  await room.clock.advance(10 * minute)
  expect(states(alerts)).toEqual(['firing'])
  expect(alerts.rules()).toMatchObject([{ health: 'err', last_error: expect.stringContaining('nonsense') }])
  // Logged once, not at each of twenty evaluations.
  expect(room.logs.filter(({ msg }) => String(msg).includes('cannot be evaluated'))).toHaveLength(1)
  broken = false
  await room.clock.advance(2 * minute)
  expect(alerts.rules()).toMatchObject([{ health: 'ok', last_error: '' }])
  expect(alerts.active()).toEqual([])
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved' }])
})

test('a reload keeps state by rule and labels; a rule that goes away resolves', async () => {
  await room.insertRequests(t0, 60, 10 * second, { model: 'gpt-4o', duration_ms: 8_000 })
  const alerts = await room.start()
  await room.clock.advance(2 * minute)
  const [firing] = alerts.active()
  room.writeRules(latencyRules.replace('above: 5s', 'above: 6s'))
  await alerts.reload(room.config)
  expect(alerts.active()).toMatchObject([{ firing_since: firing?.firing_since, threshold: { value: 6_000 } }])
  room.writeRules('groups: [{ name: latency, rules: [{ alert: X, kind: nonsense }] }]')
  await expect(alerts.reload(room.config)).rejects.toThrow(/rules.yaml:1: .*nonsense/)
  await room.clock.advance(minute)
  expect(states(alerts)).toEqual(['firing'])
  expect(room.slack.messages).toHaveLength(1)
  room.writeRules('groups: []')
  await alerts.reload(room.config)
  expect(alerts.active()).toEqual([])
  await room.clock.advance(2 * minute)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved' }])
})

test('state is written once the database is back', async () => {
  await room.slowForTwoMinutes()
  let away = true
  const db: Db = {
    ...storage.db,
    query: (sql, params, options) => storage.db.query(sql, params, options),
    insert: (table, rows) => (away ? Promise.reject(new Error('away')) : storage.db.insert(table, rows)),
  }
  const alerts = await room.start({ db })
  await room.clock.advance(4 * minute)
  expect(room.slack.messages).toHaveLength(1)
  expect(await room.events()).toEqual([])
  away = false
  await room.clock.advance(5 * second)
  await expect.poll(() => room.events()).toHaveLength(2)
  await alerts.stop()
})
