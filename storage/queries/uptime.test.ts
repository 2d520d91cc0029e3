import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seeded } from '../../collector/demo/random.ts'
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
      last: {
        timestamp_ms: start + 100 * minute,
        until_ms: start + 102 * minute,
        ok: false,
        error: 'failed at 100',
        certificate_days: null,
      },
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

describe('random histories', () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const random = seeded(seed)
  const pick = (limit: number) => random.below(limit)
  const from = start + 400 * 24 * 60 * minute
  const to = from + 120 * minute

  /** Gaps, other intervals, two collectors that probe the same, the same moment twice. */
  const history = (endpoint: string): Probe[] => {
    const rows: Probe[] = []
    const collectors = 1 + pick(2)
    for (let collector = 0; collector < collectors; collector++) {
      let interval = [5_000, 30_000, minute, 10 * minute][pick(4)] ?? minute
      for (let at = from + pick(10) * minute; at < to && rows.length < 200; at += interval + pick(3) * 7) {
        if (pick(20) === 0) at += pick(60) * minute
        if (pick(15) === 0) interval = [5_000, 30_000, minute, 10 * minute][pick(4)] ?? minute
        if (at >= to) break
        if (rows.some(({ timestamp }) => timestamp === at * 1000)) continue
        rows.push(probe(endpoint, 0, pick(3) > 0, { timestamp: at * 1000, interval_ms: interval }))
      }
    }
    return rows
  }
  const histories = Array.from({ length: 40 }, (_, index) => history(`random-${index}`)).filter(
    (rows) => rows.length > 0,
  )

  test(`are what counting them one by one says (seed ${seed})`, async () => {
    await store(storage.db, 'probes', histories.flat())
    for (const now of [to + 60 * minute, from + 50 * minute]) {
      const rows = new Map((await uptime(storage.reader, { from, to }, now)).map((row) => [row.endpoint, row]))
      for (const history of histories) {
        const sorted = history.toSorted((a, b) => a.timestamp - b.timestamp)
        const sums = { up_ms: 0, down_ms: 0 }
        for (const [index, { timestamp, interval_ms, ok }] of sorted.entries()) {
          const at = timestamp / 1000
          const next = sorted[index + 1]
          const until = Math.min(next ? next.timestamp / 1000 : Math.min(to, now), at + 2 * interval_ms)
          sums[ok ? 'up_ms' : 'down_ms'] += Math.max(until - at, 0)
        }
        const row = rows.get(sorted[0]?.endpoint ?? '')
        expect(row).toMatchObject({ ...sums, probes: sorted.length })
        expect((row?.up_ms ?? 0) + (row?.down_ms ?? 0)).toBeLessThanOrEqual(to - from)
      }
    }
  })
})

test('a month ends in the middle of an outage: each has its part of it, and it ended in the next', async () => {
  const edge = start + 5 * 24 * 60 * minute
  const at = (minutes: number) => edge - start + minutes * minute
  await store(
    storage.db,
    'probes',
    [-2, -1.5, -0.5, 0.5, 1.5].map((minutes, index) => probe('edge', at(minutes) / minute, index === 0 || index === 4)),
  )
  const of = async (from: number, to: number) => {
    const rows = await uptime(storage.reader, { from, to }, edge + 2 * minute)
    return rows.find(({ endpoint }) => endpoint === 'edge')
  }
  const [before, after, whole] = [
    await of(edge - 60 * minute, edge),
    await of(edge, edge + 60 * minute),
    await of(edge - 60 * minute, edge + 60 * minute),
  ]
  expect(before).toMatchObject({ probes: 3, failed: 2, up_ms: 0.5 * minute, down_ms: 1.5 * minute })
  expect(after).toMatchObject({ probes: 2, failed: 1, up_ms: 0.5 * minute, down_ms: 1.5 * minute })
  expect(whole).toMatchObject({ probes: 5, failed: 3, up_ms: minute, down_ms: 3 * minute })
  const ofEdge = (from: number, to: number) =>
    outages(storage.reader, { from, to }).then((all) => all.filter(({ endpoint }) => endpoint === 'edge'))
  const [first] = await ofEdge(edge - 60 * minute, edge)
  expect(first).toMatchObject({ from_ms: edge - 1.5 * minute, to_ms: edge + 1.5 * minute, failed: 2 })
})

test('without probes there is nothing to say', async () => {
  const before = { from: start - 10 * 24 * 60 * minute, to: start - 9 * 24 * 60 * minute }
  expect(await uptime(storage.reader, before, start)).toEqual([])
  expect(await outages(storage.reader, before)).toEqual([])
})
