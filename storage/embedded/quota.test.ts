import { expect, test } from 'vitest'
import { QuotaLedger } from './quota.ts'
import type { EngineUser, UserQuota } from './users.ts'

const user = (name: string, quota: UserQuota): EngineUser => ({
  name,
  role: 'reader',
  password_sha256: '',
  limits: {},
  quota,
})

test('what one user used is nothing to another, and all is forgotten at the full hour', () => {
  let now = Date.parse('2026-11-21T10:59:00Z')
  const ledger = new QuotaLedger(() => now)
  const anna = user('anna', { queries_per_hour: 2 })
  const bert = user('bert', { queries_per_hour: 2 })
  ledger.begin(anna)
  ledger.begin(anna)
  expect(() => ledger.begin(anna)).toThrow(
    'Quota for user anna for 3600s has been exceeded: queries = 2/2. Interval will end at 2026-11-21 11:00:00',
  )
  ledger.begin(bert)
  now = Date.parse('2026-11-21T11:00:00Z')
  ledger.begin(anna)
})

test.each<[UserQuota, string]>([
  [{ read_rows_per_hour: 1000 }, 'read_rows = 1000/1000'],
  [{ execution_time_per_hour: 2.5 }, 'execution_time = 2.5/2.5'],
])('%j', (quota, message) => {
  const ledger = new QuotaLedger(() => 0)
  const anna = user('anna', quota)
  ledger.begin(anna)
  ledger.charge(anna, { read_rows: 900, execution_time: 2 })
  ledger.begin(anna)
  ledger.charge(anna, { read_rows: 100, execution_time: 0.5 })
  expect(() => ledger.begin(anna)).toThrow(message)
})

test('a query may read no more rows than are left', () => {
  const ledger = new QuotaLedger(() => 0)
  expect(ledger.rowsLeft(user('a', {}))).toBeNull()
  const anna = user('anna', { read_rows_per_hour: 1000 })
  ledger.charge(anna, { read_rows: 900, execution_time: 0 })
  expect(ledger.rowsLeft(anna)).toBe(100)
})
