/** The values of a backtest as the lines of a chart. */
import type { BacktestResult } from '../../../api/app.ts'
import type { SeriesFrame } from '../data/series.ts'

export interface ValueSeries {
  labels: Record<string, string>
  values: (number | null)[]
}

/** So many points the API gives a series at most: of more evaluations, one for several. */
const mostPoints = 600
/** So many lines are told apart; the API gives the ones that came furthest first. */
const mostLines = 11

export interface BacktestChart {
  frame: SeriesFrame
  series: ValueSeries[]
  /** How many series there are besides. */
  left_out: number
}

/** Null when there were more values than are kept. */
export function backtestChart({ chart, from, step_ms, evaluations }: BacktestResult): BacktestChart | null {
  if (chart === null) return null
  const step = Math.max(Math.ceil(evaluations / mostPoints), 1) * step_ms
  const first = (Math.floor(from / step_ms) + 1) * step_ms
  const count = Math.max(Math.ceil((evaluations * step_ms) / step), 1)
  const times = Array.from({ length: count }, (_, index) => first + index * step)
  const series = chart.slice(0, mostLines).map(({ labels, points }) => {
    const values: (number | null)[] = times.map(() => null)
    for (const [at, value] of points) values[Math.floor((at - first) / step)] = value
    return { labels, values }
  })
  return {
    frame: { from, to: first + count * step, step_ms: step, times },
    series,
    left_out: chart.length - series.length,
  }
}
