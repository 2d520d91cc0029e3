import { Legend } from '../../charts/Legend.tsx'
import { TimeChart } from '../../charts/TimeChart.tsx'
import { useMonth, type Month } from '../../data/spend.ts'
import { neutral, palette } from '../../lib/color.ts'
import { formatIso, formatUsd, formatUsdTick } from '../../lib/format.ts'
import { useScheme } from '../../lib/use-scheme.ts'
import { Panel } from '../Panel.tsx'
import { monthLines } from './month-lines.ts'

/** What this month has cost so far, what the one before had by then, and where it is likely to end. */
export function MonthPanel() {
  const asked = useMonth()
  return (
    <Panel
      title="This month"
      unit="spent up to each day, UTC"
      hint="Goes on at the mean of the last seven full days, as budgets do; nine of ten months would end within the band if days went on to differ as in the last four weeks"
      asked={asked}
      height={300}
      renderEmpty={({ days }) =>
        days.some(({ cost_usd }) => cost_usd !== null) ? null : (
          <p>No request of this month or the last has a known price</p>
        )
      }
      table={({ days }) => ({
        columns: ['day', 'cost_usd', 'requests', 'requests_without_price'],
        rows: days.map(({ at, cost_usd, requests, unpriced }) => [
          formatIso(at).slice(0, 10),
          cost_usd,
          requests,
          unpriced,
        ]),
      })}
    >
      {(month) => <Course month={month} />}
    </Panel>
  )
}

function Course({ month }: { month: Month }) {
  const scheme = useScheme()
  const { frame, lines } = monthLines(month, palette[0][scheme], neutral[scheme])
  const { forecast } = month
  const cells: Record<string, string[]> = {
    before: ['in all', formatUsd(month.previous.spent_usd)],
    now: ['so far', formatUsd(month.spent_usd)],
    ahead: forecast
      ? [`${formatUsd(forecast.low_usd)} to ${formatUsd(forecast.high_usd)}`, formatUsd(forecast.expected_usd)]
      : [],
  }
  return (
    <>
      <TimeChart
        frame={frame}
        lines={lines}
        format={formatUsd}
        tick={formatUsdTick}
        label="Spend of this month up to each day"
      />
      <Legend
        columns={['', 'spend']}
        rows={lines.map(({ key, label, color }) => ({ group: key, label, color, cells: cells[key] ?? [] }))}
        isolated={null}
        onIsolate={() => undefined}
      />
      {!forecast && <p className="month-note dim">A forecast shows once three full days are known.</p>}
    </>
  )
}
