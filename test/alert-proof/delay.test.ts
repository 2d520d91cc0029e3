import { expect, test } from 'vitest'
import { proveDelay } from './delay.ts'

test('bad requests reach Slack in the order of the way: stored, evaluated, waited for company, told once', async () => {
  const { waits, problems } = await proveDelay({ incidents: 3, seed: 5, intervalS: 1, waits: ['0s', '2s'] })
  expect(problems).toEqual([])
  expect(waits.map(({ told }) => told.length)).toEqual([3, 3])
  for (const [index, { told }] of waits.entries())
    for (const { sent, stored, evaluated_for, grouped, delivered } of told) {
      expect(stored).toBeGreaterThanOrEqual(sent)
      expect(evaluated_for).toBeGreaterThan(sent - 1_000)
      expect(grouped).toBeGreaterThanOrEqual(Math.max(stored, evaluated_for + index * 2_000))
      expect(delivered).toBeGreaterThanOrEqual(grouped)
    }
}, 400_000)
