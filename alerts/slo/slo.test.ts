/** Objectives against a recount of every request. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { requestStatuses, type LlmRequest } from '../../records/llm-request.ts'
import { testStorage } from '../../storage/testing.ts'
import { random } from '../../test/dashboard/seed.ts'
import { requestAt } from '../testing/request-at.ts'
import { ask, questionAt } from '../ask.ts'
import { formatLabels } from '../labels.ts'
import { parseRuleFile } from '../rule-file.ts'
import type { Rule } from '../rule.ts'
import { burnWindows, periodOf, type Slo } from './slo.ts'
import { sloStatus } from './status.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const now = Date.UTC(2026, 10, 21, 10, 7, 30) + 500
const draw = random(5)
const below = (limit: number) => Math.floor(draw() * limit)

/** Of some hours of a month, more and more towards the end; a third of them is not well. */
const mixed = Array.from({ length: 3_000 }, (_, index) => {
  // Few different minutes of few hours, as each is a bucket of rollups to compute.
  const hoursBack = index < 1_500 ? below(4) : below(30) * 24 + below(2) * 5
  const minutes = [0.02, 3, 7.9, 12, 29, 41, 59.8][below(7)] ?? 0
  return requestAt(now - hoursBack * hour - (minutes + draw() / 5) * minute, {
    endpoint: draw() < 0.6 ? 'chat' : 'search',
    model: `m${below(2)}`,
    user_id: `u${below(2)}`,
    status: draw() < 0.7 ? 'ok' : (requestStatuses[below(requestStatuses.length)] ?? 'ok'),
    duration_ms: draw() < 0.05 ? null : below(4_000),
    ttft_ms: draw() < 0.3 ? null : below(1_000),
    tpot_ms: draw() < 0.4 ? null : below(50),
  })
})

/** 90 requests an hour, six of the last hour's failed, two of these in the last five minutes. */
const quiet = Array.from({ length: 7 * 90 }, (_, index) =>
  requestAt(now - index * 40_000 - 35_000, {
    endpoint: 'quiet',
    status: [2, 6, 30, 45, 60, 75].includes(index) ? 'error' : 'ok',
  }),
)
const requests = [...mixed, ...quiet]

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await storage.db.insert('requests', requests)
  await storage.rollups.flush()
}, 240_000)
afterAll(() => storage.stop())

function parsed(fields: object): { rule: Rule; slo: Slo } {
  const text = JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'X', kind: 'slo', ...fields }] }] })
  const { groups, problems } = parseRuleFile(text, 'rules.yaml')
  expect(problems).toEqual([])
  const rule = groups[0]?.rules[0]
  if (!rule?.slo) throw new Error('no objective')
  return { rule, slo: rule.slo }
}

const samplesAt = (rule: Rule, at = now) =>
  ask(storage.reader, rule, questionAt(rule, at, 0), AbortSignal.timeout(30_000))

const failed = ({ status }: LlmRequest) => status === 'error' || status === 'rate_limited' || status === 'timeout'

/** Good, bad or, null, of no use to ask. */
type Judge = (row: LlmRequest) => boolean | null
const within = (value: number | null, limit: number) => (value === null ? null : value <= limit)
const latency =
  (limit: number): Judge =>
  ({ status, duration_ms }) =>
    status === 'cancelled' && within(duration_ms, limit) ? null : within(duration_ms, limit)
const ttft =
  (limit: number): Judge =>
  ({ status, ttft_ms, duration_ms }) => {
    if (ttft_ms !== null || status !== 'cancelled') return within(ttft_ms, limit)
    return within(duration_ms, limit) ? null : within(duration_ms, limit)
  }
const all =
  (...judges: Judge[]): Judge =>
  (row) => {
    const answers = new Set(judges.map((judge) => judge(row)))
    return answers.has(false) ? false : answers.has(true) ? true : null
  }
const orFailed =
  (judge: Judge): Judge =>
  (row) =>
    failed(row) ? false : judge(row)

/** Windows that reach into rollups begin at a whole minute. */
const startOf = (length: number) => (length > 15 * minute ? Math.floor((now - length) / minute) * minute : now - length)

function count(rows: LlmRequest[], judge: Judge, from: number) {
  const answers = rows.filter(({ timestamp }) => timestamp / 1000 >= from && timestamp / 1000 < now).map(judge)
  const valid = answers.filter((answer) => answer !== null).length
  return { valid, bad: answers.filter((answer) => answer === false).length }
}

const cases: [object, Judge][] = [
  [{ objective: '99%' }, () => true],
  [{ objective: '95%', period: '7d', by: ['endpoint', 'model'] }, () => true],
  [{ objective: '99%', period: 'month', time_zone: 'Asia/Kolkata', by: ['endpoint'] }, () => true],
  [{ objective: '99%', period: 'quarter', where: { endpoint: ['chat', 'quiet'] } }, () => true],
  // Rollups don't keep users apart.
  [{ objective: '99%', by: ['user_id'] }, () => true],
  [{ objective: '90%', indicator: 'latency', max_latency: '2s', by: ['endpoint'] }, latency(2_000)],
  [{ objective: '90%', indicator: 'ttft', max_ttft: '400ms' }, ttft(400)],
  [
    { objective: '90%', indicator: 'goodput', max_ttft: '700ms', max_tpot: '30ms', period: '7d' },
    all(ttft(700), ({ tpot_ms }) => within(tpot_ms, 30)),
  ],
]

const groupsOf = (slo: Slo) =>
  Map.groupBy(
    requests.filter((row) => !slo.where.endpoint || slo.where.endpoint.includes(row.endpoint)),
    (row) =>
      formatLabels(
        Object.fromEntries(slo.by.map((column) => [column, row[column as 'endpoint' | 'model' | 'user_id']])),
      ),
  )

test.each(cases)('%j: budget, windows and course', async (fields, judge) => {
  const { slo } = parsed(fields)
  const status = await sloStatus(storage.reader, slo, now)
  const expected = groupsOf(slo)
  expect(status.groups.map(({ labels }) => formatLabels(labels)).sort()).toEqual([...expected.keys()].sort())
  for (const group of status.groups) {
    const rows = expected.get(formatLabels(group.labels)) ?? []
    const from = Math.floor(status.period.from / minute) * minute
    const { valid, bad } = count(rows, orFailed(judge), from)
    const ratio = bad / valid / (1 - slo.objective)
    expect(group).toMatchObject({ requests: valid, bad, budget_left_ratio: expect.closeTo(1 - ratio, 9) as number })
    expect(group.course.at(-1)?.budget_left_ratio).toBeCloseTo(1 - ratio, 9)
    expect(group.course.reduce((total, point) => total + point.requests, 0)).toBe(valid)
    for (const window of group.windows) {
      const long = count(rows, orFailed(judge), startOf(window.long_ms))
      const short = count(rows, orFailed(judge), startOf(window.short_ms))
      expect(window).toMatchObject({
        long_valid: long.valid,
        long_bad: long.bad,
        short_valid: short.valid,
        short_bad: short.bad,
      })
      const burn = long.valid === 0 ? null : long.bad / long.valid / (1 - slo.objective)
      expect(window.long_burn === null ? null : window.long_burn.toFixed(9)).toBe(
        burn === null ? null : burn.toFixed(9),
      )
    }
  }
})

test.each(cases)('%j: the rule fires in the windows whose burns are too high', async (fields) => {
  const { rule, slo } = parsed(fields)
  const { groups } = await sloStatus(storage.reader, slo, now)
  const names: Record<number, [string, string]> = {
    [hour]: ['1h', '5m'],
    [6 * hour]: ['6h', '30m'],
    [day]: ['1d', '2h'],
    [3 * day]: ['3d', '6h'],
  }
  const expected = groups.flatMap(({ labels, windows }) =>
    windows
      .filter(({ holds }) => holds)
      .map(({ severity, long_ms, long_burn }) => {
        const [long_window = '', short_window = ''] = names[long_ms] ?? []
        return [formatLabels({ ...labels, severity, long_window, short_window }), long_burn?.toFixed(9)] as const
      }),
  )
  const found = await samplesAt(rule)
  expect(new Map(found.map(({ labels, value }) => [formatLabels(labels), value.toFixed(9)]))).toEqual(new Map(expected))
  expect(found.length).toBeGreaterThan(0)
})

test('little traffic: a few errors are a burn of 67, and page nobody', async () => {
  const objective = { objective: '99.9%', where: { endpoint: 'quiet' } }
  const unguarded = await samplesAt(parsed({ ...objective, min_requests: 1, min_bad: 1 }).rule)
  expect(unguarded[0]).toMatchObject({
    labels: { severity: 'page', long_window: '1h', short_window: '5m' },
    value: expect.closeTo(6 / 90 / 0.001, 9) as number,
    details: { requests: '90', bad: '6', burn_threshold: '14.4' },
  })
  expect(await samplesAt(parsed(objective).rule)).toEqual([])
  expect(await samplesAt(parsed({ ...objective, min_bad: 6, min_requests: 91 }).rule)).not.toContainEqual(
    expect.objectContaining({ labels: expect.objectContaining({ long_window: '1h' }) as object }),
  )
})

test('no requests: no data, not 0 %', async () => {
  const { rule, slo } = parsed({ objective: '99%', where: { endpoint: 'none' }, min_requests: 0, min_bad: 0 })
  expect(await samplesAt(rule)).toEqual([])
  expect((await sloStatus(storage.reader, slo, now)).groups).toEqual([])
  // There were some in the month, none in the hour.
  const later = now + 12 * day
  const { groups } = await sloStatus(storage.reader, parsed({ objective: '99%' }).slo, later)
  expect(groups).toMatchObject([{ burn: null }])
  expect(groups[0]?.windows[0]).toMatchObject({ long_valid: 0, long_burn: null, holds: false })
})

test.each([
  ['30d', [14.4, 6, 3, 1]],
  // Slower than allowed is no burn, however short the period.
  ['7d', [3.36, 1.4, 1, 1]],
  ['60d', [28.8, 12, 6, 2]],
])('thresholds of a period of %s', (period, thresholds) => {
  const windows = burnWindows(periodOf({ period, time_zone: 'UTC' }, now))
  expect(windows.map(({ threshold }) => Number(threshold.toFixed(9)))).toEqual(thresholds)
})

test.each([
  [{ objective: '100%' }, 'objective: expected more than 0% and less than 100%'],
  [{}, 'objective: '],
  [{ objective: '99%', indicator: 'latency' }, 'indicator: latency needs max_latency'],
  [{ objective: '99%', max_ttft: '1s' }, 'max_ttft: expected with another indicator than availability'],
  [{ objective: '99%', indicator: 'goodput' }, 'indicator: goodput needs max_latency or max_ttft or max_tpot'],
  [{ objective: '99%', period: '1d' }, 'period: expected 3d to 90d, or one of: week, month, quarter; found "1d"'],
  [{ objective: '99%', above: 3 }, 'above: unknown key; expected one of: alert, '],
])('%j is refused', (fields, why) => {
  const text = JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'X', kind: 'slo', ...fields }] }] })
  expect(parseRuleFile(text, 'a').problems.join('\n')).toContain(why)
})
