import { expect, test } from 'vitest'
import { sqlChart } from './sql-chart.ts'

const column = (name: string, kind: 'number' | 'time' | 'text') => ({ name, kind })
const at = (hour: number) => Date.UTC(2026, 10, 21, hour)

test('a line a name; an hour that no row has is a gap; exact numbers come as text', () => {
  const chart = sqlChart(
    [column('hour', 'time'), column('model', 'text'), column('cost_usd', 'number')],
    [
      ['2026-11-21 10:00:00', 'a', '1.5'],
      ['2026-11-21 11:00:00', 'a', null],
      ['2026-11-21 13:00:00', 'a', 'nan'],
      ['2026-11-21 13:00:00', '', 4],
    ],
  )
  expect(chart).toEqual({
    frame: { from: at(10), to: at(14), step_ms: 3_600_000, times: [10, 11, 12, 13].map(at), source: 'raw' },
    lines: [
      { name: 'a', column: 'cost_usd', values: [1.5, null, null, null] },
      { name: 'no name', column: 'cost_usd', values: [null, null, null, 4] },
    ],
    left: 0,
  })
})

test('a line a number column, days, and no more lines than can be told apart', () => {
  const chart = sqlChart(
    [column('day', 'time'), column('a', 'number'), column('b', 'number')],
    [
      ['2026-11-21', 1, 2],
      ['2026-11-22', 3, 4],
    ],
  )
  expect(chart?.lines.map(({ name, values }) => [name, values])).toEqual([
    ['a', [1, 3]],
    ['b', [2, 4]],
  ])
  const rows = Array.from({ length: 40 }, (_, index) => [`2026-11-2${index % 2}`, `m${index >> 1}`, index])
  const many = sqlChart([column('day', 'time'), column('model', 'text'), column('n', 'number')], rows)
  expect(many).toMatchObject({ left: 8 })
  expect(many?.lines).toHaveLength(12)
})

test.each([
  ['no time', [column('a', 'number')], [[1]]],
  ['no number', [column('t', 'time')], [['2026-11-21']]],
  ['two columns of names', [column('t', 'time'), column('a', 'text'), column('b', 'text'), column('n', 'number')], []],
  ['one point', [column('t', 'time'), column('n', 'number')], [['2026-11-21', 1]]],
])('%s is no chart', (_, columns, rows) => {
  expect(sqlChart(columns, rows)).toBeNull()
})
