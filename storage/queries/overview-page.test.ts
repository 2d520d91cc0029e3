/** What the overview asks, beside a recount of the raw rows in JavaScript: over an hour from raw rows, over days from rollups. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startOfDayBefore } from '../../records/calendar.ts'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { gpuSamples } from '../../test/dashboard/seed-fleet.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { contextShare } from './context-share.ts'
import { endpointsHealth } from './endpoint-health.ts'
import { offenderKinds, offenders, type Offender } from './offenders.ts'
import { todaySpend } from './today-spend.ts'
import { usualTime } from './usual.ts'
import { vram } from './vram.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const noon = Date.UTC(2026, 10, 21, 12)
const short: TimeRange = { from: noon - hour, to: noon }
const long: TimeRange = { from: noon - 3 * day, to: noon }

let seed = 17
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647
  return seed % below
}

const statuses = ['error', 'rate_limited', 'timeout', 'cancelled'] as const

function call(id: number, startMs: number, slower = 1): LlmRequest {
  return {
    ...emptyRequest(),
    timestamp: startMs * 1000,
    trace_id: id.toString(16).padStart(32, '0'),
    span_id: id.toString(16).padStart(16, '0'),
    environment: 'test',
    model: `org/m${id % 3}`,
    provider: `p${id % 2}`,
    endpoint: id % 7 === 0 ? '' : `e${id % 3}`,
    user_id: id % 11 === 0 ? '' : `u${id % 13}`,
    session_id: id % 4 === 0 ? '' : `s${id % 29}`,
    team: `t${id % 2}`,
    status: id % 5 === 0 ? (statuses[(id / 5) % 4] ?? 'ok') : 'ok',
    duration_ms: id % 9 === 0 ? null : (50 + random(5000)) * (id % 3 === 1 ? slower : 1),
    input_tokens: id % 8 ? random(4000) : null,
    output_tokens: random(900),
    context_window: id % 4 === 0 ? null : 8192,
    cost_usd: id % 4 === 0 ? null : random(1000) / 1e6,
    version: id,
  }
}

/** 500 in the last two hours, in which org/m1 is three times as slow; 1,500 over the nine days before, of which one endpoint is gone. */
const rows = [
  ...Array.from({ length: 500 }, (_, index) => call(index + 1, noon - 1 - random(2 * hour), 3)),
  ...Array.from({ length: 1500 }, (_, index) =>
    call(index + 1001, noon - 2 * hour - random(9 * 24) * hour - random(minute)),
  ),
  ...[1, 2].map((index) => Object.assign(call(5000 + index, noon - 3 * day - index * hour), { endpoint: 'gone' })),
]
const startOf = ({ timestamp }: LlmRequest) => timestamp / 1000
const within = ({ from, to }: TimeRange) => rows.filter((row) => startOf(row) >= from && startOf(row) < to)
const failed = ({ status }: LlmRequest) => ['error', 'rate_limited', 'timeout'].includes(status)
const known = (values: (number | null)[]) => values.filter((value) => value !== null)
const p95 = (values: (number | null)[]) => {
  const sorted = known(values).toSorted((a, b) => a - b)
  return sorted[Math.floor(0.95 * sorted.length)] ?? null
}
const costOf = (list: LlmRequest[]) => {
  const costs = known(list.map(({ cost_usd }) => cost_usd))
  return costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0)
}

/** Exact from raw rows; a digest lies within the neighbours of the exact value. */
function expectP95(value: number | null | undefined, list: LlmRequest[], exact: boolean): void {
  const sorted = known(list.map(({ duration_ms }) => duration_ms)).toSorted((a, b) => a - b)
  const place = Math.floor(0.95 * sorted.length)
  const near = exact ? 0 : 3
  const [low, high] = [sorted[Math.max(place - near, 0)], sorted[Math.min(place + near, sorted.length - 1)]]
  expect(value ?? NaN).toBeGreaterThanOrEqual((low ?? NaN) * 0.999)
  expect(value ?? NaN).toBeLessThanOrEqual((high ?? NaN) * 1.001)
}

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', rows)
  await store(storage.db, 'gpu_samples', gpuSamples(noon, 150))
  const link = { server: 'vllm', version: 1, endpoint_source: 'config', host: 'h', instance: 'a:1', model: 'm' }
  await storage.db.insert('topology', [
    { ...link, endpoint: 'deployed', valid_from: (noon - 2 * day) * 1000 },
    { ...link, endpoint: 'taken-down', valid_from: (noon - 2 * day) * 1000, valid_to: (noon - day) * 1000 },
  ])
  await storage.rollups.flush()
})
afterAll(() => storage.stop())

describe.each([
  ['raw rows', short, 'raw'],
  ['rollups', long, 'models_1d'],
] as const)('from %s', (_, range, source) => {
  test('endpoints: each with its figures, what is usual of it, and its course', async () => {
    const answer = await endpointsHealth(storage.reader, {}, range)
    expect(answer).toMatchObject({ source, left_out: 0 })
    const own = within(answer)
    expect(answer.unnamed).toBe(own.filter(({ endpoint }) => endpoint === '').length)
    const names = answer.endpoints.map(({ name }) => name)
    expect(names.slice(0, 3).toSorted()).toEqual(['e0', 'e1', 'e2'])
    for (const { name, requests, errors, p95_ms, models, usual, spark } of answer.endpoints.slice(0, 3)) {
      const list = own.filter(({ endpoint }) => endpoint === name)
      expect({ requests, errors }).toEqual({ requests: list.length, errors: list.filter(failed).length })
      expect(models).toEqual([...new Set(list.map(({ model }) => model))].toSorted())
      expectP95(p95_ms, list, source === 'raw')
      expect(spark.requests.reduce((sum, value) => sum + value, 0)).toBe(requests)
      expect(spark.errors.reduce((sum, value) => sum + value, 0)).toBe(errors)
      const before = within(usualTime(answer.from)).filter(({ endpoint }) => endpoint === name)
      expect(usual).toMatchObject({ requests: before.length, errors: before.filter(failed).length })
      expectP95(usual?.p95_ms, before, false)
    }
  })

  test('models that are slower than usual, that fail, that cost', async () => {
    const answer = await offenders(storage.reader, 'model', {}, range, 2)
    expect(answer).toMatchObject({ source, counted_from: answer.from, timed_from: answer.from })
    const byModel = Map.groupBy(within(answer), ({ model }) => model)
    const count = (name: string) => byModel.get(name)?.filter(failed).length ?? 0
    const most = (value: (name: string) => number) =>
      [...byModel.keys()].toSorted((a, b) => value(b) - value(a)).slice(0, 2)
    expect(answer.failing.map(({ errors }) => errors)).toEqual(most(count).map(count))
    expect(answer.dear.map(({ name }) => name)).toEqual(most((name) => costOf(byModel.get(name) ?? []) ?? 0))
    expect(answer.dear[0]?.cost_usd).toBeCloseTo(costOf(byModel.get(answer.dear[0]?.name ?? '') ?? []) ?? NaN, 9)
    for (const { p95_ms, usual_p95_ms } of answer.slow) expect(p95_ms ?? 0).toBeGreaterThan(usual_p95_ms ?? Infinity)
  })
})

test('a model that got slower two hours ago is the slowest against what is usual of it', async () => {
  const { slow } = await offenders(storage.reader, 'model', {}, short)
  const [row] = slow
  expect(row).toMatchObject({
    name: 'org/m1',
    requests: within(short).filter(({ model }) => model === 'org/m1').length,
  })
  expect((row?.p95_ms ?? 0) / (row?.usual_p95_ms ?? 1)).toBeGreaterThan(1)
})

describe('endpoints without requests', () => {
  test('are there when they had some in the week before, or something runs under them', async () => {
    const { endpoints } = await endpointsHealth(storage.reader, {}, short)
    const idle = endpoints.filter(({ requests }) => requests === 0)
    expect(idle.map(({ name, p95_ms, usual }) => [name, p95_ms, usual?.requests ?? null])).toEqual([
      ['deployed', null, null],
      ['gone', null, 2],
    ])
  })

  test('a filter leaves those that it would leave of their requests', async () => {
    const names = async (filter: object) =>
      (await endpointsHealth(storage.reader, filter, short)).endpoints.map(({ name }) => name)
    expect(await names({ endpoint: 'deployed' })).toEqual(['deployed'])
    expect((await names({ model: 'org/m1' })).toSorted()).toEqual(
      ['e1', 'gone'].filter((name) => rows.some((row) => row.endpoint === name && row.model === 'org/m1')),
    )
    // Rollups know no users: nothing is said of what is usual.
    const { endpoints } = await endpointsHealth(storage.reader, { user_id: 'u1' }, short)
    expect(endpoints.length).toBeGreaterThan(0)
    expect(endpoints.every(({ usual }) => usual === null)).toBe(true)
  })

  test('beyond the limit they are counted', async () => {
    const { endpoints, left_out } = await endpointsHealth(storage.reader, {}, short, 2)
    expect([endpoints.length, left_out]).toEqual([2, 3])
  })
})

describe('users and sessions', () => {
  const columns = { user: 'user_id', session: 'session_id' } as const

  test.each(['user', 'session'] as const)('%s: from raw rows, by each order', async (by) => {
    const answer = await offenders(storage.reader, by, { team: 't1' }, short, 4)
    const groups = Map.groupBy(
      within(short).filter((row) => row.team === 't1' && row[columns[by]] !== ''),
      (row) => row[columns[by]],
    )
    const top = (value: (list: LlmRequest[]) => number) =>
      [...groups]
        .map(([, list]) => value(list))
        .filter((found) => found > 0)
        .toSorted((a, b) => b - a)
        .slice(0, 4)
    expect(answer.failing.map(({ errors }) => errors)).toEqual(top((list) => list.filter(failed).length))
    const least = by === 'user' ? 20 : 1
    expect(answer.slow.map(({ p95_ms }) => p95_ms)).toEqual(
      top((list) => (list.length >= least ? (p95(list.map(({ duration_ms }) => duration_ms)) ?? 0) : 0)),
    )
    const costs = top((list) => costOf(list) ?? 0)
    answer.dear.forEach(({ cost_usd }, index) => expect(cost_usd).toBeCloseTo(costs[index] ?? NaN, 9))
    expect(answer.dear).toHaveLength(costs.length)
    for (const { name, requests, unpriced } of answer.failing)
      expect([requests, unpriced]).toEqual([
        groups.get(name)?.length,
        groups.get(name)?.filter(({ cost_usd }) => cost_usd === null).length,
      ])
  })

  test('users of many requests: errors and cost from whole days, latency from the newest hours', async () => {
    const answer = await offenders(storage.reader, 'user', {}, long, 3, 100)
    expect(answer).toMatchObject({ source: 'users_1d', slow_source: 'raw', counted_from: Date.UTC(2026, 10, 18) })
    expect(answer.timed_from).toBeGreaterThan(long.from)
    const days = within({ from: answer.counted_from, to: long.to })
    const ofUser = ({ name }: Offender) => days.filter(({ user_id }) => user_id === name)
    for (const one of answer.failing) expect(one.errors).toBe(ofUser(one).filter(failed).length)
    for (const one of answer.dear) expect(one.cost_usd).toBeCloseTo(costOf(ofUser(one)) ?? NaN, 9)
  })

  test.each(offenderKinds)('%s: nobody is none', async (by) => {
    const answer = await offenders(storage.reader, by, { model: 'nobody' }, short)
    expect([answer.failing, answer.slow, answer.dear]).toEqual([[], [], []])
  })
})

describe('context windows', () => {
  const shares = (range: TimeRange) =>
    within(range).flatMap(({ input_tokens, output_tokens, context_window }) =>
      input_tokens === null || context_window === null ? [] : [(input_tokens + (output_tokens ?? 0)) / context_window],
    )

  test('P95 of their use, and of the period before', async () => {
    const answer = await contextShare(storage.reader, {}, short)
    expect(answer.read_from).toBe(short.from)
    for (const [fill, range] of [
      [answer.current, short],
      [answer.previous, { from: short.from - hour, to: short.from }],
    ] as const) {
      const list = shares(range)
      expect(fill?.requests).toBe(list.length)
      expect(fill?.p95_ratio).toBeCloseTo(p95(list) ?? NaN, 12)
      expect(fill?.max_ratio).toBeCloseTo(Math.max(...list), 12)
    }
    const bucket = answer.spark.points.at(-2)
    expect(bucket?.p95_ratio).toBeCloseTo(
      p95(shares({ from: bucket?.at ?? 0, to: (bucket?.at ?? 0) + answer.spark.step_ms })) ?? NaN,
      12,
    )
  })

  test('of many requests the newest hours, beside the same hours before', async () => {
    const answer = await contextShare(storage.reader, {}, long, 300)
    expect(answer.read_from).toBe(noon - hour)
    expect(answer.current?.requests).toBe(shares(short).length)
    expect(answer.previous?.requests ?? 0).toBe(shares({ from: noon - 3 * day - hour, to: noon - 3 * day }).length)
  })

  test('nobody told: unknown', async () => {
    const answer = await contextShare(storage.reader, { model: 'nobody' }, short)
    expect(answer).toMatchObject({ current: null, previous: null, spark: { points: [] } })
  })
})

describe('memory of GPUs', () => {
  test('in use on average, of all of them, in both periods', async () => {
    const answer = await vram(storage.reader, short)
    for (const [use, range] of [
      [answer.current, short],
      [answer.previous, { from: short.from - hour, to: short.from }],
    ] as const) {
      const [row] = await storage.db.query<{ gpus: number; used: number }>(
        `select count() as gpus, sum(used) as used from (select avg(memory_used_bytes) as used from gpu_samples
        where timestamp >= fromUnixTimestamp64Milli({from:Int64}) and timestamp < fromUnixTimestamp64Milli({to:Int64}) group by uuid)`,
        { ...range },
      )
      expect(use?.gpus).toBe(row?.gpus)
      expect(use?.used_bytes).toBeCloseTo(row?.used ?? NaN, 0)
      expect(use?.total_bytes).toBe((row?.gpus ?? NaN) * 80 * 2 ** 30)
    }
    expect(answer.current?.gpus).toBe(4)
    expect(answer.spark.points.length).toBeGreaterThan(25)
    expect(answer.fullest?.ratio).toBeGreaterThan(0.85)
  })

  test('days come from hours; without a GPU it is unknown', async () => {
    expect((await vram(storage.reader, long)).current?.gpus).toBe(4)
    const before = { from: noon - 20 * day, to: noon - 19 * day }
    expect(await vram(storage.reader, before)).toMatchObject({ current: null, previous: null, fullest: null })
  })
})

describe.each(['UTC', 'Asia/Kolkata'])('today in %s', (zone) => {
  test('so far, beside the days before by the same time', async () => {
    const answer = await todaySpend(storage.reader, {}, noon, zone)
    expect(answer.before).toHaveLength(7)
    const means: number[] = []
    for (const [index, { at, requests, unpriced, cost_usd, by_now_usd }] of [
      ...answer.before,
      answer.today,
    ].entries()) {
      const start = startOfDayBefore(noon, 7 - index, zone)
      expect(at).toBe(start)
      const list = within({ from: start, to: Math.min(start + day, noon) })
      expect(requests).toBe(list.length)
      expect(unpriced).toBe(list.filter((row) => row.cost_usd === null).length)
      expect(cost_usd).toBeCloseTo(costOf(list) ?? NaN, 9)
      const early = costOf(within({ from: start, to: noon - (7 - index) * day })) ?? 0
      expect(by_now_usd).toBeCloseTo(early, 9)
      if (index < 7) means.push(early)
    }
    expect(answer.usual_by_now_usd).toBeCloseTo(means.reduce((sum, cost) => sum + cost, 0) / 7, 9)
  })

  test('a filter that no rollup knows: today and yesterday', async () => {
    const answer = await todaySpend(storage.reader, { user_id: 'u1' }, noon, zone)
    expect(answer.before).toHaveLength(1)
    const own = within({ from: startOfDayBefore(noon, 0, zone), to: noon }).filter(({ user_id }) => user_id === 'u1')
    expect(answer.today.requests).toBe(own.length)
  })
})
