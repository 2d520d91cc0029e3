/** The strip of requests over a long time, and a series beside the period before it, against a recount of the raw rows. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pino } from 'pino'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import { parseQuery } from '../../records/request-query.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { store } from '../../test/dashboard/store.ts'
import { startRollups } from '../rollups.ts'
import { testStorage } from '../testing.ts'
import { latencySeries } from './latency.ts'
import { withPrevious } from './previous.ts'
import { spendSeries } from './spend.ts'
import { throughputSeries } from './throughput.ts'
import { timeline } from './timeline.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const noon = Date.UTC(2026, 10, 21, 12)

/** Every 7 minutes for four hours, now and then for four days and for eighty; every third of another team, every fifth of model b. */
const ages = [
  ...Array.from({ length: 35 }, (_, index) => index * 7 * minute + 1234),
  ...Array.from({ length: 14 }, (_, index) => (index + 1) * 7 * hour + 777),
  ...Array.from({ length: 9 }, (_, index) => (index + 1) * 8.3 * day),
]
const call = (age: number, index: number): LlmRequest => ({
  ...emptyRequest(),
  timestamp: (noon - age) * 1000,
  trace_id: index.toString(16).padStart(32, '0'),
  span_id: index.toString(16).padStart(16, '0'),
  environment: 'test',
  model: index % 5 ? 'a' : 'b',
  team: index % 3 ? 'search' : 'support',
  user_id: `user-${index % 2}`,
  duration_ms: 100 + index,
  cost_usd: 0.001,
})
const rows = ages.map(call)

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', rows)
  const rollups = await startRollups(storage.db, pino({ level: 'silent' }))
  await rollups.flush()
  await rollups.stop()
})
afterAll(() => storage.stop())

const counted = ({ from, to }: TimeRange, matches: (row: LlmRequest) => boolean = () => true) =>
  rows.filter((row) => row.timestamp >= from * 1000 && row.timestamp < to * 1000 && matches(row)).length

describe('the strip', () => {
  test.each([
    ['8 h', 8 * hour, 'requests_1m'],
    ['7 d', 7 * day, 'requests_1h'],
    ['80 d', 80 * day, 'requests_1d'],
  ] as const)('over %s counts what raw rows do, from the rollup of its size', async (_name, span, source) => {
    const answer = await timeline(storage.reader, {}, { from: noon - span, to: noon })
    expect(answer.source).toBe(source)
    expect(answer.unfiltered).toEqual([])
    const { from, step_ms } = answer
    expect(answer.requests).toEqual(
      answer.requests.map((_, index) => counted({ from: from + index * step_ms, to: from + (index + 1) * step_ms })),
    )
    expect(answer.requests.reduce((sum, count) => sum + count)).toBe(counted({ from, to: noon }))
  })

  test('is filtered by what rollups know, and says by what it is not', async () => {
    const answer = await timeline(
      storage.reader,
      { team: 'support', user_id: 'user-1' },
      { from: noon - 8 * hour, to: noon },
    )
    expect(answer.unfiltered).toEqual(['user_id'])
    expect(answer.requests.reduce((sum, count) => sum + count)).toBe(
      counted({ from: answer.from, to: noon }, ({ team }) => team === 'support'),
    )
  })

  test('is filtered by those free terms that rollups know', async () => {
    const parsed = parseQuery('team!=support duration>100')
    const terms = parsed.ok ? parsed.terms : []
    const answer = await timeline(storage.reader, { terms }, { from: noon - 8 * hour, to: noon })
    expect(answer.unfiltered).toEqual(['q'])
    expect(answer.requests.reduce((sum, count) => sum + count)).toBe(
      counted({ from: answer.from, to: noon }, ({ team }) => team !== 'support'),
    )
    const known = await timeline(storage.reader, { terms: terms.slice(0, 1) }, { from: noon - 8 * hour, to: noon })
    expect(known.unfiltered).toEqual([])
  })
})

describe('the period before', () => {
  const ask = (range: TimeRange) =>
    withPrevious((asked, like) => throughputSeries(storage.reader, {}, asked, like), range, true)

  test.each([
    ['an hour', { from: noon - hour, to: noon }],
    ['an odd time', { from: noon - 100 * minute - 1500, to: noon - 3333 }],
    ['two days', { from: noon - 2 * day, to: noon }],
  ])('of %s has the same buckets, counted by itself', async (_name, range) => {
    const { previous, ...current } = await ask(range)
    if (!previous) throw new Error('it was asked for')
    expect(previous.step_ms).toBe(current.step_ms)
    expect(previous.source).toBe(current.source)
    const shift = current.from - previous.from
    expect(previous.times.map((at) => at + shift)).toEqual(current.times)
    expect(previous.to).toBeLessThanOrEqual(current.from)
    expect(current.from - previous.to).toBeLessThan(current.step_ms)
    for (const { model, requests } of previous.lines) {
      expect(requests.reduce<number>((sum, count) => sum + (count ?? 0), 0)).toBe(
        counted(previous, (row) => row.model === model),
      )
    }
    expect(previous.lines.length).toBeGreaterThan(0)
  })

  test('is not asked for unless one compares', async () => {
    const range = { from: noon - hour, to: noon }
    const answer = await withPrevious((asked, like) => spendSeries(storage.reader, {}, asked, like), range, false)
    expect(answer).not.toHaveProperty('previous')
  })

  test('has no line of a model that this one does not name', async () => {
    // The request of 35 minutes ago is of b, that of 28 minutes ago of a.
    const range = { from: noon - 30 * minute, to: noon - 25 * minute }
    const series = (asked: TimeRange, like: TimeRange) => latencySeries(storage.reader, {}, asked, like)
    const before = await series({ from: range.from - 5.5 * minute, to: range.from }, range)
    expect(before.lines.map(({ model }) => model)).toEqual(['b'])
    const answer = await withPrevious(series, { from: noon - 30 * minute - 30_000, to: noon - 25 * minute }, true)
    expect(answer.lines.map(({ model }) => model)).toEqual(['a'])
    expect(answer.previous?.lines).toEqual([])
  })
})
