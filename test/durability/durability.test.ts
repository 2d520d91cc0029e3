import { expect, test } from 'vitest'
import { proveInserts } from './insert-kills.ts'
import { proveDurability } from './proof.ts'

test.each(['collector', 'engine'] as const)(
  'kill -9 of the %s under load loses nothing that was acked and stores nothing twice',
  async (victim) => {
    const proof = await proveDurability({ victim, kills: 3, maxPauseMs: 800 })
    expect(proof.acked).toBeGreaterThan(0)
    expect(proof).toMatchObject({ missing: 0, duplicated: 0, rollupsEqual: true })
  },
  240_000,
)

test("kill -9 of the engine between an insert's token and its rows: sent again, they are there once", async () => {
  const proof = await proveInserts({ kills: 4, seed: 1, aimed: true })
  expect(proof.repeated).toBeGreaterThan(0)
  expect(proof).toMatchObject({ missing: 0, duplicated: 0 })
}, 240_000)
