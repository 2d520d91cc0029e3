/** A shared scan gives every rule what its own SELECT gives: asked of real ClickHouse, over random rules and rows. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest } from '../../records/llm-request.ts'
import { testStorage } from '../testing.ts'
import { alertErrorRatio } from './alert-error-ratio.ts'
import { alertLatency } from './alert-latency.ts'
import type { AlertScan, DimensionColumn, Question } from './alert-scan.ts'
import { sharedScans, type ScanRow } from './alert-shared-scan.ts'
import { alertSpendRate } from './alert-spend-rate.ts'
import type { Filter } from './where.ts'

const to = Date.UTC(2026, 10, 21, 10)
const range = { from: to - 300_000, to }

let storage: Awaited<ReturnType<typeof testStorage>>

/** The same numbers every time. */
function dice(seed: number) {
  let state = seed
  return (sides: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * sides)
  }
}

beforeAll(async () => {
  storage = await testStorage()
  const roll = dice(7)
  const rows = Array.from({ length: 400 }, (_, index) => {
    const span_id = (index + 1).toString(16).padStart(16, '0')
    return Object.assign(emptyRequest(), {
      trace_id: span_id.repeat(2),
      span_id,
      timestamp: (to - 1 - roll(320_000)) * 1000,
      model: `m${roll(4)}`,
      team: `t${roll(3)}`,
      environment: ['production', 'staging', ''][roll(3)],
      duration_ms: roll(10) === 0 ? null : roll(9_000),
      ttft_ms: roll(2) === 0 ? null : roll(900),
      status: ['ok', 'ok', 'ok', 'error', 'timeout'][roll(5)],
      cost_usd: roll(4) === 0 ? null : roll(100) / 100,
    })
  })
  await storage.db.insert('requests', rows)
})
afterAll(() => storage.stop())

const rowsOf = ({ sql, params }: Question) => storage.reader.query<ScanRow>(sql, params)
const sorted = (rows: readonly ScanRow[]) =>
  rows.map((row) => JSON.stringify(row, Object.keys(row).toSorted())).toSorted()
const scan = (fields: Partial<AlertScan>): AlertScan => ({
  range,
  by: ['model'],
  where: {},
  min_requests: 1,
  threshold: null,
  ...fields,
})
const above = (value: number) => ({ side: 'above', value }) as const

function randomQuestion(roll: (sides: number) => number): Question {
  const any = <T>(of: readonly T[]) => of[roll(of.length)] as T
  const by = any<DimensionColumn[]>([[], ['model'], ['team'], ['model', 'team'], ['team', 'model']])
  const where = any<Filter>([
    {},
    { environment: 'production' },
    { environment: ['production'] },
    { environment: ['production', 'staging'] },
    { model: `m${roll(5)}` },
    { model: [`m${roll(5)}`, 'm2'] },
    { model: `m${roll(5)}`, environment: any(['production', 'staging']) },
    { team: `t${roll(3)}`, model: [`m${roll(3)}`, 'm3'] },
  ])
  const asked = (unit: number) =>
    scan({
      by,
      where,
      min_requests: any([0, 1, 5, 20]),
      threshold: any([null, above(roll(10) * unit), { side: 'below', value: roll(10) * unit }]),
    })
  return any([
    () => alertLatency('duration_ms', any([0.5, 0.9, 0.95]), asked(1_000)),
    () => alertLatency('ttft_ms', any([0.5, 0.95]), asked(100)),
    () => alertErrorRatio([], asked(0.1)),
    () => alertSpendRate(asked(30)),
  ])()
}

test('100 random rules get the rows of their own questions', async () => {
  const roll = dice(11)
  const questions = Array.from({ length: 100 }, () => randomQuestion(roll))
  const scans = sharedScans(questions.map(({ part }) => part))
  const answered = scans.flatMap(({ members }) => members)
  expect(new Set(answered).size).toBe(answered.length)
  expect(answered.length).toBeGreaterThan(80)
  expect(scans.length).toBeLessThan(40)
  let rows = 0
  for (const shared of scans) {
    const shares = shared.distribute(await rowsOf(shared.question))
    for (const [member, index] of shared.members.entries()) {
      const own = questions[index] as Question
      const expected = await rowsOf(own)
      rows += expected.length
      expect({ sql: own.sql, params: own.params, rows: sorted(shares?.[member] ?? []) }).toEqual({
        sql: own.sql,
        params: own.params,
        rows: sorted(expected),
      })
    }
  }
  expect(rows).toBeGreaterThan(100)
})

test.each(['above', 'below'] as const)('quantiles of which all are %s a threshold, to the row', async (side) => {
  const roll = dice(side.length + 5)
  const values = [0, 0.5, 1, 3, 7, 8.9, 9.1].map((unit) => unit * 1_000)
  const questions = Array.from({ length: 60 }, () => {
    const column = (['duration_ms', 'ttft_ms'] as const)[roll(2)] ?? 'duration_ms'
    const value = (values[roll(values.length)] ?? 0) / (column === 'ttft_ms' ? 10 : 1)
    const asked = scan({
      by: roll(2) ? ['model'] : ['team', 'model'],
      threshold: { side, value },
      min_requests: roll(3),
    })
    return alertLatency(column, [0, 0.5, 0.9, 0.95, 0.999, 1][roll(6)] ?? 0.5, asked)
  })
  let rows = 0
  for (const shared of sharedScans(questions.map(({ part }) => part))) {
    const shares = shared.distribute(await rowsOf(shared.question))
    for (const [member, index] of shared.members.entries()) {
      const expected = await rowsOf(questions[index] as Question)
      rows += expected.length
      expect(sorted(shares?.[member] ?? [])).toEqual(sorted(expected))
    }
  }
  expect(rows).toBeGreaterThan(50)
})

test.each<[string, Question[], number[][]]>([
  [
    'thresholds and quantiles',
    [0.5, 0.95, 0.99].map((level) => alertLatency('duration_ms', level, scan({ threshold: above(level) }))),
    [[0, 1, 2]],
  ],
  [
    'one value of a column each',
    ['m1', 'm2', 'm3'].map((model) => alertErrorRatio([], scan({ by: ['team'], where: { model } }))),
    [[0, 1, 2]],
  ],
  [
    'measures of one filter',
    [alertErrorRatio([], scan({})), alertSpendRate(scan({})), alertLatency('ttft_ms', 0.5, scan({}))],
    [[0, 1, 2]],
  ],
  [
    'not over other windows',
    [alertErrorRatio([], scan({})), alertErrorRatio([], scan({ range: { from: to - 60_000, to } }))],
    [],
  ],
  ['not with other labels', [alertErrorRatio([], scan({})), alertErrorRatio([], scan({ by: ['team'] }))], []],
  [
    'not when several values make one instance',
    [['m1', 'm2'], ['m3']].map((model) => alertErrorRatio([], scan({ by: ['team'], where: { model } }))),
    [],
  ],
  ['what has no part in it', [{ sql: 'select 1 as value', params: {} }, alertErrorRatio([], scan({}))], []],
])('what shares: %s', (_, questions, members) => {
  expect(sharedScans(questions.map(({ part }) => part)).map((shared) => shared.members)).toEqual(members)
})

test('a thousand rules share a query, more of them several', () => {
  const questions = Array.from({ length: 2_100 }, (_, index) =>
    alertErrorRatio([], scan({ where: { model: `m${index}` } })),
  )
  expect(sharedScans(questions.map(({ part }) => part)).map(({ members }) => members.length)).toEqual([
    1_000, 1_000, 100,
  ])
})
