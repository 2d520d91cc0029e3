/** What people do through a process that doesn't evaluate, over two of them on one database. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Db } from '../../storage/client.ts'
import { testStorage } from '../../storage/testing.ts'
import { alertsConfig } from '../config.ts'
import { alertsHarness, minute, second, type Harness, type LeadingAlerts } from '../testing/harness.ts'
import { NotStoredError } from './index.ts'
import { parseMatchers } from './matcher.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
let leader: LeadingAlerts
let follower: LeadingAlerts
/** Whether the follower's database answers. */
let away: boolean

const ticks = 10 * second

beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())
beforeEach(async () => {
  room = await alertsHarness(storage, 'groups: []')
  away = false
  const config = alertsConfig.parse({
    ...room.config,
    rules: [],
    route: { group_by: ['alertname'], group_wait: '30s', group_interval: '1m' },
  })
  const db: Db = {
    ...storage.db,
    query: (sql, params, options) => storage.db.query(sql, params, options),
    insert: (table, rows) => (away ? Promise.reject(new Error('away')) : storage.db.insert(table, rows)),
  }
  leader = await room.start({ config, shared: true })
  await room.clock.advance(5 * second)
  follower = await room.start({ config, shared: true, follows: true, db })
  await leader.routing.receive([{ labels: { alertname: 'Down', model: 'gpt-4o' }, annotations: {} }])
  await leader.routing.stored()
  await room.clock.advance(ticks)
})
afterEach(() => room.stop())

const silence = (model: string) => ({
  matchers: [{ name: 'model', value: model }],
  ends_at: room.clock.now() + 60 * minute,
  created_by: 'ada',
  comment: 'known',
})
const theGroup = ({ routing }: LeadingAlerts) => routing.groups()[0]

test('groups and firing alerts are shown as the leader stored them', () => {
  expect(follower.lease().role).toBe('follower')
  expect(follower.routing.groups()).toMatchObject([{ key: '{}:{alertname="Down"}', state: 'firing' }])
  expect(theGroup(follower)?.id).toBe(theGroup(leader)?.id)
  expect(follower.routing.matching(parseMatchers('model="gpt-4o"'))).toHaveLength(1)
  expect(follower.routing.matching(parseMatchers('model="other"'))).toEqual([])
})

test('a silence that was made through a follower holds with the leader, and ends the same way', async () => {
  const { id } = follower.routing.setSilence(silence('gpt-4o'))
  await follower.routing.stored()
  expect(theGroup(follower)?.state).toBe('muted')
  await room.clock.advance(ticks)
  expect(leader.routing.silence(id)).toMatchObject({ state: 'active', created_by: 'ada' })
  await room.clock.advance(2 * minute)
  expect(room.slack.messages).toEqual([])

  follower.routing.expireSilence(id, 'bob')
  await follower.routing.stored()
  await room.clock.advance(ticks)
  expect(leader.routing.silence(id)?.state).toBe('expired')
  await room.clock.advance(2 * minute)
  expect(room.slack.messages).toHaveLength(1)
})

test('an edit on either side is the last word on both', async () => {
  const made = leader.routing.setSilence(silence('gpt-4o'))
  await leader.routing.stored()
  await room.clock.advance(ticks)
  const { id, starts_at } = made
  follower.routing.setSilence({ ...silence('gpt-4o'), id, starts_at, comment: 'longer' })
  await follower.routing.stored()
  await room.clock.advance(ticks)
  expect(leader.routing.silence(id)?.comment).toBe('longer')
  leader.routing.setSilence({ ...silence('gpt-4o'), id, starts_at, comment: 'longest' })
  await leader.routing.stored()
  await room.clock.advance(ticks)
  expect(follower.routing.silence(id)?.comment).toBe('longest')
})

test('an acknowledgement through a follower is taken over once, and its vendors hear of it', async () => {
  await room.clock.advance(minute)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'triggered' }])
  const id = theGroup(follower)?.id ?? ''
  const acknowledged = follower.routing.act(id, { action: 'acknowledge', who: 'ada', comment: 'on it' })
  expect(acknowledged).toMatchObject({ acknowledged: { by: 'ada' }, comments: [{ text: 'on it' }] })
  await follower.routing.stored()
  await room.clock.advance(ticks)
  for (const alerts of [leader, follower])
    expect(theGroup(alerts)).toMatchObject({ acknowledged: { by: 'ada' }, comments: [{ by: 'ada', text: 'on it' }] })
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'acknowledged' }])
  expect(await storage.db.query('select action, who, comment from alert_actions')).toHaveLength(1)

  // Who takes over finds it in the group, and doesn't count it again.
  leader.routing.act(id, { action: 'unacknowledge', who: 'bob', comment: '' })
  await leader.stop()
  const next = await room.start({ config: room.config, shared: true })
  await room.clock.advance(40 * second)
  expect(next.lease().role).toBe('leader')
  expect(theGroup(next)).toMatchObject({ acknowledged: null, comments: [{ text: 'on it' }] })
})

test('what was said of a group that is over says nothing of the next one of its key', async () => {
  const id = theGroup(follower)?.id ?? ''
  await leader.stop()
  follower.routing.act(id, { action: 'acknowledge', who: 'ada', comment: '' })
  await follower.routing.stored()
  await storage.db.command('truncate table alert_groups')
  await room.clock.advance(minute)
  const next = await room.start({ shared: true })
  await room.clock.advance(40 * second)
  await next.routing.receive([{ labels: { alertname: 'Down', model: 'gpt-4o' }, annotations: {} }])
  await room.clock.advance(ticks)
  expect(theGroup(next)).toMatchObject({ acknowledged: null })
})

test('what cannot be stored is refused, and so are alerts from elsewhere', async () => {
  away = true
  follower.routing.setSilence(silence('gpt-4o'))
  const refused = await follower.routing.stored().catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(NotStoredError)
  await expect(follower.routing.receive([])).rejects.toBeInstanceOf(NotStoredError)
  away = false
  await room.clock.advance(ticks)
  await follower.routing.stored()
  await room.clock.advance(ticks)
  expect(leader.routing.silences()).toHaveLength(1)
})
