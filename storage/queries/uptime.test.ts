import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Probe } from '../../records/probe.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { outages, uptime } from './uptime.ts'

const start = Date.UTC(2026, 10, 1)
const minute = 60_000
const month = { from: start, to: start + 30 * 24 * 60 * minute }
let storage: Awaited<ReturnType<typeof testStorage>>

function probe(endpoint: string, atMinute: number, ok: boolean, more: Partial<Probe> = {}): Probe {
  return {
    timestamp: (start + atMinute * minute) * 1000,
    endpoint,
    probe: 'completion',
    type: 'completion',
    model: 'm',
    ok,
    status: ok ? 'ok' : 'error',
    http_status: ok ? 200 : 500,
    interval_ms: minute,
    connect_ms: 1,
    ttfb_ms: 2,
    ttft_ms: ok ? 100 + atMinute : null,
    duration_ms: 5,
    input_tokens: null,
    output_tokens: null,
    tokens_per_second: null,
    cost_usd: null,
    certificate_days: null,
    cold_start: '',
    objective_ratio: 0.999,
    error: ok ? '' : `failed at ${atMinute}`,
    ...more,
  }
}

beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'probes', [
    probe('steady', 0, true, { cost_usd: 0.001, certificate_days: 20 }),
    probe('steady', 1, true, { cost_usd: 0.002, certificate_days: 19, tokens_per_second: 40 }),
    // Down for 2 minutes and 3, with a good minute between; the collector was away from minute 8 to 100.
    probe('shaky', 0, true),
    probe('shaky', 1, false, { cold_start: 'reported' }),
    probe('shaky', 2, false, { cold_start: 'reported' }),
    probe('shaky', 3, true),
    probe('shaky', 4, false),
    probe('shaky', 5, false, { cold_start: 'reported' }),
    probe('shaky', 6, false),
    probe('shaky', 7, true),
    probe('shaky', 100, false),
    // Of another month.
    probe('shaky', -1, false),
  ])
})
afterAll(() => storage.stop())

test('time up and down, what is left of the month’s budget, and what nobody knows', async () => {
  const rows = await uptime(storage.reader, month, start + 101.5 * minute)
  const budget_ms = 43.2 * minute
  expect(rows).toMatchObject([
    {
      endpoint: 'shaky',
      probe: 'completion',
      type: 'completion',
      probes: 9,
      failed: 6,
      // Minutes 0, 3, and two intervals after the last good one.
      up_ms: 4 * minute,
      // The newest speaks until now.
      down_ms: 6.5 * minute,
      uptime_ratio: 4 / 10.5,
      objective_ratio: 0.999,
      cold_starts: 3,
      cost_usd: null,
      ttft_p50_ms: 103,
      tokens_per_second_p50: null,
      last: { timestamp_ms: start + 100 * minute, ok: false, error: 'failed at 100', certificate_days: null },
    },
    {
      endpoint: 'steady',
      probe: 'completion',
      type: 'completion',
      probes: 2,
      failed: 0,
      up_ms: 3 * minute,
      down_ms: 0,
      uptime_ratio: 1,
      objective_ratio: 0.999,
      cold_starts: 0,
      cost_usd: 0.003,
      ttft_p50_ms: 101,
      tokens_per_second_p50: 40,
      last: { timestamp_ms: start + minute, ok: true, error: '', certificate_days: 19 },
    },
  ])
  for (const [index, left] of [36.7, 43.2].entries()) {
    expect(rows[index]?.budget_ms).toBeCloseTo(budget_ms, 3)
    expect(rows[index]?.budget_left_ms).toBeCloseTo(left * minute, 3)
  }
})

test('outages: from the first failure to the next success', async () => {
  const at = (minutes: number) => start + minutes * minute
  expect(await outages(storage.reader, month)).toEqual([
    {
      endpoint: 'shaky',
      probe: 'completion',
      from_ms: at(100),
      to_ms: null,
      failed: 1,
      error: 'failed at 100',
      cold_start: false,
    },
    {
      endpoint: 'shaky',
      probe: 'completion',
      from_ms: at(4),
      to_ms: at(7),
      failed: 3,
      error: 'failed at 4',
      cold_start: false,
    },
    {
      endpoint: 'shaky',
      probe: 'completion',
      from_ms: at(1),
      to_ms: at(3),
      failed: 2,
      error: 'failed at 1',
      cold_start: true,
    },
  ])
})

test('without probes there is nothing to say', async () => {
  const before = { from: start - 10 * 24 * 60 * minute, to: start - 9 * 24 * 60 * minute }
  expect(await uptime(storage.reader, before, start)).toEqual([])
  expect(await outages(storage.reader, before)).toEqual([])
})
