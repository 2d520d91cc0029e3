import { expect, test } from 'vitest'
import { proveTimelines } from '../test/alert-proof/timelines.ts'
import { promtool } from '../test/support/debian.ts'

test.skipIf(promtool() === null)('random timelines have the same states as in Prometheus', () => {
  const proof = proveTimelines(promtool() ?? '', { count: 30, seed: 1 })
  expect(proof.differences).toBe('')
  expect(proof.alerts).toBeGreaterThan(300)
})
