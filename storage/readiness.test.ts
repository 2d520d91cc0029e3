import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Storage } from './index.ts'
import { readiness } from './readiness.ts'
import { testStorage } from './testing.ts'

let storage: Storage
beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())

test('an engine that is stuck is not ready, and that is said in time', async () => {
  const ready = readiness(storage.db, 300)
  expect(await ready()).toEqual({ ok: true, reason: '' })
  const engine = storage.enginePid() as number
  process.kill(engine, 'SIGSTOP')
  try {
    expect(await ready()).toEqual({ ok: false, reason: 'ClickHouse does not answer within 0.3 s' })
  } finally {
    process.kill(engine, 'SIGCONT')
  }
  await expect.poll(ready).toEqual({ ok: true, reason: '' })
})
