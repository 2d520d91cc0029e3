/** Spend by column, by month, per user and for invoices, beside a plain recount of the raw rows. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { store } from '../../test/dashboard/store.ts'
import { termsOf } from '../../test/support/terms.ts'
import { testStorage } from '../testing.ts'
import { activeUsers, activeUsersCompared } from './active-users.ts'
import { chargeback } from './chargeback.ts'
import { costBreakdown, costDimensions } from './cost-breakdown.ts'
import { forecastOf, monthSpend, type DaySpend } from './month-spend.ts'
import { where, type Filter } from './where.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** Nothing of it lies on a whole hour or minute. */
const now = Date.UTC(2026, 10, 21, 12, 34, 56)

function call(id: number): LlmRequest {
  const priced = id % 5 !== 0
  return {
    ...emptyRequest(),
    // Over nine weeks, in a few minutes of some hours, and every seventh within the last hour.
    timestamp:
      (id % 7 === 0 ? now - (id % 59) * minute : now - ((id * 7919) % 38) * 41 * hour - (id % 4) * 71_003) * 1000 - id,
    trace_id: id.toString(16).padStart(32, '0'),
    span_id: id.toString(16).padStart(16, '0'),
    environment: id % 11 === 0 ? 'staging' : 'production',
    model: `m${id % 5}`,
    provider: `p${id % 2}`,
    team: id % 4 ? `t${id % 3}` : '',
    user_id: id % 4 ? `u${id % 13}` : '',
    api_key: `k${id % 3}`,
    input_tokens: id % 6 ? id % 4000 : null,
    cached_input_tokens: null,
    output_tokens: id % 900,
    cost_usd: priced ? (id % 1000) / 1e6 : null,
    input_cost_usd: priced ? (id % 400) / 1e6 : null,
    output_cost_usd: priced ? (id % 600) / 1e6 : null,
    cache_savings_usd: null,
    version: 1,
  }
}

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await store(
    storage.db,
    'requests',
    Array.from({ length: 4000 }, (_, index) => call(index + 1)),
  )
  await storage.rollups.flush()
})
afterAll(() => storage.stop())

const close = (value: number | null) => (value === null ? null : (expect.closeTo(value, 9) as number))

const recounted = `count() as requests, count(r.cost_usd) as priced, countIf(r.cost_usd is null) as unpriced,
  sum(r.input_tokens) as input_tokens, sum(r.cached_input_tokens) as cached_input_tokens, sum(r.output_tokens) as output_tokens,
  toFloat64(sum(r.cost_usd)) as cost_usd, toFloat64(sum(r.input_cost_usd)) as input_cost_usd, toFloat64(sum(r.output_cost_usd)) as output_cost_usd`

async function recount<T>(select: string, filter: Filter, range: TimeRange, rest = ''): Promise<T[]> {
  const { sql, params } = where(filter, range)
  return storage.db.query<T>(`select ${select} from requests as r where ${sql} ${rest}`, params)
}

interface Counted extends Record<string, number | string | null> {
  value: string
  cost_usd: number | null
  requests: number
}

const closeTotals = ({ cost_usd, input_cost_usd, output_cost_usd, ...rest }: Record<string, unknown>) => ({
  ...rest,
  cost_usd: close(cost_usd as number | null),
  input_cost_usd: close(input_cost_usd as number | null),
  output_cost_usd: close(output_cost_usd as number | null),
})

describe('spend by column', () => {
  const spans: [string, number, Filter][] = [
    ['an hour', hour, {}],
    ['a day', day, { environment: ['production'] }],
    ['a month', 30 * day, {}],
    ['a month of one team', 30 * day, { team: ['t1'] }],
    ['a month of a free term', 30 * day, { terms: termsOf('team:t1') }],
    ['a week of one key, which rollups do not keep apart', 7 * day, { api_key: ['k1'] }],
  ]
  test.each(spans)(
    'over %s: groups, totals, the period before and the course are those of raw rows',
    async (_, span, filter) => {
      const answer = await costBreakdown(storage.reader, filter, { from: now - span, to: now }, 'model')
      const current = { from: answer.from, to: answer.to }
      const previous = { from: answer.from - (answer.to - answer.from), to: answer.from }
      expect(now - span - answer.from).toBeLessThan(minute)
      expect(answer.source).toBe(filter.api_key ? 'raw' : 'rollups')
      const groups = await recount<Counted>(
        `model as value, ${recounted}`,
        filter,
        current,
        'group by model order by model',
      )
      expect(groups.length).toBeGreaterThan(2)
      const shown = answer.groups
        .filter(({ current: { requests } }) => requests > 0)
        .toSorted((a, b) => (a.value < b.value ? -1 : 1))
      expect(shown.map(({ value, current: totals }) => Object.assign(totals, { value }))).toEqual(
        groups.map((row) => Object.assign(closeTotals(row), { cache_savings_usd: row.priced === 0 ? null : 0 })),
      )
      const before = await recount<Counted>(recounted, filter, {
        ...previous,
        from: Math.floor(previous.from / minute) * minute,
      })
      expect(answer.previous).toMatchObject(closeTotals(before[0] ?? {}))
      for (const group of answer.groups) {
        const course = group.cost_usd.reduce<number | null>(
          (sum, cost) => (cost === null ? sum : (sum ?? 0) + cost),
          null,
        )
        expect(course).toEqual(close(group.current.cost_usd))
      }
    },
  )

  test('every column that it can be told apart by', async () => {
    for (const by of costDimensions) {
      const answer = await costBreakdown(storage.reader, {}, { from: now - 30 * day, to: now }, by)
      const total = answer.groups.reduce((sum, { current }) => sum + current.requests, 0)
      expect(total).toBe(answer.current.requests)
    }
  })

  test('a time before that had hardly begun is nothing to compare with', async () => {
    const comparable = async (days: number) =>
      (await costBreakdown(storage.reader, {}, { from: now - days * day, to: now }, 'model')).comparable
    expect(await comparable(20)).toBe(true)
    expect(await comparable(60)).toBe(false)
  })

  test('only so many groups; the totals are of all', async () => {
    const range = { from: now - 30 * day, to: now }
    const [all, some] = await Promise.all([
      costBreakdown(storage.reader, {}, range, 'model'),
      costBreakdown(storage.reader, {}, range, 'model', 2),
    ])
    expect(some).toMatchObject({ left_out: 3, current: all.current })
    expect(some.groups).toEqual(all.groups.slice(0, 2))
  })
})

describe('the month', () => {
  test.each(['UTC', 'Asia/Kolkata', 'America/New_York'])('days in %s hold what raw rows say', async (zone) => {
    const answer = await monthSpend(storage.reader, {}, now, zone)
    expect(answer.month.name).toBe('2026-11')
    expect(answer.previous.name).toBe('2026-10')
    const ends = [...answer.days.slice(1).map(({ at }) => at), now + 1]
    for (const [index, { at, ...rest }] of answer.days.entries()) {
      const [row] = await recount<Counted>(recounted, {}, { from: at, to: ends[index] ?? 0 })
      expect(rest).toEqual({ cost_usd: close(row?.cost_usd ?? null), requests: row?.requests, unpriced: row?.unpriced })
    }
    const [spent] = await recount<Counted>(recounted, {}, { from: answer.month.from, to: now })
    expect(answer.spent_usd).toEqual(close(spent?.cost_usd ?? null))
  })

  const days = (costs: (number | null)[]): DaySpend[] =>
    costs.map((cost_usd, index) => ({ at: index * day, cost_usd, requests: cost_usd === null ? 0 : 1, unpriced: 0 }))

  test('the forecast goes on at the mean of the last seven full days; even days leave no doubt', () => {
    const even = forecastOf(days([...Array<number>(10).fill(5), 2]), 52, 10 * day)
    expect(even).toEqual({ expected_usd: 102, low_usd: 102, high_usd: 102 })
  })

  test('uneven days make it uncertain, and less than is spent it cannot be', () => {
    const uneven = forecastOf(days([1, 9, 1, 9, 1, 9, 1, 9, 0]), 40, 5 * day)
    expect(uneven?.high_usd).toBeGreaterThan(uneven?.expected_usd ?? Infinity)
    expect(uneven?.low_usd).toBeGreaterThanOrEqual(40)
  })

  test('days before the first request do not count; two full days are too few', () => {
    expect(forecastOf(days([null, null, null, 5, 5, 1]), 11, day)).toBeNull()
    expect(forecastOf(days([null, 5, 5, 5, 1]), 16, day)?.expected_usd).toBe(21)
  })
})

describe('users', () => {
  test('a day counts raw rows, a month whole days', async () => {
    const hourRange = { from: now - hour, to: now }
    const select = `uniqExactIf(r.user_id, r.user_id != '') as users, toFloat64(sumIf(r.cost_usd, r.user_id != '')) as cost_usd`
    const [short] = await recount<{ users: number; cost_usd: number }>(select, {}, hourRange)
    expect(await activeUsers(storage.reader, {}, hourRange)).toEqual({
      ...short,
      cost_usd: close(short?.cost_usd ?? null),
    })
    const month = { from: now - 30 * day, to: now }
    const filter = { team: ['t1'] }
    const [long] = await recount<{ users: number; cost_usd: number }>(select, filter, {
      ...month,
      from: Math.floor(month.from / day) * day,
    })
    expect(await activeUsers(storage.reader, filter, month)).toEqual({
      ...long,
      cost_usd: close(long?.cost_usd ?? null),
    })
  })

  test.each([
    ['half an hour', { from: now - hour / 2, to: now }, { from: now - hour, to: now - hour / 2 }],
    [
      'days',
      { from: now - 3 * day, to: now },
      { from: Math.floor((now - 7 * day) / day) * day, to: Math.floor((now - 3 * day) / day) * day },
    ],
  ])('%s beside the time before', async (_name, range, earlier) => {
    const filter = { team: ['t1'] }
    const [before] = await recount<{ users: number; cost_usd: number }>(
      `uniqExactIf(r.user_id, r.user_id != '') as users, toFloat64(sumIf(r.cost_usd, r.user_id != '')) as cost_usd`,
      filter,
      earlier,
    )
    expect(before?.users).toBeGreaterThan(0)
    expect((await activeUsersCompared(storage.reader, filter, range, true)).previous).toEqual({
      ...before,
      cost_usd: close(before?.cost_usd ?? null),
    })
    expect('previous' in (await activeUsersCompared(storage.reader, filter, range, false))).toBe(false)
  })

  test('a month of one model is nothing that the rollup knows', async () => {
    const month = { from: now - 30 * day, to: now }
    expect(await activeUsers(storage.reader, { model: ['m1'] }, month)).toEqual({ users: null, cost_usd: null })
  })
})

test('the lines of an invoice are those of raw rows, to the last digit', async () => {
  const range = { from: Date.UTC(2026, 9, 12, 5), to: now }
  const lines = await chargeback(storage.reader, {}, range, {
    by: ['team', 'model'],
    period: 'month',
    time_zone: 'Europe/Berlin',
  })
  const rows = await recount<Record<string, unknown>>(
    `formatDateTime(timestamp, '%Y-%m', 'Europe/Berlin') as period, [toString(team), toString(model)] as values, count() as requests,
    countIf(r.cost_usd is null) as unpriced, sum(ifNull(r.input_tokens, 0)) as input_tokens, sum(ifNull(r.output_tokens, 0)) as output_tokens,
    toString(toDecimal128(sum(r.cost_usd), 12)) as cost_usd`,
    {},
    range,
    'group by period, team, model order by period, team, model',
  )
  expect(lines.length).toBeGreaterThan(20)
  expect(lines).toEqual(rows)
})

test('what cached tokens saved is unknown where nobody priced it', async () => {
  const [cached] = [
    {
      ...call(2),
      cached_input_tokens: 100,
      cache_savings_usd: null,
      model: 'cached',
      timestamp: (now - 90 * day) * 1000,
    },
  ]
  await store(storage.db, 'requests', [cached])
  const range = { from: now - 90 * day - minute, to: now - 90 * day + minute }
  const { groups } = await costBreakdown(storage.reader, {}, range, 'model')
  expect(groups).toMatchObject([{ value: 'cached', current: { cached_input_tokens: 100, cache_savings_usd: null } }])
})
