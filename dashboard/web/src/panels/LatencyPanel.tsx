import { Menu } from '@mantine/core'
import { IconMathFunction } from '@tabler/icons-react'
import { useMemo } from 'react'
import { fade, Legend } from '../charts/Legend.tsx'
import { asBefore, lastOf, maxOf, settled, type ChartLine } from '../charts/lines.ts'
import { useLatency, type LatencySeries } from '../data/series.ts'
import { formatMs } from '../lib/format.ts'
import { nameOfChoice, useSetting, useSwitch } from '../lib/use-choice.ts'
import { slowIn, type About, type Times } from '../lib/why.ts'
import { AnnotateItem, MarkedChart } from './MarkedChart.tsx'
import { NothingHere } from './NothingHere.tsx'
import { nameOf, usePage } from './page-context.tsx'
import { Panel } from './Panel.tsx'
import { seriesTable } from './series-table.ts'
import { useWhy, WhyItem } from './use-why.tsx'

/** As many lines as a chart can carry. */
const maxLines = 12

/** P50 solid, P95 strong, P99 thin. */
export const quantiles = {
  p50_ms: { word: 'P50', style: { width: 1.4, opacity: 0.75 } },
  p95_ms: { word: 'P95', style: { width: 2.2 } },
  p99_ms: { word: 'P99', style: { width: 1, opacity: 0.8, dash: '3 2' } },
  ttft_p50_ms: { word: 'P50', style: { width: 1.4, opacity: 0.75 } },
  ttft_p95_ms: { word: 'P95', style: { width: 2.2 } },
} as const

type Quantile = keyof typeof quantiles

interface LatencyPanelProps {
  title: string
  hint: string
  measures: readonly Quantile[]
  /** Shown at first. */
  initial: readonly Quantile[]
}

/** Quantiles of one latency per model; which of them stands in the URL. */
export function LatencyPanel({ title, hint, measures, initial }: LatencyPanelProps) {
  const asked = useLatency()
  const page = usePage()
  const [chosen, setChosen] = useQuantiles(title, measures, initial)
  const [logarithmic, setLogarithmic] = useSwitch(`log-${nameOfChoice(title)}`)
  const leadTo = useWhy()
  const { data: answer } = asked
  const toggle = (measure: Quantile) => {
    const next = measures.filter((known) => (known === measure) !== chosen.includes(known))
    if (next.length > 0) setChosen(next)
  }
  return (
    <Panel
      title={title}
      unit={sourceNote(asked.data)}
      hint={hint}
      asked={asked}
      height={300}
      renderEmpty={(data) =>
        hasAny(data, measures) ? null : <NothingHere what={`${title} shows once a request tells it`} />
      }
      table={(data) => seriesTable(data, data.lines, measures, nameOf)}
      controls={
        <div className="toggles" role="group" aria-label={`Quantiles of ${title}`}>
          {measures.map((measure) => (
            <button key={measure} type="button" aria-pressed={chosen.includes(measure)} onClick={() => toggle(measure)}>
              {quantiles[measure].word}
            </button>
          ))}
        </div>
      }
      menu={
        <>
          <Menu.Item leftSection={<IconMathFunction size={15} />} onClick={() => setLogarithmic(!logarithmic)}>
            {logarithmic ? 'Linear scale' : 'Log scale'}
          </Menu.Item>
          {answer && <WhyItem onWhy={() => leadTo(answer, slowOf(answer, measures, page.isolated, answer), true)} />}
          <AnnotateItem />
        </>
      }
    >
      {(data) => (
        <LatencyChart
          data={data}
          measures={chosen}
          title={title}
          logarithmic={logarithmic}
          page={page}
          all={measures}
        />
      )}
    </Panel>
  )
}

function useQuantiles(title: string, measures: readonly Quantile[], initial: readonly Quantile[]) {
  const [text, choose] = useSetting(`quantiles-${nameOfChoice(title)}`, initial.join('-'))
  const chosen = useMemo(() => {
    const wanted = text.split('-')
    const known = measures.filter((measure) => wanted.includes(measure))
    return known.length > 0 ? known : initial
  }, [text, measures, initial])
  return [chosen, (next: readonly Quantile[]) => choose(next.join('-'))] as const
}

interface LatencyChartProps {
  data: LatencySeries
  measures: readonly Quantile[]
  /** Shown or not. */
  all: readonly Quantile[]
  title: string
  logarithmic: boolean
  page: ReturnType<typeof usePage>
}

function LatencyChart({ data, measures, all, title, logarithmic, page }: LatencyChartProps) {
  const { color, isolated } = page
  const leadTo = useWhy()
  // With many models one quantile each, the highest; all of them for the one that is shown alone.
  const crowded = data.lines.length * measures.length * (data.previous ? 2 : 1) > maxLines
  const lines = useMemo(() => {
    const drawn = (series: LatencySeries) =>
      series.lines.flatMap((line) =>
        (crowded && isolated !== nameOf(line) ? measures.slice(-1) : measures).map((measure) =>
          chartLine(series, line, measure, color(line.model)),
        ),
      )
    const before = data.previous ? drawn(data.previous) : []
    return fade([...drawn(data), ...before.map(asBefore)], isolated)
  }, [data, measures, color, isolated, crowded])
  const legend = data.lines.map((line) => ({
    group: nameOf(line),
    label: nameOf(line),
    color: color(line.model),
    cells: measures.flatMap((measure) => {
      const values = settled(data, line[measure])
      return [formatMs(lastOf(values)), formatMs(maxOf(values))]
    }),
  }))
  const columns = measures.flatMap((measure) => [`${quantiles[measure].word} last`, `${quantiles[measure].word} max`])
  return (
    <>
      <MarkedChart
        frame={data}
        lines={lines}
        format={formatMs}
        label={`${title} over time, per model`}
        logarithmic={logarithmic}
        onZoom={page.zoom}
        onWhy={(from, to) => leadTo({ from, to }, slowOf(data, all, isolated, { from, to }), false)}
      />
      <Legend columns={columns} rows={legend} isolated={isolated} onIsolate={page.isolate} />
    </>
  )
}

/** The requests of one model beyond its usual P95: of the one that is shown alone, else of the one that rose most. */
function slowOf(data: LatencySeries, measures: readonly Quantile[], isolated: string | null, times: Times): About {
  const ttft = measures.includes('ttft_p95_ms')
  const alone = data.lines.filter((line) => nameOf(line) === isolated)
  const lines = alone.length > 0 ? alone : data.lines
  const told = lines.map((line) => ({
    values: settled(data, line[ttft ? 'ttft_p95_ms' : 'p95_ms']),
    filters: line.other ? {} : { model: [line.model] },
  }))
  return { measure: ttft ? 'ttft_ms' : 'duration_ms', ...slowIn(data, told, times) }
}

function chartLine(
  data: LatencySeries,
  line: LatencySeries['lines'][number],
  measure: Quantile,
  color: string,
): ChartLine {
  return {
    key: `${nameOf(line)} ${measure}`,
    label: `${nameOf(line)} ${quantiles[measure].word}`,
    group: nameOf(line),
    color,
    values: settled(data, line[measure]),
    ...quantiles[measure].style,
  }
}

const hasAny = (data: LatencySeries, measures: readonly Quantile[]) =>
  data.lines.some((line) => measures.some((measure) => line[measure].some((value) => value !== null)))

/** Says when quantiles are not exact. */
export function sourceNote(data: { source: string } | undefined): string {
  return data === undefined || data.source === 'raw' ? '' : `from ${data.source}, within 0.02 %`
}
