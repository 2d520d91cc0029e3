/** Backtests over stored requests: equal to asking one by one, to the engine's own states, and to what is counted by hand. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { infinite } from '../../records/infinite.ts'
import type { LlmRequest } from '../../records/llm-request.ts'
import type { Db } from '../../storage/client.ts'
import { testStorage } from '../../storage/testing.ts'
import { ask, questionAt } from '../ask.ts'
import { kinds } from '../kinds/index.ts'
import { alertsConfig } from '../config.ts'
import { parseRuleFile } from '../rule-file.ts'
import type { Rule, RuleGroup } from '../rule.ts'
import { alertsHarness, minute, second, t0, type Harness } from '../testing/harness.ts'
import { answersOf, type Answer, type Moments } from './answers.ts'
import { firingsAt } from './suggest.ts'
import { HistoryRecorder } from './history.ts'
import { backtest, momentsIn, type BacktestEvent, type BacktestOptions, type BacktestResult } from './index.ts'
import { pagingOf } from './paging.ts'

const hour = 60 * minute

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
beforeAll(async () => {
  storage = await testStorage()
  room = await alertsHarness(storage)
  // Quick traffic for two hours, at odd moments and at edges of windows.
  await room.insertRequests(t0, 1_000, 7_213, {
    model: 'gpt-4o',
    team: 'a',
    duration_ms: 300,
    ttft_ms: 30,
    cost_usd: 0.01,
  })
  await room.insertRequests(t0, 240, 30 * second, { model: 'llama', team: 'b', duration_ms: 900 })
  // Slow for ten minutes, failing for five, later slow again for two; dear for twenty.
  await slowFrom(t0 + 20 * minute, 60, { duration_ms: 8_000 })
  await slowFrom(t0 + 60 * minute, 12, { duration_ms: 6_500 })
  await room.insertRequests(t0 + 40 * minute, 150, 2 * second, {
    model: 'llama',
    team: 'b',
    duration_ms: 50,
    status: 'error',
  })
  await room.insertRequests(t0 + 80 * minute, 20, minute, { model: 'gpt-4o', team: 'a', duration_ms: 400, cost_usd: 3 })
})
afterAll(async () => {
  await room.stop()
  await storage.stop()
})

const slowFrom = (from: number, count: number, fields: Partial<LlmRequest>) =>
  room.insertRequests(from, count, 10 * second, { model: 'gpt-4o', team: 'a', ...fields })

function known<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('nothing there')
  return value
}

function groupOf(rule: object, group: object = {}): RuleGroup {
  const file = JSON.stringify({ groups: [{ name: 'g', ...group, rules: [{ alert: 'X', ...rule }] }] })
  const { groups, problems } = parseRuleFile(file, 'rules.yaml')
  expect(problems).toEqual([])
  return known(groups[0])
}
const ruleOf = (rule: object): Rule => known(groupOf(rule).rules[0])

const slow = { kind: 'latency', by: ['model'], window: '5m', above: '5s', min_requests: 3, for: '1m' }
const paging = pagingOf(alertsConfig.parse({ route: { group_by: ['alertname'] } }))

async function run(
  rule: object,
  more: Partial<BacktestOptions> = {},
): Promise<{ events: BacktestEvent[]; result: BacktestResult }> {
  const group = groupOf(rule)
  const options = {
    rule: known(group.rules[0]),
    group,
    range: { from: t0, to: t0 + 2 * hour },
    reader: storage.reader,
    paging,
    pagesPerWeek: null,
    signal: AbortSignal.timeout(60_000),
    ...more,
  }
  const events = await Array.fromAsync(backtest(options))
  const last = events.at(-1)
  return { events, result: known(last?.type === 'result' ? last.result : null) }
}

test.each([null, 1])('what a rule does without data, as served; pages per week: %s', async (pagesPerWeek) => {
  const range = { from: t0 + 3 * hour, to: t0 + 4 * hour }
  const gone = { ...slow, no_data: { action: 'alert', for: '10m' } }
  const { result } = await run(gone, { range, pagesPerWeek })
  // Evaluated each half minute: nothing at 0:30 already, so it fires at 10:30.
  expect(result.intervals).toMatchObject([
    { start: range.from + 10.5 * minute, end: null, peak: null, annotations: { reason: 'no data in the last 300 s' } },
  ])
  const { result: kept } = await run(
    { kind: 'latency', by: ['model'], window: '5m', above: '5s', no_data: 'keep' },
    { range: { from: t0, to: t0 + 4 * hour }, pagesPerWeek },
  )
  expect(kept.firings).toBeGreaterThan(0)
  const { result: sql } = await run({ sql: 'select 1 as value where false', no_data: 'alert' }, { range, pagesPerWeek })
  expect(sql).toMatchObject({ firings: 1, failed_evaluations: 0 })
})

function counting(): { reader: Db; asked: () => number } {
  let asked = 0
  const reader: Db = {
    ...storage.reader,
    query(sql, params, options) {
      asked++
      return storage.reader.query(sql, params, options)
    },
  }
  return { reader, asked: () => asked }
}

async function both(
  rule: Rule,
  moments: Moments,
  queryOffsetMs = 0,
): Promise<{ whole: Answer[]; single: Answer[]; asked: number }> {
  const { reader, asked } = counting()
  const signal = AbortSignal.timeout(60_000)
  const whole = (await Array.fromAsync(answersOf(rule, moments, { reader, queryOffsetMs, signal }))).flat()
  const single: Answer[] = []
  for (let place = 0; place < moments.count; place++) {
    const at = moments.first + place * moments.step_ms
    const samples = await ask(storage.reader, rule, questionAt(rule, at, queryOffsetMs), signal)
    single.push({ at, samples, error: '', no_data: false })
  }
  return { whole, single, asked: asked() }
}

// Steps that divide the window and that don't; windows shorter than the step; empty stretches before and after the data.
test.each([
  [slow, { step_ms: 30 * second, count: 25, first: t0 + 18 * minute }],
  [
    { ...slow, quantile: 0.5, by: ['model', 'team'], above: '1ms', min_requests: 0 },
    { step_ms: 7_001, count: 25, first: t0 + 19 * minute },
  ],
  [
    { ...slow, window: '10s', above: '1ms', min_requests: 1 },
    { step_ms: minute, count: 20, first: t0 - 5 * minute + 13 },
  ],
  [
    { kind: 'error_ratio', above: '1%', where: { model: ['llama', 'none'] } },
    { step_ms: 40 * second, count: 20, first: t0 + 38 * minute },
  ],
  [
    { kind: 'ttft', by: ['team'], above: '1ms' },
    { step_ms: minute, count: 20, first: t0 + 110 * minute },
  ],
  [
    { kind: 'spend_rate', by: ['team'], window: '1h', above: '$1' },
    { step_ms: 3 * minute, count: 20, first: t0 + 70 * minute },
  ],
  [
    { kind: 'latency', window: '3h', above: '1ms', quantile: 0.9 },
    { step_ms: 10 * minute, count: 20, first: t0 },
  ],
] as const)('%j: many moments in one query, the same answers', async (rule, moments) => {
  const { whole, single, asked } = await both(ruleOf(rule), moments, 3_000)
  expect(whole).toEqual(single)
  expect(single.some(({ samples }) => samples?.length)).toBe(true)
  expect(asked).toBeLessThan(5)
})

test.each(kinds.map((kind) => [kind.name, kind.example] as const))(
  'the example of %s: the same answers',
  async (_, example) => {
    const { whole, single } = await both(ruleOf(example as object), {
      first: t0 + 40 * minute,
      step_ms: 10 * minute,
      count: 4,
    })
    expect(whole).toEqual(single)
  },
)

test('a window without requests can hold when no minimum is set: such rules are asked one by one', async () => {
  const { whole, single, asked } = await both(ruleOf({ kind: 'error_ratio', above: '1%', min_requests: 0 }), {
    first: t0,
    step_ms: minute,
    count: 5,
  })
  expect(whole).toEqual(single)
  expect(asked).toBe(5)
})

test('when it fired, for how long, how far, over which requests', async () => {
  const { events, result } = await run({
    ...slow,
    labels: { severity: 'page' },
    annotations: { summary: '{{ value | duration }}' },
  })
  expect(events.slice(0, -1).every(({ type }) => type === 'progress')).toBe(true)
  expect(events.at(-2)).toEqual({ type: 'progress', done: 240, total: 240, firings: result.firings })
  expect(result).toMatchObject({
    rule: 'X',
    unit: 'ms',
    evaluations: 240,
    failed_evaluations: 0,
    firings: 2,
    pages: 2,
    chart: null,
    suggestion: null,
  })
  const [first, second_] = result.intervals
  // 8 s from 20:00 on against one quick request every 7 s: P95 holds while one in twenty is slow.
  expect(first).toMatchObject({
    labels: { alertname: 'X', model: 'gpt-4o', severity: 'page' },
    annotations: { summary: '8 s' },
    active_at: t0 + 20.5 * minute,
    start: t0 + 21.5 * minute,
    peak: 8_000,
    peak_at: t0 + 20.5 * minute,
  })
  expect(first?.end).toBeGreaterThan(t0 + 30 * minute)
  expect(first?.duration_ms).toBe((first?.end ?? 0) - (first?.start ?? 0))
  expect(second_?.peak).toBe(6_500)
  expect(result.firing_ms).toBe((first?.duration_ms ?? 0) + (second_?.duration_ms ?? 0))
  const [row] = await storage.reader.query<{ n: number }>(
    `select count() as n from requests where model = 'gpt-4o' and timestamp >= {from:DateTime64(3)} and timestamp < {to:DateTime64(3)}`,
    { from: new Date(t0 + 15.5 * minute), to: new Date(first?.end ?? 0) },
  )
  expect(first?.requests?.count).toBe(row?.n)
  // What is printed can be pasted.
  expect(await storage.reader.query(first?.requests?.sql ?? '')).toHaveLength(100)
  expect(await storage.reader.query(first?.sql ?? '')).toMatchObject([{ model: 'gpt-4o', value: 8_000 }])
})

test('the same alerts as the engine makes of the same data', async () => {
  const engine = await room.start()
  await room.clock.advance(40 * minute)
  await engine.stop()
  const events = await storage.db.query<{ at: number; state: string }>(
    `select toFloat64(toUnixTimestamp64Milli(timestamp)) as at, state from alert_events
    where state = 'firing' or previous_state = 'firing' order by timestamp`,
  )
  const { result } = await run(slow, { range: { from: t0, to: t0 + 40 * minute } })
  const changes = result.intervals.flatMap(({ start, end }) => [
    { at: start, state: 'firing' },
    { at: end, state: 'inactive' },
  ])
  expect(events).toEqual(changes)
  expect(changes).toHaveLength(2)
})

test('a rule of SQL; an alert that still fires at the end', async () => {
  const { result } = await run(
    {
      sql: `select team, count() as value from requests where timestamp >= {from:DateTime64(3)} and timestamp < {to:DateTime64(3)} group by team`,
      window: '10m',
      above: 80,
    },
    { range: { from: t0, to: t0 + 27 * minute }, stepMs: 3 * minute },
  )
  // 83 of team a in each window of ten minutes, plus those that are slow.
  expect(result).toMatchObject({ evaluations: 9, firings: 1 })
  expect(result.intervals[0]).toMatchObject({
    labels: { team: 'a' },
    start: t0 + 12 * minute,
    end: null,
    duration_ms: 15 * minute,
    requests: null,
  })
})

test('a suggested threshold pages as often as wished, the next more sensitive one more often; nothing is asked again', async () => {
  const { reader, asked } = counting()
  const group = groupOf(slow)
  const rule = known(group.rules[0])
  const range = { from: t0, to: t0 + 2 * hour }
  const { result } = await run(slow, { reader, pagesPerWeek: 84 })
  // 84 a week is one in two hours: 6.5 s once, 8 s once.
  expect(result.suggestion).toMatchObject({
    threshold: { side: 'above', value: 6_500 },
    text: '6500ms',
    pages: 1,
    pages_per_week: 84,
  })
  expect(result.chart?.map(({ labels }) => labels.model).sort()).toEqual(['gpt-4o', 'llama'])
  expect(result.chart?.[0]?.points.some(([, value]) => value === 8_000)).toBe(true)
  // The grid's few queries, and one per interval for its requests.
  expect(asked()).toBeLessThan(10)
  const none = await run(slow, { pagesPerWeek: 0 })
  expect(none.result.suggestion).toMatchObject({ threshold: { value: 8_000 }, pages: 0 })
  // With all values asked, the same alerts as with the threshold in the query.
  expect(result.intervals).toEqual((await run(slow)).result.intervals)
  const moments = momentsIn(range, group.interval_ms)
  const history = new HistoryRecorder(rule, moments)
  const signal = AbortSignal.timeout(60_000)
  for await (const answers of answersOf({ ...rule, threshold: null, question: rule.measure }, moments, {
    reader,
    queryOffsetMs: 0,
    signal,
  }))
    for (const answer of answers) history.add(answer)
  const firings = firingsAt(rule, known(history.history()), { side: 'above', value: 5_000 })
  expect(firings.map(({ start, end }) => [start, end])).toEqual(result.intervals.map(({ start, end }) => [start, end]))
})

test('an answer that cannot be used leaves alerts as they were and is counted; a broken query ends it', async () => {
  const twice = `select 1 as value from numbers(if({to:DateTime64(3)} = toDateTime64(${(t0 + 2 * minute) / 1000}, 3), 2, 1))`
  const { result } = await run({ sql: twice }, { range: { from: t0, to: t0 + 5 * minute }, stepMs: minute })
  expect(result).toMatchObject({ evaluations: 5, failed_evaluations: 1, firings: 1 })
  expect(result.last_error).toMatch(/the same labels/)
  await expect(run({ sql: 'select nope as value from requests' })).rejects.toThrow(/nope/)
  const signal = AbortSignal.abort()
  await expect(run(slow, { signal })).rejects.toThrow(/abort/i)
})

test.each([
  [{ from: t0, to: t0 + minute }, 30_000, { first: t0 + 30_000, count: 2 }],
  [{ from: t0 + 1, to: t0 + minute - 1 }, 30_000, { first: t0 + 30_000, count: 1 }],
  [{ from: t0, to: t0 + 1 }, 30_000, { count: 0 }],
])('moments in %j every %d ms', (range, step, expected) => {
  expect(momentsIn(range, step)).toMatchObject(expected)
})

test('an evaluation that fails is an alert where the rule says so', async () => {
  const broken = { kind: 'sql', sql: "select 'many' as value", on_error: { action: 'alert', for: '0s' } }
  const { result } = await run(broken)
  expect(result).toMatchObject({ failed_evaluations: result.evaluations, firings: 1, pages: 1 })
  expect(result.intervals).toMatchObject([{ end: null, peak: null }])
  expect((await run({ ...broken, on_error: 'keep' })).result.firings).toBe(0)
})

test('a rule about this process has no past', async () => {
  await expect(run({ kind: 'self', measure: 'disk_used', above: '90%' })).rejects.toThrow('watch this process')
})

test('a share of nothing fires; of values without bounds no threshold is suggested', async () => {
  const sql = `select countIf(status = 'error') / countIf(status = 'cancelled') as value from requests
    where timestamp >= {from:DateTime64(3)} and timestamp < {to:DateTime64(3)}`
  const { result } = await run({ sql, above: 0.5 }, { pagesPerWeek: 1e6 })
  expect(result.intervals).toMatchObject([{ peak: infinite }])
  expect(result.suggestion).toBeNull()
  expect(result.failed_evaluations).toBe(0)
})
