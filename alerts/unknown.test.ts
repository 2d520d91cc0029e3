/** What becomes of alerts while their values are unknown: `no_data` and `on_error`. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Db } from '../storage/client.ts'
import { testStorage } from '../storage/testing.ts'
import type { Alerts } from './index.ts'
import { parseRuleFile } from './rule-file.ts'
import { alertsHarness, minute, second, t0, type Harness } from './testing/harness.ts'

const latency = (more: string) => `
groups:
  - name: g
    interval: 1m
    rules:
      - alert: Slow
        kind: latency
        window: 2m
        by: [model]
        above: 5s
        min_requests: 3
        labels: { severity: page, where: "{{ labels.model }}" }
        annotations: { summary: "{{ labels.model }} takes {{ value | duration }}", runbook: "https://wiki/slow" }
        ${more}
`

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
let broken = false
beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())
beforeEach(async () => {
  broken = false
  room = await alertsHarness(storage, latency(''))
})
afterEach(() => room.stop())

const shown = (alerts: Alerts) => alerts.active().map(({ labels, state, reason }) => [labels['model'], state, reason])

async function start(more: string): Promise<Alerts> {
  room.writeRules(latency(more))
  const reader: Db = {
    ...storage.reader,
    query: (sql, params, options) => storage.reader.query(broken ? 'select nonsense' : sql, params, options),
  }
  return room.start({ reader })
}

const bad = (model: string, from: number, seconds: number) =>
  room.insertRequests(t0 + from, seconds, second, { model, duration_ms: 8_000 })

test.each([
  ['ok', 'no_data: ok', [], []],
  ['keep', 'no_data: keep', [['a', 'firing', '']], [['a', 'firing', '']]],
  ['alert', 'no_data: { action: alert, for: 2m }', [['a', 'firing', 'no_data']], [['a', 'firing', 'no_data']]],
])('no data, %s: what fired', async (_, policy, soon, later) => {
  await bad('a', 10 * second, 40)
  const alerts = await start(policy)
  await room.clock.advance(minute)
  expect(shown(alerts)).toEqual([['a', 'firing', '']])
  const fingerprint = alerts.active()[0]?.fingerprint
  // Rows from before 1:00 are in the window until 3:00.
  await room.clock.advance(2 * minute)
  expect(shown(alerts)).toEqual(soon)
  await room.clock.advance(5 * minute)
  expect(shown(alerts)).toEqual(later)
  for (const alert of alerts.active()) expect(alert.fingerprint).toBe(fingerprint)
  await room.insertRequests(t0 + 8 * minute, 50, second, { model: 'a', duration_ms: 100 })
  await room.clock.advance(minute)
  expect(shown(alerts)).toEqual([])
})

test('a rule without alerts gets one with its own labels, after its own `for`, and says why', async () => {
  const alerts = await start('no_data: { action: alert, for: 2m }')
  await room.clock.advance(minute)
  expect(shown(alerts)).toEqual([[undefined, 'pending', 'no_data']])
  await alerts.stop()
  // A restart goes on counting.
  const again = await start('no_data: { action: alert, for: 2m }')
  await room.clock.advance(minute)
  expect(shown(again)).toEqual([[undefined, 'pending', 'no_data']])
  await room.clock.advance(minute)
  expect(again.active()).toMatchObject([
    {
      state: 'firing',
      labels: { alertname: 'Slow', severity: 'page' },
      value: null,
      annotations: {
        summary: 'Slow: no data in the last 120 s',
        reason: 'no data in the last 120 s',
        runbook: 'https://wiki/slow',
      },
      active_at: t0 + minute,
      firing_since: t0 + 3 * minute,
    },
  ])
  await room.clock.advance(minute)
  expect(room.slack.messages).toHaveLength(1)
  // Few requests are data, if not enough for a value.
  await room.insertRequests(t0 + 3.5 * minute, 5, minute, { model: 'a', duration_ms: 8_000 })
  await room.clock.advance(2 * minute)
  expect(shown(again)).toEqual([])
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
  await again.stop()
  const reasons = await storage.db.query('select state, reason from alert_events order by timestamp')
  expect(reasons).toEqual([
    { state: 'pending', reason: 'no_data' },
    { state: 'firing', reason: 'no_data' },
    { state: 'inactive', reason: 'no_data' },
  ])
})

test('a healthy rule has data: nothing alerts', async () => {
  await room.insertRequests(t0, 600, second, { model: 'a', duration_ms: 100 })
  const alerts = await start('no_data: alert')
  await room.clock.advance(5 * minute)
  expect(shown(alerts)).toEqual([])
  expect(alerts.rules()[0]?.evaluations.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])
})

test('one series that vanishes among others resolves', async () => {
  await bad('a', 0, 50)
  await bad('b', 0, 300)
  const alerts = await start('no_data: alert')
  await room.clock.advance(minute)
  expect(shown(alerts)).toEqual([
    ['a', 'firing', ''],
    ['b', 'firing', ''],
  ])
  await room.clock.advance(2 * minute)
  expect(shown(alerts)).toEqual([['b', 'firing', '']])
})

test('while it cannot be evaluated, on_error: alert fires with the labels of its alerts', async () => {
  await bad('a', 10 * second, 40)
  const alerts = await start('for: 10m\n        on_error: { action: alert, for: 2m }')
  await room.clock.advance(minute)
  expect(shown(alerts)).toEqual([['a', 'pending', '']])
  broken = true
  await room.clock.advance(minute)
  expect(shown(alerts)).toEqual([['a', 'pending', 'error']])
  await room.clock.advance(2 * minute)
  expect(shown(alerts)).toEqual([['a', 'firing', 'error']])
  expect(alerts.active()[0]?.annotations['reason']).toMatch(/^cannot be evaluated: .*nonsense/)
  broken = false
  await room.clock.advance(minute)
  expect(shown(alerts)).toEqual([])
})

test.each([
  ['no_data: sometimes', /no_data\.action: .*expected one of.*found "sometimes"/],
  ['no_data: { action: alert, for: long }', /no_data\.for: expected a duration/],
  ['on_error: { action: alert, after: 5m }', /on_error\.after: unknown key; expected one of: action, for/],
  ['on_error: ok', /on_error\.action: .*expected one of keep, alert; found "ok"/],
  ['limit: 0', /limit: .*found 0/],
])('%s is refused', (more, message) => {
  expect(parseRuleFile(latency(more), 'rules.yaml').problems.join('\n')).toMatch(message)
})
