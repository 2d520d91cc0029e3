import { expect, test } from 'vitest'
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
