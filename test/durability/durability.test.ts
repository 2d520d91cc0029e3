import { expect, test } from 'vitest'
import { proveInserts } from './insert-kills.ts'
import { proveDurability } from './proof.ts'
import { schedule } from './schedule.ts'

const none = { missing: 0, duplicated: 0, unexpected: 0, wrong: 0 }

test('killed, stopped and without its engine under mixed load: nothing acked is lost, nothing is stored twice', async () => {
  const proof = await proveDurability({ faults: 5, seed: 1, maxPauseMs: 800 })
  expect(proof.acked).toBeGreaterThan(0)
  expect(proof).toMatchObject({ spans: none, requests: none, rollupsEqual: true })
}, 240_000)

test("kill -9 of the engine between an insert's token and its rows: sent again, they are there once", async () => {
  const proof = await proveInserts({ kills: 4, seed: 1, aimed: true })
  expect(proof.repeated).toBeGreaterThan(0)
  expect(proof).toMatchObject({ missing: 0, duplicated: 0 })
}, 240_000)

test('a seed breaks the same things at the same times, every kind of them', () => {
  expect(schedule(3, 200, 1000)).toEqual(schedule(3, 200, 1000))
  expect(schedule(3, 200, 1000)).not.toEqual(schedule(4, 200, 1000))
  for (let seed = 1; seed < 20; seed++) expect(new Set(schedule(seed, 4, 1000).map(({ kind }) => kind)).size).toBe(4)
})
