/** The short form of `npm run proxy-proof -- faults`. */
import { expect, test } from 'vitest'
import { isProven, proveLedger } from './ledger.ts'

test('the engine killed and the disk full under load: no client notices, and what is stored is the vendor’s ledger', async () => {
  const proof = await proveLedger({ calls: 3_000, faults: true })
  expect(proof).toMatchObject({ failed: 0, duplicated: 0, wrong: 0, examples: [] })
  expect(proof.kills).toBeGreaterThan(0)
  expect(isProven(proof), JSON.stringify(proof)).toBe(true)
}, 240_000)
