/** The short form of `npm run alert-proof -- azure`. */
import { expect, test } from 'vitest'
import { faults, hasTrace, proveAzure } from './azure.ts'

test.skipIf(!hasTrace())(
  'an hour of the Azure trace with an outage: seen within minutes, and nothing else is',
  async () => {
    const outage = faults.filter(({ name }) => name.startsWith('outage'))
    const { requests, rules } = await proveAzure({ hours: 1, wanted: outage })
    expect(requests).toBeGreaterThan(1_500)
    expect(rules.map(({ set, false_pages_per_week }) => [set, false_pages_per_week])).toEqual([
      ['shipped', 0],
      ['of a team', 0],
    ])
    for (const { detected_after_s } of rules) {
      const after = Object.values(detected_after_s)[0]
      expect(after).toBeGreaterThan(60)
      expect(after).toBeLessThan(600)
    }
  },
)
