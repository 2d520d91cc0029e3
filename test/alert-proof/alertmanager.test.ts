import { expect, test } from 'vitest'
import { alertmanager } from '../support/debian.ts'
import { proveAlertmanager } from './alertmanager.ts'

test.skipIf(alertmanager() === null)(
  'Alertmanager and ours tell the same',
  async () => {
    const { different, same } = await proveAlertmanager(12, { steps: 4, seed: 1_000 })
    expect(different).toEqual([])
    expect(same).toBeGreaterThan(20)
  },
  600_000,
)
