/** Deploys that stand in `annotations`, on PagerDuty's time line. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { testStorage } from '../storage/testing.ts'
import { alertsConfig } from './config.ts'
import { alertsHarness, minute, type Harness } from './testing/harness.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness

beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())
beforeEach(async () => {
  room = await alertsHarness(storage, 'groups: []', Date.now())
})
afterEach(() => room.stop())

const start = (change_events = true) => {
  const { routingKey: routing_key, enqueueUrl: url } = room.pagerduty
  const notify = [{ type: 'pagerduty', routing_key, url, change_events }]
  return room.start({ config: alertsConfig.parse({ shipped_rules: false, receivers: [{ name: 'on-call', notify }] }) })
}

const annotate = (id: string, fields: object = {}) =>
  storage.db.insert('annotations', [
    {
      id,
      timestamp: new Date(room.clock.now()),
      kind: 'deploy',
      title: id,
      labels: { service: 'chat' },
      version: 1,
      ...fields,
    },
  ])

test('a deploy is told once, over corrections and restarts; other marks are not', async () => {
  await annotate('v1', { url: 'https://ci.example/1' })
  await annotate('note', { kind: 'note' })
  await annotate('gone', { deleted: true })
  const first = await start()
  await room.clock.advance(minute)
  expect(room.pagerduty.changes).toEqual(['v1'])
  await annotate('v1', { title: 'v1 of chat', version: 2 })
  await annotate('v2')
  await room.clock.advance(minute)
  expect(room.pagerduty.changes).toEqual(['v1', 'v2'])
  await first.stop()
  await start()
  await room.clock.advance(minute)
  expect(room.pagerduty.changes).toEqual(['v1', 'v2'])
  expect(room.pagerduty.incidents).toEqual([])
  expect(room.pagerduty.problems).toEqual([])
  expect(await room.notifications()).toMatchObject([
    { id: 'change v1', reason: 'change', outcome: 'sent', receiver: 'on-call' },
    { id: 'change v2', reason: 'change', outcome: 'sent' },
  ])
})

test('one that PagerDuty cannot take yet is told later; nobody is told without change_events', async () => {
  const quiet = await start(false)
  await annotate('v1')
  await room.clock.advance(minute)
  await quiet.stop()
  expect(room.pagerduty.requests).toEqual([])
  room.pagerduty.failNext({ status: 500 }, { status: 500 })
  await start()
  await room.clock.advance(2 * minute)
  expect(room.pagerduty.changes).toEqual(['v1'])
  expect((await room.notifications()).map(({ outcome }) => outcome)).toEqual(['retry', 'retry', 'sent'])
})
