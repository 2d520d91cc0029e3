/** Schedules, answers that can't be used, and the room's own metrics. */
import { setTimeout as sleep } from 'node:timers/promises'
import { metrics } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
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
afterAll(async () => {
  metrics.disable()
  await storage.stop()
})
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

test('grid points that go by during an evaluation are counted and made up for', async () => {
  const before = await counted('inferwatch.alerts.missed_evaluations')
  const caughtUp = await counted('inferwatch.alerts.caught_up_evaluations')
  const late = { done: false }
  const clock = { ...room.clock, now: () => room.clock.now() + (late.done ? 150 * second : 0) }
  room.writeRules(sqlRule('select 1 as value where {from:DateTime64(3)} < {to:DateTime64(3)}'))
  const asked: unknown[] = []
  const reader = spied((sql, params) => {
    late.done = true
    if (sql.includes('{to:')) asked.push(params?.['to'])
  })
  const alerts = await room.start({ clock, reader })
  // It is 10:03:30 once the evaluation of 10:01 is done: 10:02 and 10:03 went by.
  await room.clock.advance(50 * second)
  expect(asked).toEqual([1, 2, 3].map((minutes) => new Date(t0 + minutes * minute)))
  expect(alerts.rules()[0]).toMatchObject({
    missed_ticks: 2,
    caught_up: 2,
    last_evaluation_at: t0 + 3 * minute,
    evaluations: [{ caught_up: false }, { caught_up: true }, { caught_up: true }],
  })
  await room.clock.advance(30 * second)
  expect(alerts.rules()[0]).toMatchObject({ missed_ticks: 2, last_evaluation_at: t0 + 4 * minute })
  expect((await counted('inferwatch.alerts.missed_evaluations')) - before).toBe(2)
  expect((await counted('inferwatch.alerts.caught_up_evaluations')) - caughtUp).toBe(2)
})

test('a rule that a reload takes away in the middle of catching up leaves no alert behind', async () => {
  const late = { by: 0 }
  const clock = { ...room.clock, now: () => room.clock.now() + late.by }
  room.writeRules(sqlRule('select 1 as value where {from:DateTime64(3)} < {to:DateTime64(3)}'))
  let asked = 0
  const reader: Db = {
    ...storage.reader,
    async query(sql, params, options) {
      late.by = 150 * second
      if (sql.includes('{to:') && ++asked === 2) {
        room.writeRules(sqlRule('select 1 as value').replace(/.*Query.*/, ''))
        await alerts.reload(room.config)
      }
      return storage.reader.query(sql, params, options)
    },
  }
  const alerts = await room.start({ clock, reader })
  await room.clock.advance(2 * minute)
  expect(asked).toBe(2)
  const left = `select rule, state from alert_state order by rule`
  expect(await storage.db.query(left)).toEqual([
    { rule: 'Other', state: 'firing' },
    { rule: 'Query', state: 'inactive' },
  ])
  // What happened to it is history all the same.
  const history = `select previous_state, state from alert_events where rule = 'Query' order by timestamp`
  expect(await storage.db.query(history)).toEqual([
    { previous_state: 'inactive', state: 'firing' },
    { previous_state: 'firing', state: 'inactive' },
  ])
})

test('evaluations that are slower than their interval do not pile up', async () => {
  let slow = 0
  const clock = { ...room.clock, now: () => room.clock.now() + slow }
  room.writeRules(sqlRule('select 1 as value').replace(/.*Other.*/, ''))
  const alerts = await room.start({
    clock,
    reader: spied(() => {
      if (slow < 20 * minute) slow += 150 * second
    }),
  })
  await room.clock.advance(50 * second)
  const [rule] = alerts.rules()
  expect(rule?.last_evaluation_at).toBe(t0 + 21 * minute)
  expect(rule).toMatchObject({ missed_ticks: 20, evaluations: { length: 9 } })
})

test('the last evaluations are remembered: value, results, duration, error', async () => {
  room.writeRules(sqlRule('select number as value, number as n from numbers(3)', ', above: 0'))
  const alerts = await room.start()
  await room.clock.advance(minute)
  room.writeRules(sqlRule('select nonsense'))
  await alerts.reload(room.config)
  await room.clock.advance(40 * minute)
  const [rule] = alerts.rules()
  expect(rule?.evaluations).toHaveLength(30)
  expect(rule?.evaluations.at(-1)).toMatchObject({
    at: t0 + 41 * minute,
    outcome: 'error',
    error: expect.stringContaining('nonsense'),
    instances: 0,
    value: null,
    duration_ms: expect.any(Number),
  })
  room.writeRules(sqlRule('select number as value, number as n from numbers(3)', ', above: 0'))
  await alerts.reload(room.config)
  await room.clock.advance(minute)
  expect(alerts.rules()[0]?.evaluations.at(-1)).toMatchObject({ outcome: 'ok', error: '', instances: 2, value: 2 })
})

test('rules of one shape share a query; one whose answer is no good fails alone', async () => {
  await room.insertRequests(t0, 20, second, { model: 'a', duration_ms: 8_000 })
  await room.insertRequests(t0, 20, second, { model: 'b', duration_ms: 2_000 })
  const rule = (name: string, more: string) =>
    `{ alert: ${name}, kind: latency, window: 5m, by: [model], min_requests: 1, ${more} }`
  room.writeRules(`
groups:
  - name: g
    interval: 1m
    rules:
      - ${rule('Slow', 'above: 5s')}
      - ${rule('Median', 'above: 1s, quantile: 0.5')}
      - ${rule('OnlyB', 'above: 1s, where: { model: b }')}
      - ${rule('OnlyC', 'above: 1s, where: { model: c }')}
      - ${rule('TooMany', 'above: 1s, limit: 1')}
`)
  const asked: string[] = []
  const alerts = await room.start({ reader: spied((sql) => asked.push(sql)) })
  await room.clock.advance(minute)
  expect(asked).toHaveLength(2)
  const found = alerts.rules().map(({ name, firing, health, evaluations }) => ({
    name,
    firing,
    health,
    shared_with: evaluations[0]?.shared_with,
  }))
  expect(found).toEqual([
    { name: 'Slow', firing: 1, health: 'ok', shared_with: 2 },
    { name: 'Median', firing: 2, health: 'ok', shared_with: 2 },
    { name: 'OnlyB', firing: 1, health: 'ok', shared_with: 1 },
    { name: 'OnlyC', firing: 0, health: 'ok', shared_with: 1 },
    { name: 'TooMany', firing: 0, health: 'err', shared_with: 2 },
  ])
  expect(alerts.rules()[4]?.last_error).toContain('more than 1 instances')
  // What is shown is the rule's own question.
  expect(alerts.rules()[0]?.sql).toContain('{threshold:Float64}')
})

test('when the shared query fails, rules are asked one by one', async () => {
  const rule = (name: string, above: string) => `{ alert: ${name}, kind: latency, window: 5m, above: ${above} }`
  room.writeRules(`groups: [{ name: g, interval: 1m, rules: [${rule('A', '1s')}, ${rule('B', '2s')}] }]`)
  await room.insertRequests(t0, 20, second, { duration_ms: 1_500 })
  const reader: Db = {
    ...storage.reader,
    query: (sql, params, options) =>
      storage.reader.query(sql.includes(' as v0') ? 'select nonsense' : sql, params, options),
  }
  const alerts = await room.start({ reader })
  await room.clock.advance(minute)
  expect(alerts.rules()).toMatchObject([
    { name: 'A', health: 'ok', firing: 1, evaluations: [{ shared_with: 0 }] },
    { name: 'B', health: 'ok', firing: 0 },
  ])
})

test('more instances than the limit leave the alerts as they were', async () => {
  const many = (count: number) => sqlRule(`select 1 as value, number as n from numbers(${count})`, ', limit: 3')
  room.writeRules(many(3))
  const alerts = await room.start()
  await room.clock.advance(minute)
  expect(alerts.rules()[0]).toMatchObject({ firing: 3, limit: 3 })
  room.writeRules(many(4))
  await alerts.reload(room.config)
  await room.clock.advance(minute)
  expect(alerts.rules()[0]).toMatchObject({
    firing: 3,
    health: 'err',
    last_error: expect.stringContaining('more than 3 instances'),
  })
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

test('what goes on firing is written now and then, and as it last was at an end in good order; its state holds over a crash', async () => {
  room.writeRules(`
groups:
  - name: g
    interval: 5s
    rules: [{ alert: Query, sql: "select dateDiff('second', toDateTime64('2026-11-21 10:00:00', 3, 'UTC'), {to:DateTime64(3)}) as value" }]
`)
  let killed = false
  const written: unknown[] = []
  const db: Db = {
    ...storage.db,
    query: (sql, params, options) => storage.db.query(sql, params, options),
    async insert(table, rows) {
      if (killed) return
      if (table === 'alert_state') written.push(...rows.map((row) => (row as { value: number }).value))
      await storage.db.insert(table, rows)
    },
  }
  const stored = () => storage.db.query('select state, value from alert_state')
  const first = await room.start({ db })
  await room.clock.advance(minute + 20 * second)
  expect(written).toEqual([15, 75])
  expect(first.active()).toMatchObject([{ value: 90 }])
  await first.stop()
  expect(await stored()).toEqual([{ state: 'firing', value: 90 }])
  const crashing = await room.start({ db })
  await room.clock.advance(20 * second)
  killed = true
  await crashing.stop()
  expect(await stored()).toEqual([{ state: 'firing', value: 95 }])
  const last = await room.start()
  await room.clock.advance(5 * second)
  expect(last.active()).toMatchObject([{ value: 115, firing_since: t0 + 15 * second }])
  expect(await room.events()).toEqual([' inactive > firing'])
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

test('a database that hangs while it takes a row holds up no evaluation for long, and is counted', async () => {
  const before = await counted('inferwatch.alerts.late_writes')
  let open = () => {}
  const gate = new Promise<void>((resolve) => (open = resolve))
  const hung = { inserts: 0 }
  const db: Db = {
    ...storage.db,
    query: (sql, params, options) => storage.db.query(sql, params, options),
    async insert(table, rows) {
      hung.inserts++
      await gate
      return storage.db.insert(table, rows)
    },
  }
  const alerts = await room.start({ db })
  // The clock waits for each of its tasks, and this one waits for the clock.
  void room.clock.advance(50 * second)
  await expect.poll(() => hung.inserts).toBe(1)
  await room.clock.advance(10 * second)
  void room.clock.advance(50 * second)
  await expect.poll(() => alerts.rules()[0]?.last_evaluation_at).toBe(t0 + 2 * minute)
  expect((await counted('inferwatch.alerts.late_writes')) - before).toBeGreaterThan(0)
  open()
})

test('nobody is told before it is stored that they will be: after a crash in between, they hear of the end', async () => {
  room.writeRules(sqlRule('select 1 as value').replace('1m', '1s'))
  room.config.route.group_wait = '0s'
  const told = () => room.slack.messages.length + room.pagerduty.incidents.length + room.webhook.messages.length
  const toldByThen: number[] = []
  const slow: Db = {
    ...storage.db,
    query: (sql, params, options) => storage.db.query(sql, params, options),
    async insert(table, rows) {
      if (table === 'alert_groups' && JSON.stringify(rows).includes('"owed')) {
        // A vendor is quicker than this, if nobody waits for what is stored.
        await sleep(second)
        toldByThen.push(told())
      }
      await storage.db.insert(table, rows)
    },
  }
  await room.start({ clock: systemClock, db: slow })
  await expect.poll(told).toBeGreaterThan(0)
  expect(toldByThen[0]).toBe(0)
})

test('a vendor that hangs holds up neither evaluations nor other channels', async () => {
  room.writeRules(sqlRule('select 1 as value').replace('1m', '1s'))
  room.config.route.group_wait = '0s'
  room.slack.failNext('hang')
  const alerts = await room.start({ clock: systemClock })
  await expect.poll(() => room.webhook.messages).toHaveLength(2)
  const [rule] = alerts.rules()
  await expect.poll(() => alerts.rules()[0]?.last_evaluation_at).toBeGreaterThan(rule?.last_evaluation_at ?? Infinity)
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
