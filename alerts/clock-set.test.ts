/** The clock is set while alerts run, and while they don't: what fires goes on, nothing is told twice, and news gets out. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { testStorage } from '../storage/testing.ts'
import { parseMatchers } from './routing/matcher.ts'
import { storedMatcherOf } from './routing/silence.ts'
import { alertsHarness, minute, second, t0, type Harness, type LeadingAlerts } from './testing/harness.ts'

/** Both fire after two minutes: one by storage, the other by what the process knows of itself. */
const rules = `
groups:
  - name: g
    interval: 30s
    rules:
      - { alert: Stored, sql: 'select 1 as value', for: 2m }
      - { alert: Own, kind: self, measure: failing_rules, above: -1, for: 2m }
      - { alert: ClockSet, kind: self, measure: clock_set_back, window: 10m, above: 0s }
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

const send = (alerts: LeadingAlerts, n: string) =>
  alerts.routing.receive([{ labels: { alertname: 'Sent', n }, annotations: {} }])

/** `Sent a+ b-`, sorted: what fires (+) and has resolved (-). */
const heard = () =>
  room.webhook.messages
    .splice(0)
    .map(({ alerts }) =>
      alerts
        .map(({ labels, status }) => `${labels['alertname']} ${labels['n'] ?? ''}${status === 'firing' ? '+' : '-'}`)
        .toSorted()
        .join(', '),
    )
    .toSorted()

/** Everything fires and was told, five minutes on. */
async function started(): Promise<LeadingAlerts> {
  const alerts = await room.start()
  await send(alerts, 'a')
  await room.clock.advance(4 * minute)
  await send(alerts, 'a')
  await room.clock.advance(minute)
  expect(heard()).toEqual(['Own +', 'Sent a+', 'Stored +'])
  return alerts
}

const lateness = (alerts: LeadingAlerts) =>
  alerts.rules().map(({ last_evaluation_at: at }) => room.clock.now() - (at ?? Infinity))

test('set back: evaluations go on from then, what fires is told no other way, and news at the next flush', async () => {
  const alerts = await started()
  alerts.routing.setSilence({
    matchers: parseMatchers('n=quiet').map(storedMatcherOf),
    ends_at: room.clock.now() + 60 * minute,
    comment: 'planned',
    created_by: 'ada',
  })
  room.clock.step(-10 * minute)
  await send(alerts, 'b')
  await send(alerts, 'quiet')
  await room.clock.advance(90 * second)
  expect(heard()).toEqual(['ClockSet +', 'Sent a+, Sent b+'])
  expect(lateness(alerts)).toEqual([0, 0, 0])
  expect(alerts.rules()[0]?.missed_ticks).toBe(0)
  expect(alerts.active().map(({ firing_since }) => (firing_since ?? 0) <= room.clock.now())).not.toContain(false)
  expect(room.logs).toContainEqual(expect.objectContaining({ msg: 'the clock was set back; alerts go on from now' }))
})

test('set back while nobody ran: the next process goes on as if it had not been', async () => {
  const before = await started()
  await before.stop()
  room.clock.step(-10 * minute)
  const after = await room.start()
  await send(after, 'b')
  await room.clock.advance(90 * second)
  expect(heard()).toEqual(['Sent a+, Sent b+'])
  expect(lateness(after)).toEqual([0, 0, 0])
  expect(after.active().map(({ rule, state: now }) => [rule, now])).toEqual([
    ['Stored', 'firing'],
    ['Own', 'firing'],
  ])
})

test('set back while alerts start: they start', async () => {
  let readings = 0
  const now = () => {
    readings += 1
    if (readings === 2) room.clock.step(-10 * minute)
    return room.clock.now()
  }
  const alerts = await room.start({ clock: { ...room.clock, now } })
  await send(alerts, 'a')
  await room.clock.advance(minute)
  expect(heard()).toEqual(['ClockSet +', 'Sent a+'])
})

test('a flush that was stored for long from now comes within the interval', async () => {
  const before = await started()
  await before.stop()
  const [row] = await storage.db.query<{ state: string; receiver: string; group_key: string }>(
    "select state, receiver, group_key from alert_groups where group_key like '%Sent%'",
  )
  const state = JSON.stringify({ ...JSON.parse(row?.state ?? '{}'), next_flush_at: t0 + 400 * 24 * 60 * minute })
  await storage.db.insert('alert_groups', [{ ...row, state, closed: false, version: (t0 + 60 * minute) * 1_000 }])
  const after = await room.start()
  await send(after, 'b')
  await room.clock.advance(70 * second)
  expect(heard()).toEqual(['Sent a+, Sent b+'])
})

test('set forward: alerts from elsewhere get the time to be sent again, and none is told as over', async () => {
  const alerts = await started()
  await send(alerts, 'a')
  room.clock.step(20 * minute)
  await send(alerts, 'c')
  await room.clock.advance(minute)
  expect(heard()).toEqual(['Sent a+, Sent c+'])
  expect(lateness(alerts)).toEqual([0, 0, 0])
  expect(alerts.rules()[0]?.missed_ticks).toBeGreaterThan(0)
  await room.clock.advance(5 * minute)
  expect(heard()).toEqual(['Sent a-, Sent c-'])
})
