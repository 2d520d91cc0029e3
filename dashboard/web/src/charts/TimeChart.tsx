/** Lines or stacked areas over time: gaps stay gaps, the present bucket is hatched, one cursor across all charts of a page. */
import { useElementSize } from '@mantine/hooks'
import { useId, useMemo, useState } from 'react'
import { Area, CartesianGrid, ComposedChart, Line, ReferenceArea, Tooltip, XAxis, YAxis } from 'recharts'
import type { SeriesFrame } from '../data/series.ts'
import { formatTime } from '../lib/format.ts'
import { rowsOf, type ChartLine, type ChartRow } from './lines.ts'
import { timeTicks } from './time-axis.ts'
import { ChartTooltip } from './ChartTooltip.tsx'
import { useZoom } from './use-zoom.ts'

export interface TimeChartProps {
  frame: SeriesFrame
  lines: readonly ChartLine[]
  format: (value: number | null) => string
  /** Figures on the axis; `format` unless said. */
  tick?: (value: number) => string
  /** Said to screen readers. */
  label: string
  /** Parts of a whole, one on the other. */
  stacked?: boolean
  logarithmic?: boolean
  /** Upper end of the axis, for shares of something: 1. */
  max?: number
  /** Called with two times after a drag. */
  onZoom?: (from: number, to: number) => void
  height?: number
}

/** Charts with the same id move one cursor. */
const syncId = 'time'
/** Room for figures, the same on every chart so that time axes align. */
const axisWidth = 58

export function TimeChart({
  frame,
  lines,
  format,
  tick = format,
  label,
  stacked,
  logarithmic,
  max,
  onZoom,
  height = 190,
}: TimeChartProps) {
  const [hovered, setHovered] = useState(false)
  const hatch = useId()
  const { ref, width } = useElementSize()
  const rows = useMemo(() => rowsOf(frame, lines, logarithmic ?? false), [frame, lines, logarithmic])
  const zoom = useZoom(onZoom)
  const span = frame.to - frame.from
  const start = frame.times[0] ?? frame.from
  const last = frame.times.at(-1)
  const incomplete = last !== undefined && last + frame.step_ms > frame.to
  const scale = logarithmic
    ? { scale: 'log' as const, domain: ['auto', 'auto'] as const }
    : { domain: [0, max ?? 'auto'] as const }

  return (
    <div
      className="chart"
      role="img"
      aria-label={label}
      style={{ height }}
      ref={ref}
      onMouseEnter={() => setHovered(true)}
      onMouseLeave={() => setHovered(false)}
    >
      <ComposedChart
        width={Math.max(width, 120)}
        height={height}
        data={rows}
        syncId={syncId}
        syncMethod="value"
        margin={{ top: 8, right: 18, bottom: 0, left: 0 }}
        accessibilityLayer={false}
        {...zoom.handlers}
      >
        <defs>
          <pattern id={hatch} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <line x1="0" y1="0" x2="0" y2="5" stroke="var(--line-strong)" strokeWidth="2" />
          </pattern>
        </defs>
        <CartesianGrid vertical={false} stroke="var(--grid)" />
        <XAxis
          dataKey="at"
          type="number"
          domain={[start, frame.to]}
          allowDataOverflow
          ticks={timeTicks(start, frame.to, 6)}
          tickFormatter={(at: number) => formatTime(at, span)}
          tick={{ fill: 'var(--text-faint)', fontSize: 11 }}
          tickLine={false}
          axisLine={{ stroke: 'var(--line-strong)' }}
          minTickGap={24}
          height={22}
        />
        <YAxis
          {...scale}
          domain={[...scale.domain]}
          allowDataOverflow={false}
          width={axisWidth}
          tickCount={5}
          tickFormatter={tick}
          tick={{ fill: 'var(--text-faint)', fontSize: 11 }}
          tickLine={false}
          axisLine={false}
        />
        {incomplete && <ReferenceArea x1={last} x2={frame.to} fill={`url(#${hatch})`} fillOpacity={0.7} />}
        {zoom.selection && (
          <ReferenceArea x1={zoom.selection[0]} x2={zoom.selection[1]} fill="var(--accent)" fillOpacity={0.14} />
        )}
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--text-faint)', strokeWidth: 1 }}
          wrapperStyle={{ zIndex: 10, outline: 'none' }}
          allowEscapeViewBox={{ x: false, y: true }}
          content={
            <ChartTooltip
              rows={rows}
              lines={lines}
              format={format}
              span={span}
              step={frame.step_ms}
              hovered={hovered}
            />
          }
        />
        {lines.map((line, index) => line.band && bandOf(line, index))}
        {lines.map((line, index) => (stacked ? areaOf(line, index) : lineOf(line, index)))}
      </ComposedChart>
    </div>
  )
}

const valueOf = (index: number) => (row: ChartRow) => row.values[index] ?? null

function areaOf(line: ChartLine, index: number) {
  return (
    <Area
      key={line.key}
      dataKey={valueOf(index)}
      stackId="whole"
      stroke={line.color}
      strokeWidth={1}
      fill={line.color}
      fillOpacity={line.faded ? 0.12 : 0.55}
      strokeOpacity={line.faded ? 0.2 : 1}
      isAnimationActive={false}
      dot={false}
      activeDot={false}
    />
  )
}

/** How far the values of a line may be off, behind all lines. */
function bandOf(line: ChartLine, index: number) {
  return (
    <Area
      key={`${line.key} band`}
      dataKey={(row: ChartRow) => row.bands[index] ?? null}
      stroke="none"
      fill={line.color}
      fillOpacity={line.faded ? 0.03 : 0.13}
      connectNulls={false}
      isAnimationActive={false}
      dot={false}
      activeDot={false}
    />
  )
}

function lineOf(line: ChartLine, index: number) {
  return (
    <Line
      key={line.key}
      dataKey={valueOf(index)}
      stroke={line.color}
      strokeWidth={line.width ?? 1.6}
      strokeOpacity={line.faded ? 0.14 : (line.opacity ?? 1)}
      {...(line.dash !== undefined && { strokeDasharray: line.dash })}
      connectNulls={false}
      isAnimationActive={false}
      dot={line.faded ? false : loneDot(line)}
      activeDot={line.faded ? false : { r: 3, strokeWidth: 0 }}
    />
  )
}

/** A point between two gaps has no line to show it: it gets a dot. */
function loneDot(line: ChartLine) {
  const known = (at: number) => typeof line.values[at] === 'number'
  const lone = new Set(line.values.flatMap((_, at) => (known(at) && !known(at - 1) && !known(at + 1) ? [at] : [])))
  if (lone.size === 0) return false
  return ({ cx, cy, index }: { cx?: number; cy?: number; index?: number }) =>
    index !== undefined && lone.has(index) && cy !== undefined && cy !== null ? (
      <circle key={index} cx={cx} cy={cy} r={1.7} fill={line.color} />
    ) : (
      <g key={index} />
    )
}
