/** Two processes on one database: one evaluates and tells, the other takes over. */
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Db } from '../storage/client.ts'
import { testStorage } from '../storage/testing.ts'
import type { Clock } from './clock.ts'
import type { Alerts } from './index.ts'
import { SharedLease } from './lease.ts'
import { alertsHarness, latencyRules, minute, second, states, t0, type Harness } from './testing/harness.ts'

/** Many small steps of two processes on one engine. */
const slowMachineMs = 240_000

/** Over `slowForTwoMinutes`: pending at 0:30, firing at 1:00, told at 1:30, resolved at 3:00. */
const briefRules = latencyRules.replace('window: 5m', 'window: 1m').replace('for: 1m', 'for: 30s')

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())
beforeEach(async () => {
  room = await alertsHarness(storage, briefRules)
})
afterEach(() => room.stop())

interface Process {
  alerts: Alerts
  /** Moments that it evaluated, in seconds after t0. */
  evaluated: number[]
  /** Nothing of it happens any more, and nothing is said. */
  kill(): void
  /** Whether its writes reach the database. */
  cutOff(away: boolean): void
}

async function process(): Promise<Process> {
  let alive = true
  let away = false
  const evaluated: number[] = []
  const clock: Clock = {
    now: () => room.clock.now(),
    elapsed: () => room.clock.elapsed(),
    after: (ms, task) => room.clock.after(ms, () => (alive ? task() : undefined)),
  }
  const reader: Db = {
    ...storage.reader,
    query(sql, params, options) {
      if (params && 'threshold' in params) evaluated.push((Number(params['to_ms']) - t0) / second)
      return storage.reader.query(sql, params, options)
    },
  }
  const db: Db = {
    ...storage.db,
    query: (sql, params, options) =>
      away ? Promise.reject(new Error('away')) : storage.db.query(sql, params, options),
    insert: (table, rows) => (away ? Promise.reject(new Error('away')) : storage.db.insert(table, rows)),
  }
  const alerts = await room.start({ clock, reader, db, shared: true })
  return { alerts, evaluated, kill: () => (alive = false), cutOff: (cut) => (away = cut) }
}

const roles = (...processes: Process[]) => processes.map(({ alerts }) => alerts.lease().role)
const grid = (from: number, to: number) => Array.from({ length: (to - from) / 30 + 1 }, (_, index) => from + index * 30)

test(
  'exactly one evaluates; when it is killed the other goes on within 30 s, and neither repeats nor loses',
  async () => {
    await room.slowForTwoMinutes()
    const first = await process()
    const second_ = await process()
    await room.clock.advance(95 * second)
    expect(roles(first, second_)).toEqual(['leader', 'follower'])
    expect(second_.alerts.lease()).toMatchObject({ leader: first.alerts.lease().identity, fence: 1 })
    expect(second_.evaluated).toEqual([])
    // The follower shows what the leader found.
    expect(second_.alerts.active()).toMatchObject([{ state: 'firing', labels: { model: 'gpt-4o' } }])
    expect(room.slack.messages).toHaveLength(1)

    first.kill()
    await room.clock.advance(30 * second)
    expect(second_.alerts.lease()).toMatchObject({ role: 'leader', fence: 2 })
    expect(states(second_.alerts)).toEqual(['firing'])
    await room.clock.advance(150 * second)
    expect(room.slack.messages.map(({ color }) => color)).toEqual(['#d64545', '#2f9e62'])
    expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
    expect(first.evaluated).toEqual(grid(30, 90))
    // Every moment after it, those in between too.
    expect(second_.evaluated).toEqual(grid(120, 270))
    await second_.alerts.stop()
    expect(await room.events()).toHaveLength(3)
  },
  slowMachineMs,
)

test(
  'of two that start together one wins',
  async () => {
    const both = await Promise.all([process(), process()])
    await room.clock.advance(minute)
    expect(roles(...both).toSorted()).toEqual(['follower', 'leader'])
    const [one, other] = both
    expect(one.alerts.lease().leader).toBe(other.alerts.lease().leader)
    expect([...one.evaluated, ...other.evaluated]).toEqual(grid(30, 60))
  },
  slowMachineMs,
)

test(
  'one that stops hands over at once',
  async () => {
    const first = await process()
    const second_ = await process()
    await room.clock.advance(10 * second)
    await first.alerts.stop()
    await room.clock.advance(7 * second)
    expect(roles(second_)).toEqual(['leader'])
  },
  slowMachineMs,
)

test(
  'one whose beats are not written stops before another takes over, and follows once it is back',
  async () => {
    await room.slowForTwoMinutes()
    const first = await process()
    const second_ = await process()
    await room.clock.advance(95 * second)
    first.cutOff(true)
    await room.clock.advance(10 * second)
    expect(roles(first, second_)).toEqual(['follower', 'follower'])
    await room.clock.advance(20 * second)
    expect(roles(first, second_)).toEqual(['follower', 'leader'])
    first.cutOff(false)
    await room.clock.advance(150 * second)
    expect(roles(first, second_)).toEqual(['follower', 'leader'])
    expect(room.slack.messages.map(({ color }) => color)).toEqual(['#d64545', '#2f9e62'])
    expect(first.evaluated.filter((at) => second_.evaluated.includes(at))).toEqual([])
  },
  slowMachineMs,
)

test('one whose clock leapt over its hold begins anew: what it found meanwhile was not told', async () => {
  let leap = 0
  const terms: string[] = []
  const note = (what: string) => () => Promise.resolve(void terms.push(what))
  const lease = new SharedLease({
    db: storage.db,
    clock: { ...room.clock, now: () => room.clock.now() + leap },
    log: pino({ level: 'silent' }),
    onTaken: note('taken'),
    onLost: note('lost'),
    onFollowed: note('followed'),
    onHeld: () => {},
  })
  await lease.start()
  await room.clock.advance(3 * second)
  leap = 20 * second
  expect(lease.held()).toBe(false)
  await room.clock.advance(15 * second)
  expect(terms).toEqual(['taken', 'lost', 'taken'])
  expect(lease.status()).toMatchObject({ role: 'leader', fence: 2 })
  await lease.stop()
})

test('a follower takes over in time though the clock was set back since the last beat', async () => {
  const first = await process()
  const second_ = await process()
  await room.clock.advance(20 * second)
  expect(roles(first, second_)).toEqual(['leader', 'follower'])
  first.kill()
  room.clock.step(-10 * minute)
  await room.clock.advance(30 * second)
  expect(second_.alerts.lease()).toMatchObject({ role: 'leader', fence: 2 })
})
