import { expect, test } from 'vitest'
import { fuzzCase } from './cases.ts'
import { corpus } from './corpus.ts'
import { fuzz } from './fuzz.ts'

test('a case is made from its seed and number alone', () => {
  const samples = corpus()
  for (let number = 0; number < 50; number++) expect(fuzzCase(7, number, samples)).toEqual(fuzzCase(7, number, samples))
  expect(fuzzCase(7, 1, samples).body).not.toEqual(fuzzCase(8, 1, samples).body)
})

test('damaged requests of every kind: answered, never with a crash, a hang or a 500', async () => {
  const report = await fuzz({ count: 2000, seed: 1 })
  expect(report.failures).toEqual([])
  // Neither everything nor nothing is taken: the damage is damage, and what is valid still goes in.
  expect(report.statuses[200]).toBeGreaterThan(200)
  expect(report.statuses[400]).toBeGreaterThan(200)
  expect(report.sent).toBe(2000)
})
