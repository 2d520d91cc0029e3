import { useMemo } from 'react'
import { fade, Legend } from '../../charts/Legend.tsx'
import { lastOf, maxOf, type ChartLine } from '../../charts/lines.ts'
import { TimeChart } from '../../charts/TimeChart.tsx'
import type { BacktestResult } from '../../data/backtest.ts'
import { backtestChart, type ValueSeries } from '../../lib/backtest-chart.ts'
import { PageProvider, usePage } from '../page-context.tsx'
import { formatValue, labelText, thresholdOf } from './words.ts'

/** What a rule measured, and its threshold. */
export function ValuesChart({ result }: { result: BacktestResult }) {
  const chart = useMemo(() => backtestChart(result), [result])
  if (chart === null)
    return <p className="panel-empty">More values than a chart holds: choose less time or fewer dimensions</p>
  if (chart.series.length === 0)
    return <p className="panel-empty">Nothing was measured in this range: no data for it, or too little traffic</p>
  return (
    <PageProvider names={[chart.series.map(nameOf)]}>
      <Lines result={result} chart={chart} />
      {chart.left_out > 0 && (
        <p className="panel-empty">{`${chart.series.length} of ${chart.series.length + chart.left_out} are drawn: those that came furthest`}</p>
      )}
    </PageProvider>
  )
}

const nameOf = ({ labels }: ValueSeries) => labelText(labels) || 'value'

function Lines({ result, chart }: { result: BacktestResult; chart: NonNullable<ReturnType<typeof backtestChart>> }) {
  const { color, isolated, isolate } = usePage()
  const { unit, threshold, rule } = result
  const { frame, series } = chart
  const format = (value: number | null) => formatValue(value, unit)
  const lines = useMemo((): ChartLine[] => {
    const measured = series.map((one): ChartLine => {
      const name = nameOf(one)
      return { key: name, label: name, group: name, color: color(name), values: one.values }
    })
    if (threshold === null) return fade(measured, isolated)
    const limit: ChartLine = {
      key: 'threshold',
      label: 'threshold',
      group: 'threshold',
      color: 'var(--critical)',
      dash: '5 4',
      width: 1.2,
      values: frame.times.map(() => threshold.value),
    }
    return [...fade(measured, isolated), limit]
  }, [series, frame, threshold, color, isolated])
  const rows = series.map((one) => ({
    group: nameOf(one),
    label: nameOf(one),
    color: color(nameOf(one)),
    cells: [format(lastOf(one.values)), format(maxOf(one.values))],
  }))
  return (
    <>
      <TimeChart
        frame={frame}
        lines={lines}
        format={format}
        label={`Values of ${rule} over time; it fires ${thresholdOf(result)}`}
      />
      <Legend columns={['last', 'max']} rows={rows} isolated={isolated} onIsolate={isolate} />
    </>
  )
}
