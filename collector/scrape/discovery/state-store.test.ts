import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DiscoveryRow, ProviderState } from '../../../records/discovery.ts'
import { providersNow } from '../../../storage/queries/discovery.ts'
import { testStorage } from '../../../storage/testing.ts'
import { ManualClock } from '../clock.ts'
import { createStateStore } from './state-store.ts'
import { until } from './testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())

const log = pino({ level: 'silent' })
const state: ProviderState = {
  provider: 'pods',
  type: 'kubernetes',
  refreshed_at: 1_700_000_000_000_000,
  found: 2,
  targets: 1,
  dropped: 1,
  refused: 0,
  error: '',
  dropped_targets: [{ labels: { pod: 'é"\n' }, reason: 'why' }],
}

test('a state comes back as it was kept; the newest counts', async () => {
  const clock = new ManualClock()
  const store = createStateStore({ db: storage.db, clock, log })
  const { refreshed_at: _at, ...rest } = state
  const read = () => providersNow(storage.reader, clock.now() - 1000)
  store.keep([state])
  await expect
    .poll(read, { timeout: 20_000 })
    .toEqual([{ ...rest, refreshed_ms: 1_700_000_000_000, timestamp_ms: clock.now() }])
  clock.advance(500)
  store.keep([{ ...state, refreshed_at: null, error: 'refused', dropped_targets: [] }])
  await expect
    .poll(read, { timeout: 20_000 })
    .toEqual([{ ...rest, refreshed_ms: null, timestamp_ms: clock.now(), error: 'refused', dropped_targets: [] }])
  await store.stop()
})

test('written when something changed and once a minute; a database that is away does not stop it', async () => {
  const clock = new ManualClock()
  const written: DiscoveryRow[][] = []
  let away = true
  const db = {
    async insert(_: string, rows: object[]) {
      written.push(rows as DiscoveryRow[])
      if (away) throw new Error('no connection')
    },
  }
  const store = createStateStore({ db, clock, log })
  store.keep([state])
  await until(() => written.length === 1)
  away = false
  clock.advance(60_000)
  await until(() => written.length === 2)
  // That it was asked once more is no news for the database.
  store.keep([{ ...state, refreshed_at: clock.now() * 1000 }])
  store.keep([{ ...state, targets: 2 }])
  await until(() => written.length === 3)
  expect(written[2]?.[0]).toMatchObject({ targets: 2, timestamp: clock.now() * 1000 })
  clock.advance(60_000)
  await until(() => written.length === 4)
  await store.stop()
  clock.advance(120_000)
  expect(written).toHaveLength(4)
})
