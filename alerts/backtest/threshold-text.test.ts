import { expect, test } from 'vitest'
import type { Unit } from '../rule.ts'
import { thresholdSchema } from '../threshold.ts'
import { rounded, thresholdText, valueText } from './threshold-text.ts'

test.each([
  [5_123, 'above', 5_200],
  [5_123, 'below', 5_100],
  [5_200, 'above', 5_200],
  [0.07, 'above', 0.07],
  [0.0701, 'above', 0.071],
  [999, 'above', 1_000],
  [-5_123, 'above', -5_100],
  [-5_123, 'below', -5_200],
  [0, 'above', 0],
] as const)('%d for %s is %d', (value, side, expected) => {
  expect(rounded(value, side)).toBe(expected)
})

const all: Unit[] = ['ms', 'ratio', 'usd_per_hour', 'number']
test.each(all.flatMap((unit) => [0, 0.00042, 0.07, 0.29, 1].map((value) => [value, unit] as const)))(
  '%d %s: a rule file reads what is suggested as that value',
  (value, unit) => {
    expect(thresholdSchema(unit).parse(thresholdText(value, unit))).toBe(value)
  },
)

test('values as people read them', () => {
  expect([
    valueText(7_200, 'ms'),
    valueText(0.045, 'ratio'),
    valueText(52, 'usd_per_hour'),
    valueText(3, 'number'),
  ]).toEqual(['7.2 s', '4.5%', '$52.00', '3'])
  expect([thresholdText(-1, 'ms'), thresholdText(2, 'ratio')]).toEqual([null, null])
})
