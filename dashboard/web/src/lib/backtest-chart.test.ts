import { expect, test } from 'vitest'
import type { BacktestResult } from '../../../api/app.ts'
import { backtestChart } from './backtest-chart.ts'

const result = (fields: Partial<BacktestResult>) => fields as BacktestResult
const labels = { model: 'a' }

test('a gap where nothing was measured', () => {
  const chart = backtestChart(
    result({
      from: 95,
      step_ms: 10,
      evaluations: 4,
      chart: [
        {
          labels,
          points: [
            [100, 1],
            [130, 4],
          ],
        },
      ],
    }),
  )
  expect(chart).toEqual({
    frame: { from: 95, to: 140, step_ms: 10, times: [100, 110, 120, 130] },
    series: [{ labels, values: [1, null, null, 4] }],
    left_out: 0,
  })
})

test('of many evaluations a point stands for several', () => {
  const chart = backtestChart(
    result({
      from: 0,
      step_ms: 10,
      evaluations: 1_500,
      chart: [
        {
          labels,
          points: [
            [20, 1],
            [15_000, 2],
          ],
        },
      ],
    }),
  )
  expect(chart?.frame).toMatchObject({ step_ms: 30 })
  expect(chart?.frame.times).toHaveLength(500)
  expect(chart?.series[0]?.values[0]).toBe(1)
  expect(chart?.series[0]?.values.at(-1)).toBe(2)
})

test('the series that came less far are left out; none where there were too many values', () => {
  const chart = Array.from({ length: 15 }, () => ({ labels, points: [] }))
  expect(backtestChart(result({ from: 0, step_ms: 1, evaluations: 1, chart }))).toMatchObject({ left_out: 4 })
  expect(backtestChart(result({ chart: null }))).toBeNull()
})
