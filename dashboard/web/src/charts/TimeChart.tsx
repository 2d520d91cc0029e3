/** Lines or stacked areas over time: gaps stay gaps, the present bucket is hatched, one cursor across all charts of a page. */
import { memo, useId, useMemo, useState, type PointerEvent } from 'react'
import type { SeriesFrame } from '../data/series.ts'
import { formatTime } from '../lib/format.ts'
import { ChartTooltip } from './ChartTooltip.tsx'
import type { Change } from '../data/changes.ts'
import { moveCursor, useCursor } from './cursor.ts'
import type { ChartLine } from './lines.ts'
import { MarkGlyphs, MarkLines } from './Marks.tsx'
import { placeMarks } from './marks.ts'
import { plotOf, type Plot, type Shape } from './plot.ts'
import { labelAt } from './time-axis.ts'
import { useWidth } from './use-width.ts'
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
  /** What the axis is round in: one unit in values; 1 unless said. */
  unit?: number
  /** Called with two times after a drag. */
  onZoom?: (from: number, to: number) => void
  /** Called with the ends of what a drag with shift chose. */
  onWhy?: (from: number, to: number) => void
  height?: number
  /** What changed, and why that is unknown if it is. */
  marks?: readonly Change[]
  markProblem?: string | null
  /** Called with the time of a click of the other button. */
  onAnnotate?: (at: number) => void
}

const noMarks: readonly Change[] = []

export function TimeChart(props: TimeChartProps) {
  const {
    frame,
    lines,
    format,
    tick = format,
    label,
    stacked = false,
    logarithmic = false,
    max,
    unit,
    height = 190,
  } = props
  const { marks = noMarks, markProblem = null, onAnnotate } = props
  const { ref, width: measured } = useWidth(label)
  const width = Math.max(measured, 120)
  const plot = useMemo(
    () => plotOf({ frame, lines, width, height, stacked, logarithmic, max, unit }),
    [frame, lines, width, height, stacked, logarithmic, max, unit],
  )
  const placed = useMemo(() => placeMarks(marks, plot), [marks, plot])
  const [hovered, setHovered] = useState(false)
  const [pinned, setPinned] = useState<number | null>(null)
  const { onWhy } = props
  const why = (from: number, to: number) => onWhy?.(Math.max(from, frame.from), Math.min(to + frame.step_ms, frame.to))
  const zoom = useZoom(props.onZoom, onWhy && why)
  const span = frame.to - frame.from

  const timeAt = (event: PointerEvent<SVGSVGElement>) => {
    const index = plot.nearest(event.clientX - event.currentTarget.getBoundingClientRect().left)
    return index === null ? null : (plot.rows[index]?.at ?? null)
  }
  const leave = () => {
    setHovered(false)
    moveCursor(null)
    zoom.cancel()
  }
  return (
    <div className="chart" style={{ height }} ref={ref}>
      <div role="img" aria-label={label}>
        <svg
          width={width}
          height={height}
          aria-hidden
          onPointerEnter={() => setHovered(true)}
          onPointerLeave={leave}
          onPointerCancel={leave}
          onPointerDown={(event) => {
            const at = timeAt(event)
            if (at !== null && event.button === 0) zoom.start(at, event.shiftKey)
          }}
          onPointerMove={(event) => {
            const at = timeAt(event)
            moveCursor(at)
            if (at !== null) zoom.move(at)
          }}
          onContextMenu={(event) => {
            if (!onAnnotate) return
            event.preventDefault()
            onAnnotate(plot.timeAt(event.clientX - event.currentTarget.getBoundingClientRect().left))
          }}
          onPointerUp={(event) => {
            if (event.button !== 0) return
            if (!zoom.selection) setPinned(pinned === null ? timeAt(event) : null)
            zoom.end()
          }}
        >
          <Grid plot={plot} tick={tick} span={span} />
          <Present plot={plot} frame={frame} />
          {zoom.selection && <Selection plot={plot} {...zoom.selection} step={frame.step_ms} />}
          {placed.length > 0 && <MarkLines plot={plot} marks={placed} />}
          <Shapes shapes={plot.shapes} />
          <CursorLine plot={plot} frame={frame} lines={lines} stacked={stacked} />
        </svg>
        {(hovered || pinned !== null) && (
          <CursorTip
            plot={plot}
            frame={frame}
            lines={lines}
            format={format}
            pinned={pinned}
            why={onWhy !== undefined}
          />
        )}
      </div>
      <MarkGlyphs plot={plot} marks={placed} width={width} height={height} />
      {markProblem !== null && (
        <span className="marks-problem" title={markProblem}>
          marks unavailable
        </span>
      )}
    </div>
  )
}

const Grid = memo(function Grid({ plot, tick, span }: { plot: Plot; tick: (value: number) => string; span: number }) {
  const { axis, times, box, x, y } = plot
  return (
    // As attributes: a picture of the chart keeps them, and not what style sheets say.
    <g className="chart-axes" fill="var(--text-faint)" fontSize={11}>
      {axis.ticks.map((value) => (
        <g key={value}>
          <line stroke="var(--grid)" x1={box.left} x2={box.right} y1={y(value)} y2={y(value)} />
          <text x={box.left - 8} y={y(value)} dy="0.32em" textAnchor="end">
            {tick(value)}
          </text>
        </g>
      ))}
      <line stroke="var(--line-strong)" x1={box.left} x2={box.right} y1={box.bottom} y2={box.bottom} />
      {times.map((at) => (
        <text key={at} x={labelAt(x(at), box.right + 18, formatTime(at, span))} y={box.bottom + 15} textAnchor="middle">
          {formatTime(at, span)}
        </text>
      ))}
    </g>
  )
})

/** The bucket that is not over yet. */
function Present({ plot: { box, x }, frame }: { plot: Plot; frame: SeriesFrame }) {
  const hatch = useId()
  const last = frame.times.at(-1)
  if (last === undefined || last + frame.step_ms <= frame.to) return null
  return (
    <>
      <pattern id={hatch} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line x1="0" y1="0" x2="0" y2="5" stroke="var(--line-strong)" strokeWidth="2" />
      </pattern>
      <rect
        x={x(last)}
        y={box.top}
        width={Math.max(x(frame.to) - x(last), 0)}
        height={box.bottom - box.top}
        fill={`url(#${hatch})`}
        fillOpacity={0.7}
      />
    </>
  )
}

interface SelectionProps {
  plot: Plot
  from: number
  to: number
  /** Of whole buckets, which are asked about. */
  why: boolean
  step: number
}

function Selection({ plot: { box, x }, from, to, why, step }: SelectionProps) {
  const [left, right] = [x(Math.min(from, to)), x(Math.max(from, to) + (why ? step : 0))]
  return (
    <rect
      className="chart-selection"
      data-why={why}
      x={Math.max(left, box.left)}
      y={box.top}
      width={Math.min(right, box.right) - Math.max(left, box.left)}
      height={box.bottom - box.top}
    />
  )
}

const Shapes = memo(function Shapes({ shapes }: { shapes: readonly Shape[] }) {
  return shapes.map((shape) => <Drawn key={`${shape.line.key} ${shape.kind}`} shape={shape} />)
})

function Drawn({ shape: { kind, line, path, lone } }: { shape: Shape }) {
  const { color, faded = false } = line
  // How far the values of a line may be off, behind all lines.
  if (kind === 'band') return <path d={path} fill={color} fillOpacity={faded ? 0.03 : 0.13} />
  if (kind === 'area') {
    return (
      <path
        className="chart-curve"
        d={path}
        fill={color}
        fillOpacity={faded ? 0.12 : 0.55}
        stroke={color}
        strokeOpacity={faded ? 0.2 : 1}
      />
    )
  }
  return (
    <>
      <path
        className="chart-curve"
        d={path}
        fill="none"
        stroke={color}
        strokeWidth={line.width ?? 1.6}
        strokeOpacity={faded ? 0.14 : (line.opacity ?? 1)}
        strokeLinejoin="round"
        {...(line.dash !== undefined && { strokeDasharray: line.dash })}
      />
      {!faded && lone.map(([cx, cy]) => <circle key={cx} cx={cx} cy={cy} r={1.7} fill={color} />)}
    </>
  )
}

/** The bucket that a time lies in; charts of one page may have buckets of different lengths. */
function rowAt({ rows }: Plot, { step_ms }: SeriesFrame, at: number | null) {
  const [first] = rows
  return at === null || !first ? undefined : rows[Math.floor((at - first.at) / step_ms)]
}

interface CursorLineProps {
  plot: Plot
  frame: SeriesFrame
  lines: readonly ChartLine[]
  stacked: boolean
}

function CursorLine({ plot, frame, lines, stacked }: CursorLineProps) {
  const row = rowAt(plot, frame, useCursor())
  if (!row) return null
  const { box, x, y } = plot
  return (
    <g className="chart-cursor">
      <line x1={x(row.at)} x2={x(row.at)} y1={box.top} y2={box.bottom} />
      {!stacked &&
        lines.map((line, index) => {
          const value = row.values[index] ?? null
          return value === null || line.faded ? null : (
            <circle key={line.key} cx={x(row.at)} cy={y(value)} r={3} fill={line.color} />
          )
        })}
    </g>
  )
}

interface CursorTipProps {
  plot: Plot
  frame: SeriesFrame
  lines: readonly ChartLine[]
  format: (value: number | null) => string
  /** Epoch ms; null while it follows the pointer. */
  pinned: number | null
  /** One may ask why it is so. */
  why: boolean
}

function CursorTip({ plot, frame, lines, format, pinned, why }: CursorTipProps) {
  const cursor = useCursor()
  const row = rowAt(plot, frame, pinned ?? cursor)
  if (!row) return null
  const { box, x } = plot
  const place = x(row.at)
  const beside = place > (box.left + box.right) / 2 ? { right: box.right + 18 - place + 12 } : { left: place + 12 }
  return (
    <ChartTooltip
      row={row}
      lines={lines}
      format={format}
      span={frame.to - frame.from}
      step={frame.step_ms}
      style={beside}
      pinned={pinned !== null}
      why={why}
    />
  )
}
