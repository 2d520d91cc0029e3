import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../testing.ts'
import { deliveries, firings } from './alert-history.ts'

const noon = Date.UTC(2026, 10, 21, 12)
const minute = 60_000
const range = { from: noon, to: noon + 60 * minute }

let storage: Awaited<ReturnType<typeof testStorage>>

const event = (at: number, fingerprint: string, previous_state: string, state: string, value: number | null = 1) => ({
  timestamp: new Date(noon + at * minute),
  fingerprint,
  rule: 'Slow',
  group: 'mine',
  state,
  previous_state,
  labels: { model: fingerprint },
  annotations: {},
  value,
})

const attempt = (at: number, id: string, number: number, outcome: string, more: object = {}) => ({
  timestamp: new Date(noon + at * minute),
  id,
  receiver: 'on-call',
  channel: 'slack',
  type: 'slack',
  group_key: '{}:{}',
  status: 'firing',
  reason: 'first',
  title: 'Slow',
  alerts: ['a', 'b'],
  attempt: number,
  ok: outcome === 'sent',
  outcome,
  retry_at: null,
  http_status: 200,
  duration_ms: 1,
  error: '',
  ...more,
})

beforeAll(async () => {
  storage = await testStorage()
  await storage.db.insert('alert_events', [
    // Fired before the range and into it; then once more, and still.
    event(-10, 'a', 'inactive', 'pending'),
    event(-5, 'a', 'pending', 'firing', 7),
    event(10, 'a', 'firing', 'inactive'),
    event(50, 'a', 'inactive', 'firing', null),
    // Over before the range; pending alone; after the range.
    event(-30, 'b', 'inactive', 'firing'),
    event(-20, 'b', 'firing', 'inactive'),
    event(5, 'c', 'inactive', 'pending'),
    event(70, 'd', 'inactive', 'firing'),
    // Ends after the range: as of its end it fires.
    event(20, 'e', 'inactive', 'firing'),
    event(80, 'e', 'firing', 'inactive'),
  ])
  await storage.db.insert('notifications', [
    attempt(1, 'n1', 1, 'retry', { http_status: 429, error: 'rate limited' }),
    attempt(2, 'n1', 2, 'sent'),
    attempt(3, 'n1', 1, 'failed', { channel: 'webhook', http_status: null, error: 'no such host' }),
    attempt(90, 'n2', 1, 'sent'),
  ])
})
afterAll(() => storage.stop())

test('each firing that touches the range, from its beginning to its end', async () => {
  const rows = await firings(storage.reader, range)
  expect(rows.map(({ fingerprint, from_ms, to_ms, value }) => [fingerprint, from_ms, to_ms, value])).toEqual([
    ['a', noon + 50 * minute, null, null],
    ['e', noon + 20 * minute, null, 1],
    ['a', noon - 5 * minute, noon + 10 * minute, 7],
  ])
  expect(rows[0]?.labels).toEqual({ model: 'a' })
})

test('a change of state that is written again, as after a crash, is one row', async () => {
  const { timestamp, ...fields } = event(30, 'f', 'inactive', 'firing')
  const again = { ...fields, timestamp, annotations: { summary: 'again' } }
  await storage.db.insert('alert_events', [
    { ...fields, timestamp },
    { ...fields, timestamp, group: 'another' },
  ])
  await storage.db.insert('alert_events', [again, { ...again, state: 'inactive' }])
  const rows = await storage.db.query(
    `select group, state, annotations['summary'] as summary from alert_events where fingerprint = 'f' order by group, state`,
  )
  expect(rows).toEqual([
    { group: 'another', state: 'firing', summary: '' },
    { group: 'mine', state: 'firing', summary: 'again' },
    { group: 'mine', state: 'inactive', summary: 'again' },
  ])
})

test('a notification is one row per channel, as its last attempt left it', async () => {
  const rows = await deliveries(storage.reader, range)
  expect(rows).toMatchObject([
    { id: 'n1', channel: 'webhook', attempts: 1, outcome: 'failed', http_status: null, error: 'no such host' },
    { id: 'n1', channel: 'slack', attempts: 2, outcome: 'sent', http_status: 200, error: '', alerts: 2 },
  ])
  expect(rows[0]?.took_ms).toBe(1)
  expect(rows[1]).toMatchObject({ first_ms: noon + minute, last_ms: noon + 2 * minute, took_ms: minute + 1 })
})
