/** Quantiles of a latency as servers tell it by buckets, each with the band in which it lies. */
import { useMemo } from 'react'
import { fade, Legend } from '../charts/Legend.tsx'
import { asBefore, settled, type ChartLine } from '../charts/lines.ts'
import {
  serverName,
  useServerLatency,
  type ServerLatency,
  type ServerLatencyLine,
  type ServerLatencySeries,
} from '../data/servers.ts'
import { formatMs, unknown } from '../lib/format.ts'
import type { Cell } from '../lib/table.ts'
import { useChoice } from '../lib/use-choice.ts'
import { quantiles } from './LatencyPanel.tsx'
import { AnnotateItem, MarkedChart } from './MarkedChart.tsx'
import { usePage } from './page-context.tsx'
import { Panel } from './Panel.tsx'

const words = { p50: quantiles.p50_ms, p95: quantiles.p95_ms, p99: quantiles.p99_ms }
type Quantile = keyof typeof words
const names = Object.keys(words) as Quantile[]

interface Props {
  instance: string | undefined
  latency: ServerLatency
  title: string
  hint: string
}

export function ServerLatencyPanel({ instance, latency, title, hint }: Props) {
  const asked = useServerLatency(instance, latency)
  const [chosen, choose] = useChoice(`quantile-${latency.replaceAll('_', '-')}`, names, 'p95')
  return (
    <Panel
      title={title}
      unit={noteOf(asked.data)}
      hint={`${hint}. Servers tell it by buckets: the band is the bucket that the quantile lies in`}
      asked={asked}
      height={300}
      menu={<AnnotateItem />}
      renderEmpty={(data) =>
        data.lines.some(({ observations }) => observations.some((count) => count !== null && count > 0)) ? null : (
          <p>{title} shows once a scraped server tells it</p>
        )
      }
      table={(data) => tableOf(data)}
      controls={
        <div className="toggles" role="group" aria-label={`Quantile of ${title}`}>
          {names.map((name) => (
            <button key={name} type="button" aria-pressed={chosen === name} onClick={() => choose(name)}>
              {words[name].word}
            </button>
          ))}
        </div>
      }
    >
      {(data) => <Quantiles data={data} quantile={chosen} title={title} />}
    </Panel>
  )
}

function Quantiles({ data, quantile, title }: { data: ServerLatencySeries; quantile: Quantile; title: string }) {
  const { color, isolated, isolate, zoom } = usePage()
  const lines = useMemo(() => {
    const drawn = (series: ServerLatencySeries) =>
      series.lines.map((line) => chartLine(series, line, quantile, color(serverName(line))))
    const before = data.previous ? drawn(data.previous).map(({ band: _band, ...line }) => asBefore(line)) : []
    return fade([...drawn(data), ...before], isolated)
  }, [data, quantile, color, isolated])
  const rows = data.lines.map((line) => ({
    group: serverName(line),
    label: serverName(line),
    color: color(serverName(line)),
    cells: lastWithBand(line, quantile),
  }))
  return (
    <>
      <MarkedChart
        frame={data}
        lines={lines}
        format={formatMs}
        label={`${title} over time, per server`}
        onZoom={zoom}
      />
      <Legend
        columns={[`${words[quantile].word} last`, 'between']}
        rows={rows}
        isolated={isolated}
        onIsolate={isolate}
      />
    </>
  )
}

function chartLine(data: ServerLatencySeries, line: ServerLatencyLine, quantile: Quantile, color: string): ChartLine {
  const { value_ms, low_ms, high_ms } = line[quantile]
  const values = settled(data, value_ms)
  return {
    key: serverName(line),
    label: `${serverName(line)} ${words[quantile].word}`,
    group: serverName(line),
    color,
    values,
    // Above the last bound there is no upper end to draw: the line lies on that bound, and the legend says so.
    band: values.map((value, index) =>
      value === null ? null : [low_ms[index] ?? value, high_ms[index] ?? low_ms[index] ?? value],
    ),
    ...words[quantile].style,
  }
}

function lastWithBand(line: ServerLatencyLine, quantile: Quantile): [string, string] {
  const { value_ms, low_ms, high_ms } = line[quantile]
  const last = value_ms.findLastIndex((value) => value !== null)
  if (last === -1) return [unknown, unknown]
  const [low, high] = [low_ms[last] ?? 0, high_ms[last] ?? null]
  if (high === null) return [`≥ ${formatMs(low)}`, `above the last bucket, ${formatMs(low)}`]
  return [formatMs(value_ms[last]), `${formatMs(low)} and ${formatMs(high)}`]
}

/** Says when servers of different bounds were asked together. */
function noteOf(data: ServerLatencySeries | undefined): string {
  return data?.lines.some(({ bounds }) => bounds > 1) ? 'buckets of different bounds, narrowed down by all of them' : ''
}

function tableOf(data: ServerLatencySeries) {
  const parts = ['value_ms', 'low_ms', 'high_ms'] as const
  return {
    columns: ['time', 'name', 'observations', ...names.flatMap((name) => parts.map((part) => `${name}_${part}`))],
    rows: data.times.flatMap((at, index) =>
      data.lines
        .filter(({ observations }) => (observations[index] ?? 0) > 0)
        .map((line) =>
          [new Date(at).toISOString() as Cell, serverName(line), line.observations[index] ?? null].concat(
            names.flatMap((name) => parts.map((part) => line[name][part][index] ?? null)),
          ),
        ),
    ),
  }
}
