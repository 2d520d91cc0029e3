/** What was told while the database had no room is known after a restart. */
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { StorageError, type Db } from '../storage/client.ts'
import { testStorage } from '../storage/testing.ts'
import { StateJournal } from './state-journal.ts'
import { alertsHarness, minute, states, type Harness } from './testing/harness.ts'

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

/** It answers, and takes nothing. */
const full = (): Db => ({
  ...storage.db,
  query: (sql, params, options) => storage.db.query(sql, params, options),
  insert: () => Promise.reject(new StorageError('ClickHouse: no space left on device', '243', true)),
})

test('the end of what was told while the disk was full is told after a restart, once', async () => {
  await room.slowForTwoMinutes()
  const dataDir = room.directory
  const before = await room.start({ db: full(), dataDir })
  await room.clock.advance(2 * minute)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'triggered' }])
  const { id = '' } = before.routing.groups()[0] ?? {}
  before.routing.act(id, { action: 'comment', who: 'ada', comment: '2026-11-21T10:00:00.000Z' })
  await before.stop()
  expect(await storage.db.query('select * from alert_groups')).toEqual([])

  const after = await room.start({ dataDir })
  expect(states(after)).toEqual(['firing'])
  expect(after.routing.groups()).toMatchObject([{ comments: [{ text: '2026-11-21T10:00:00.000Z' }] }])
  await room.clock.advance(10 * minute)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
  expect(room.pagerduty.requests).toHaveLength(2)
  await after.stop()

  const journal = await StateJournal.open(join(dataDir, 'alert-journal'))
  expect(journal.left).toEqual([])
  await journal.close()
})

test('a full disk at the restart too: the end is told once there is room', async () => {
  await room.slowForTwoMinutes()
  const dataDir = room.directory
  const before = await room.start({ db: full(), dataDir })
  await room.clock.advance(2 * minute)
  await before.stop()
  const between = await room.start({ db: full(), dataDir })
  await between.stop()
  await room.start({ dataDir })
  await room.clock.advance(10 * minute)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
})

test('one whose last write was cut off, or that is not whole, has nothing', async () => {
  const path = join(room.directory, 'alert-journal')
  const entry = ['alert_groups', 'a', { state: 'x', version: 1, timestamp: new Date(0) }] as const
  const left = async () => {
    const journal = await StateJournal.open(path)
    const found = journal.left
    await journal.write([[...entry]])
    await journal.close()
    return found
  }
  expect(await left()).toEqual([])
  expect(await left()).toEqual([entry])
  writeFileSync(path, 'x', { flag: 'r+', flush: true })
  expect(await left()).toEqual([])
  truncateSync(path, 150)
  expect(await left()).toEqual([])
})
