/** Schedules, answers that can't be used, and the room's own metrics. */
import { metrics } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { Db } from '../storage/client.ts'
import { testStorage } from '../storage/testing.ts'
import { systemClock } from './clock.ts'
import { alertsHarness, minute, second, t0, type Harness } from './testing/harness.ts'

const sqlRule = (sql: string, more = '') => `
groups:
  - name: g
    interval: 1m
    rules:
      - { alert: Query, sql: "${sql}"${more} }
      - { alert: Other, sql: "select 1 as value" }
`

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const meterReader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })

beforeAll(async () => {
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [meterReader] }))
  storage = await testStorage()
})
afterAll(() => storage.stop())
beforeEach(async () => {
  room = await alertsHarness(storage, sqlRule('select 1 as value'), t0 + 10 * second)
})
afterEach(() => room.stop())

async function counted(name: string): Promise<number> {
  await meterReader.forceFlush()
  const all =
    exporter
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? []
  const points = all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []
  return points.reduce((total, { value }) => total + (typeof value === 'number' ? value : 0), 0)
}

const spied = (onQuery: (sql: string, params: Record<string, unknown> | undefined) => void): Db => ({
  ...storage.reader,
  query(sql, params, options) {
    onQuery(sql, params)
    return storage.reader.query(sql, params, options)
  },
})

test('evaluations stand on the interval’s grid, and the question is as of that moment', async () => {
  room.writeRules(`
groups:
  - name: g
    interval: 1m
    query_offset: 20s
    rules: [{ alert: Late, sql: "select 1 as value where {from:DateTime64(3)} < {to:DateTime64(3)}", window: 2m }]
`)
  const asked: unknown[] = []
  // Charts of notifications ask for many windows at once.
  const reader = spied((_, params) => params && 'from' in params && asked.push(params))
  const alerts = await room.start({ reader })
  await room.clock.advance(2 * minute)
  expect(asked).toEqual(
    [60, 120].map((at) => ({ from: new Date(t0 + (at - 140) * second), to: new Date(t0 + (at - 20) * second) })),
  )
  expect(alerts.rules()).toMatchObject([
    {
      name: 'Late',
      health: 'ok',
      state: 'firing',
      firing: 1,
      last_evaluation_at: t0 + 2 * minute,
      interval_ms: minute,
    },
  ])
  expect(alerts.rules()[0]?.sql).toContain('{from:DateTime64(3)}')
})

test('grid points that go by during an evaluation are counted and skipped', async () => {
  const before = await counted('inferwatch.alerts.missed_evaluations')
  const late = { done: false }
  const clock = { ...room.clock, now: () => room.clock.now() + (late.done ? 150 * second : 0) }
  const alerts = await room.start({ clock, reader: spied(() => (late.done = true)) })
  await room.clock.advance(50 * second)
  expect(alerts.rules()[0]?.last_evaluation_at).toBe(t0 + minute)
  // It is 10:03:30 now: 10:02 and 10:03 went by.
  await room.clock.advance(30 * second)
  expect(alerts.rules()[0]?.last_evaluation_at).toBe(t0 + 4 * minute)
  expect((await counted('inferwatch.alerts.missed_evaluations')) - before).toBe(2)
})

test('the same labels twice is an error of that rule alone; its state is kept', async () => {
  const alerts = await room.start()
  await room.clock.advance(minute)
  expect(alerts.active()).toHaveLength(2)
  room.writeRules(sqlRule('select number as value from numbers(2)'))
  await alerts.reload(room.config)
  const failures = await counted('inferwatch.alerts.evaluation_failures')
  await room.clock.advance(minute)
  expect(alerts.rules()).toMatchObject([
    {
      name: 'Query',
      health: 'err',
      state: 'firing',
      last_error: expect.stringContaining('two results have the same labels'),
    },
    { name: 'Other', health: 'ok', state: 'firing' },
  ])
  expect((await counted('inferwatch.alerts.evaluation_failures')) - failures).toBe(1)
})

test('a raised `for` turns a firing alert back to pending, which resolves its notification', async () => {
  room.writeRules(sqlRule('select 1 as value', ', labels: { model: m }'))
  const alerts = await room.start()
  await room.clock.advance(2 * minute)
  const states = () => alerts.active().map(({ labels, state }) => `${labels['alertname']} ${state}`)
  expect(states()).toEqual(['Query firing', 'Other firing'])
  expect(room.pagerduty.incidents.map(({ status }) => status)).toEqual(['triggered', 'triggered'])
  room.writeRules(sqlRule('select 1 as value', ', labels: { model: m }, for: 10m'))
  await alerts.reload(room.config)
  await room.clock.advance(2 * minute)
  expect(states()).toEqual(['Query pending', 'Other firing'])
  expect(room.pagerduty.incidents.map(({ status }) => status).sort()).toEqual(['resolved', 'triggered'])
})

test('keep_firing_for survives a restart', async () => {
  const holds = "select 1 as value where {to:DateTime64(3)} < toDateTime64('2026-11-21 10:01:30', 3, 'UTC')"
  room.writeRules(sqlRule(holds, ', keep_firing_for: 3m'))
  const first = await room.start()
  await room.clock.advance(3 * minute)
  expect(first.rules()[0]).toMatchObject({ state: 'firing' })
  expect(first.active()[0]).toMatchObject({ keep_firing_since: t0 + 2 * minute })
  await first.stop()
  const second_ = await room.start()
  await room.clock.advance(minute)
  expect(second_.rules()[0]).toMatchObject({ state: 'firing', last_evaluation_at: t0 + 4 * minute })
  await room.clock.advance(minute)
  expect(second_.rules()[0]).toMatchObject({ state: 'inactive', last_evaluation_at: t0 + 5 * minute })
})

test('without its database it starts, and takes over the state once that answers', async () => {
  const first = await room.start()
  await room.clock.advance(minute)
  await first.stop()
  let away = true
  const db: Db = {
    ...storage.db,
    query: (sql, params, options) =>
      away ? Promise.reject(new Error('nobody there')) : storage.db.query(sql, params, options),
    insert: (table, rows) => storage.db.insert(table, rows),
  }
  const alerts = await room.start({ db })
  await room.clock.advance(minute)
  expect(alerts.rules()).toMatchObject([{ health: 'err', last_error: 'nobody there' }, { health: 'err' }])
  away = false
  await room.clock.advance(minute)
  expect(alerts.active()).toMatchObject([{ firing_since: t0 + minute }, { firing_since: t0 + minute }])
})

test('a vendor that hangs holds up neither evaluations nor other channels', async () => {
  room.writeRules(sqlRule('select 1 as value').replace('1m', '1s'))
  room.config.route.group_wait = '0s'
  room.slack.failNext('hang')
  const alerts = await room.start({ clock: systemClock })
  await vi.waitFor(() => expect(room.webhook.messages).toHaveLength(2), 10_000)
  const [rule] = alerts.rules()
  await vi.waitFor(
    () => expect(alerts.rules()[0]?.last_evaluation_at).toBeGreaterThan(rule?.last_evaluation_at ?? Infinity),
    10_000,
  )
  expect(room.slack.messages).toEqual([])
  expect(alerts.channels()[0]).toMatchObject({ channel: 'slack', last_attempt_at: null, queued: 2 })
  await room.slack.stop()
})

test('notifications are counted by outcome', async () => {
  const before = await counted('inferwatch.alerts.notifications')
  const evaluations = await counted('inferwatch.alerts.evaluations')
  const alerts = await room.start()
  await alerts.testNotification('on-call')
  await room.clock.advance(minute)
  expect((await counted('inferwatch.alerts.notifications')) - before).toBe(6)
  expect((await counted('inferwatch.alerts.evaluations')) - evaluations).toBe(2)
})
