import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../storage/testing.ts'
import { createVersions, versionAhead } from './versions.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())

test('versions rise also when the clock stands still or is set back', () => {
  let now = 1000
  const next = createVersions(() => now)
  expect([next(), next()]).toEqual([1_000_000, 1_000_001])
  now = 10
  expect(next()).toBe(1_000_002)
  now = 2000
  expect(next()).toBe(2_000_000)
  expect(createVersions(() => now, 5_000_000)()).toBe(5_000_001)
})

test('what a clock that was ahead has stored is found after it was set right', async () => {
  expect(await versionAhead(storage.db)).toBe(0)
  const insert = (version: number, at: string) =>
    storage.db.command(
      `INSERT INTO requests (timestamp, trace_id, span_id, version, inserted_at) SELECT now(), 'a', 'b', ${version}, ${at}`,
    )
  await insert(7, 'now() - 60')
  expect(await versionAhead(storage.db)).toBe(0)
  await insert(9_000_000, 'now() + 86400')
  await insert(8_000_000, 'now() + 3600')
  expect(await versionAhead(storage.db)).toBe(9_000_000)
  expect(await versionAhead({ query: () => Promise.reject(new Error('away')) })).toBe(0)
})
