/** Budgets are told once a period: no route of their own keeps them from being repeated. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../storage/testing.ts'
import { alertsHarness, minute, second, t0, type Harness } from './testing/harness.ts'

const rules = `
groups:
  - name: budget
    interval: 10m
    rules:
      - { alert: Budget, kind: budget, amount: $10, by: [team], thresholds: [50%, 100%], forecast: [] }
`

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
beforeAll(async () => {
  storage = await testStorage()
  room = await alertsHarness(storage, rules)
})
afterAll(async () => {
  await room.stop()
  await storage.stop()
})

test('a threshold is told when it is reached and not again, over a restart too', async () => {
  const spend = async (from: number) => {
    await room.insertRequests(from, 6, second, { team: 'chat', cost_usd: 1 })
    await storage.rollups.flush()
  }
  await spend(t0)
  const first = await room.start()
  await room.clock.advance(15 * minute)
  const told = () => room.webhook.messages.map(({ alerts }) => alerts.map(({ labels }) => labels['threshold']))
  expect(told()).toEqual([['50%']])
  // The harness repeats every hour.
  await room.clock.advance(75 * minute)
  await first.stop()
  const second_ = await room.start()
  await room.clock.advance(75 * minute)
  expect(told()).toEqual([['50%']])
  expect(second_.routing.groups()).toMatchObject([{ channels: [{ repeat_at: null }, {}, {}] }])
  await spend(t0 + 165 * minute)
  await room.clock.advance(25 * minute)
  expect(told()).toEqual([['50%'], ['50%', '100%']])
})

test('a budget that is far beyond its amount when its rule first sees it is told in one line', async () => {
  const before = room.webhook.messages.length
  await room.insertRequests(room.clock.now(), 30, second, { team: 'search', cost_usd: 1 })
  await storage.rollups.flush()
  await room.clock.advance(25 * minute)
  const told = room.webhook.messages.slice(before).flatMap(({ alerts }) => alerts)
  const lines = told.filter(({ labels }) => labels['team'] === 'search').map(({ labels }) => labels['threshold'])
  expect(lines).toEqual(['100%'])
})
