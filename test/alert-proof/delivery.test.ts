import { expect, test } from 'vitest'
import { proveDelivery } from './delivery.ts'

test('each alert is told once per state on every channel, whatever fails', async () => {
  const proof = await proveDelivery({ alerts: 6, seed: 1 })
  expect(proof.wrong).toEqual([])
  expect(proof.faults).toBeGreaterThan(10)
  expect(proof.attempts).toBeGreaterThan(6 * proof.channels)
})
