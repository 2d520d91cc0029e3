/** Rules about ourselves: they fire and are told while storage is away, and over restarts. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Db } from '../../storage/client.ts'
import { testStorage } from '../../storage/testing.ts'
import { pagerdutyRateLimited } from '../notify/testing/pagerduty.ts'
import { alertsHarness, minute, second, t0, type Harness } from '../testing/harness.ts'
import { ReadingHistory, type Reading } from './reading.ts'

const rules = `
groups:
  - name: own
    interval: 30s
    rules:
      - { alert: StorageDown, kind: self, measure: storage_down, above: 20s, for: 1m, annotations: { summary: "Away for {{ value | duration }}" } }
      - { alert: RowsRefused, kind: self, measure: refused, window: 5m, above: 0 }
      - { alert: RulesFail, kind: self, measure: failing_rules, above: 0, for: 1m }
      - { alert: DeliveryFails, kind: self, measure: failed_deliveries, above: 2 }
      - { alert: DeliveryLate, kind: self, measure: oldest_notification, above: 10m }
      - { alert: OverStorage, sql: "select 1 as value where false" }
`

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())
beforeEach(async () => {
  room = await alertsHarness(storage, rules)
})
afterEach(() => room.stop())

const names = (alerts: { active(): { labels: Record<string, string>; state: string }[] }) =>
  alerts.active().map(({ labels, state }) => `${labels['alertname']} ${state}`)

/** A storage that comes back when it is told to. */
function absentStorage() {
  const state = { away: true }
  const gone = () => Promise.reject(new Error('nobody there'))
  const wrap = (db: Db): Db => ({
    ...db,
    query: (sql, params, options) => (state.away ? gone() : db.query(sql, params, options)),
    insert: (table, rows) => (state.away ? gone() : db.insert(table, rows)),
  })
  return { state, db: wrap(storage.db), reader: wrap(storage.reader) }
}

test('storage goes away and comes back: told both times, and kept', async () => {
  const { state, db, reader } = absentStorage()
  const health = (): Promise<Reading[]> => {
    const value = state.away ? room.clock.now() - t0 : 0
    return Promise.resolve([{ measure: 'storage_down', labels: {}, value }])
  }
  const alerts = await room.start({ db, reader, health, host: 'here' })
  await room.clock.advance(30 * second)
  expect(alerts.rules().map(({ name, kind, health: fared }) => [name, kind, fared])).toEqual([
    ['OverStorage', 'sql', 'err'],
    ['StorageDown', 'self', 'ok'],
    ['RowsRefused', 'self', 'ok'],
    ['RulesFail', 'self', 'ok'],
    ['DeliveryFails', 'self', 'ok'],
    ['DeliveryLate', 'self', 'ok'],
  ])
  expect(names(alerts)).toContain('StorageDown pending')
  await room.clock.advance(3 * minute)
  expect(room.slack.messages.map(({ text }) => text)).toEqual(
    expect.arrayContaining([expect.stringContaining('StorageDown'), expect.stringContaining('RulesFail')]),
  )
  expect(alerts.active()[0]).toMatchObject({ labels: { alertname: 'StorageDown', host: 'here' }, unit: 'ms' })
  const told = room.pagerduty.incidents.length
  state.away = false
  await room.clock.advance(3 * minute)
  expect(names(alerts)).toEqual([])
  expect(room.pagerduty.incidents.map(({ status }) => status)).toEqual(Array.from({ length: told }, () => 'resolved'))
  await alerts.stop()
  const events = await storage.db.query<{ change: string }>(
    `select concat(previous_state, ' > ', state) as change from alert_events where rule = 'StorageDown' order by timestamp`,
  )
  expect(events.map(({ change }) => change)).toEqual(['inactive > pending', 'pending > firing', 'firing > inactive'])
})

test('a database that others share goes away: who led says so once, and that it is back', async () => {
  const { state, db, reader } = absentStorage()
  let since = 0
  const health = (): Promise<Reading[]> => {
    const value = state.away ? room.clock.now() - since : 0
    return Promise.resolve([{ measure: 'storage_down', labels: {}, value }])
  }
  const shared = { db, reader, health, shared: true }
  state.away = false
  const leader = await room.start({ ...shared, host: 'here' })
  await room.clock.advance(10 * second)
  const follower = await room.start({ ...shared, host: 'there' })
  await room.clock.advance(10 * second)
  expect([leader, follower].map((alerts) => alerts.lease().role)).toEqual(['leader', 'follower'])
  state.away = true
  since = room.clock.now()
  await room.clock.advance(5 * minute)
  expect(leader.lease().role).toBe('follower')
  expect(leader.active()).toMatchObject([{ state: 'firing', labels: { alertname: 'StorageDown', host: 'here' } }])
  expect(room.slack.messages).toHaveLength(1)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'triggered', triggers: 1 }])
  state.away = false
  await room.clock.advance(5 * minute)
  expect([leader, follower].map((alerts) => alerts.lease().role).toSorted()).toEqual(['follower', 'leader'])
  expect(leader.active()).toEqual([])
  expect(room.slack.messages).toHaveLength(2)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
})

test('a silence that was made as the shared database went away holds over the outage, and is stored after it', async () => {
  const { state, db, reader } = absentStorage()
  const health = (): Promise<Reading[]> =>
    Promise.resolve([{ measure: 'storage_down', labels: {}, value: state.away ? 5 * minute : 0 }])
  state.away = false
  const alerts = await room.start({ db, reader, health, shared: true, host: 'here' })
  await room.clock.advance(10 * second)
  state.away = true
  const { id } = alerts.routing.setSilence({
    matchers: [{ name: 'alertname', value: 'StorageDown' }],
    ends_at: room.clock.now() + 60 * minute,
    created_by: 'ada',
    comment: 'it is being moved',
  })
  await room.clock.advance(5 * minute)
  expect(names(alerts)).toEqual(['StorageDown firing'])
  expect(alerts.routing.silence(id)?.state).toBe('active')
  state.away = false
  await room.clock.advance(5 * minute)
  expect(alerts.lease().role).toBe('leader')
  expect(alerts.routing.silence(id)?.state).toBe('active')
  expect(room.slack.messages).toEqual([])
  expect(await storage.db.query(`select created_by from silences where id = '${id}'`)).toEqual([{ created_by: 'ada' }])
})

test('what it found wrong before a restart is not told again, and its end is', async () => {
  let value = minute
  const health = (): Promise<Reading[]> => Promise.resolve([{ measure: 'storage_down', labels: {}, value }])
  const before = await room.start({ health, host: 'here' })
  await room.clock.advance(3 * minute)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'triggered', triggers: 1 }])
  await before.stop()
  const after = await room.start({ health, host: 'here' })
  expect(names(after)).toEqual(['StorageDown firing'])
  await room.clock.advance(3 * minute)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'triggered', triggers: 1 }])
  value = 0
  await room.clock.advance(3 * minute)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
  expect(room.slack.messages).toHaveLength(2)
})

test('a counter is told by how much it grew in the window', async () => {
  let value = 7
  const health = (): Promise<Reading[]> => Promise.resolve([{ measure: 'refused', labels: {}, value }])
  const alerts = await room.start({ health })
  // The process began with 0.
  await room.clock.advance(30 * second)
  expect(alerts.active()).toMatchObject([{ labels: { alertname: 'RowsRefused' }, value: 7 }])
  await room.clock.advance(5 * minute)
  expect(names(alerts)).toEqual([])
  value = 9
  await room.clock.advance(30 * second)
  expect(alerts.active()).toMatchObject([{ value: 2 }])
})

test('a channel that fails again and again is an alert for the others', async () => {
  room.writeRules(`${rules}      - { alert: Always, sql: "select 1 as value" }\n`)
  room.slack.failNext(...Array.from({ length: 40 }, () => ({ status: 500 })))
  const alerts = await room.start()
  await room.clock.advance(5 * minute)
  const failing = alerts.active().find(({ labels }) => labels['alertname'] === 'DeliveryFails')
  expect(failing).toMatchObject({
    labels: { receiver: 'on-call', channel: 'slack' },
    annotations: { error: expect.stringContaining('500') },
  })
  expect(room.webhook.messages.some(({ commonLabels }) => commonLabels['alertname'] === 'DeliveryFails')).toBe(true)
})

test('a channel whose vendor wants silence is an alert for the others once something waits for long', async () => {
  room.writeRules(`${rules}      - { alert: Always, sql: "select 1 as value" }\n`)
  room.pagerduty.failNext(pagerdutyRateLimited('86400'))
  const alerts = await room.start()
  await room.clock.advance(12 * minute)
  const late = alerts.active().find(({ labels }) => labels['alertname'] === 'DeliveryLate')
  expect(late).toMatchObject({
    labels: { receiver: 'on-call', channel: 'pagerduty' },
    annotations: { error: expect.stringContaining('429') },
  })
  expect(room.webhook.messages.some(({ commonLabels }) => commonLabels['alertname'] === 'DeliveryLate')).toBe(true)
})

test('a health that cannot be read is an error of the rules, and changes no state', async () => {
  let broken = false
  const health = (): Promise<Reading[]> =>
    broken ? Promise.reject(new Error('no statfs')) : Promise.resolve([{ measure: 'refused', labels: {}, value: 1 }])
  const alerts = await room.start({ health })
  await room.clock.advance(30 * second)
  broken = true
  await room.clock.advance(30 * second)
  expect(names(alerts)).toEqual(['RowsRefused firing'])
  expect(alerts.rules().find(({ name }) => name === 'RowsRefused')).toMatchObject({
    health: 'err',
    last_error: 'no statfs',
  })
})

test('a reload keeps the state of rules that stay and ends those that are gone', async () => {
  const health = (): Promise<Reading[]> =>
    Promise.resolve([
      { measure: 'refused', labels: {}, value: 1 },
      { measure: 'storage_down', labels: {}, value: minute },
    ])
  const alerts = await room.start({ health })
  await room.clock.advance(90 * second)
  expect(names(alerts)).toEqual(['StorageDown firing', 'RowsRefused firing'])
  const since = alerts.active()[0]?.firing_since
  room.writeRules(rules.replace(/.*RowsRefused.*\n/, ''))
  await alerts.reload(room.config)
  await room.clock.advance(30 * second)
  expect(alerts.active()).toMatchObject([{ labels: { alertname: 'StorageDown' }, firing_since: since }])
})

test('growth is counted from the last reading before the window', () => {
  const history = new ReadingHistory(0)
  const at = (time: number, value: number, source = 'a') =>
    history.add(time, [{ measure: 'ingest_issues', labels: { source }, value }], 10)
  at(0, 3)
  at(4, 5)
  at(12, 9)
  expect(history.grown('ingest_issues', 10)).toMatchObject([{ value: 6 }])
  expect(history.grown('ingest_issues', 8)).toMatchObject([{ value: 4 }])
  at(20, 2, 'b')
  expect(history.grown('ingest_issues', 10)).toMatchObject([{ labels: { source: 'b' }, value: 2 }])
})

test('of a process that began before the window, growth is counted from the first reading', () => {
  const history = new ReadingHistory(-100)
  const read = (value: number): Reading[] => [{ measure: 'refused', labels: {}, value }]
  history.add(0, read(500), 10)
  expect(history.grown('refused', 10)).toMatchObject([{ value: 0 }])
  history.add(5, read(502), 10)
  expect(history.grown('refused', 10)).toMatchObject([{ value: 2 }])
})
