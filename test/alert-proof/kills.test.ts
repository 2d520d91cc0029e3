import { expect, test } from 'vitest'
import { proveKills } from './kills.ts'

test('killed in the middle of evaluations and deliveries: nobody is paged twice, every incident is resolved', async () => {
  const proof = await proveKills({ kills: 3, seed: 5 })
  expect(proof.incidents).toBeGreaterThan(0)
  expect(proof.aimed).toBeGreaterThan(0)
  expect(proof).toMatchObject({ duplicate_pages: 0, lost_resolves: 0, problems: [] })
}, 240_000)
