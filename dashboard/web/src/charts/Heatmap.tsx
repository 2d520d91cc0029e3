/** Counts over time and logarithmic steps of a value. A drag, or shift and the arrow keys, brush a part of it. */
import { useMemo, useState, type KeyboardEvent, type PointerEvent } from 'react'
import type { Brush } from '../lib/brush.ts'
import { formatExactly, formatExact, formatIso, formatTime } from '../lib/format.ts'
import { moveCursor, useCursor } from './cursor.ts'
import { cellAt, cellsOf, pathsOf, rowLabels, shades, type Cell, type CellSpan, type HeatmapData } from './heatmap.ts'
import { brushOf, spanOfBrush } from './heatmap-brush.ts'
import { labelAt, timeTicks } from './time-axis.ts'
import { useWidth } from './use-width.ts'

interface HeatmapProps {
  label: string
  data: HeatmapData
  /** A value of the upright axis. */
  format: (value: number) => string
  brush: Brush | undefined
  onBrush: (brush: Brush | undefined) => void
  height?: number
}

/** As on the other charts, so that time axes align. */
const left = 58
const [right, top, bottom] = [18, 6, 22]

export function Heatmap({ label, data, format, brush, onBrush, height = 220 }: HeatmapProps) {
  const { ref, width } = useWidth(label)
  const [hovered, setHovered] = useState<Cell | null>(null)
  const [span, setSpan] = useState<CellSpan | null>(null)
  const plot = { width: Math.max(width - left - right, 60), height: height - top - bottom }
  const cells = useMemo(() => cellsOf(data), [data])
  const paths = useMemo(() => pathsOf(data, plot.width, plot.height), [data, plot.width, plot.height])
  const brushed = span ?? (brush ? spanOfBrush(brush, data) : null)
  const finish = (chosen: CellSpan | null) => {
    setSpan(null)
    if (chosen) onBrush(brushOf(chosen, data))
  }
  const point = (cell: Cell | null) => {
    setHovered(cell)
    moveCursor(cell && (data.times[cell.column] ?? null))
  }
  const pointed = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect()
    return cellAt(event.clientX - box.left - left, event.clientY - box.top - top, plot, data)
  }

  const keyed = (event: KeyboardEvent) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key]
    if (step) {
      event.preventDefault()
      const from = span?.end ?? hovered ?? { column: data.times.length - 1, row: 0 }
      const next = {
        column: clamp(from.column + (hovered ? (step[0] ?? 0) : 0), data.times.length),
        row: clamp(from.row + (hovered ? (step[1] ?? 0) : 0), data.lows.length),
      }
      point(next)
      setSpan(event.shiftKey ? { start: span?.start ?? hovered ?? next, end: next } : null)
    } else if (event.key === 'Enter' && hovered) {
      event.preventDefault()
      finish(span ?? { start: hovered, end: hovered })
    } else if (event.key === 'Escape' && (span || brush)) {
      event.stopPropagation()
      if (span) setSpan(null)
      else onBrush(undefined)
    }
  }

  const columnWidth = plot.width / Math.max(data.times.length, 1)
  const rowHeight = plot.height / Math.max(data.lows.length, 1)
  const last = data.times.at(-1) ?? data.to
  const end = last + data.step_ms
  const first = data.times[0] ?? data.from
  const xOf = (at: number) => left + ((at - first) / (end - first)) * plot.width
  return (
    <div
      className="heatmap"
      ref={ref}
      style={{ height }}
      // The arrow keys are its own: assistive technology hands them on.
      role="application"
      aria-roledescription="heatmap"
      aria-label={`${label}. Arrow keys move, shift and arrow keys choose, enter brushes, escape clears.`}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it takes keys, as the label says
      tabIndex={0}
      onKeyDown={keyed}
      onBlur={() => point(null)}
      onPointerDown={(event) => {
        const cell = event.button === 0 ? pointed(event) : null
        if (!cell) return
        event.currentTarget.setPointerCapture(event.pointerId)
        setSpan({ start: cell, end: cell })
      }}
      onPointerMove={(event) => {
        const cell = pointed(event)
        point(cell)
        if (span && cell) setSpan({ start: span.start, end: cell })
      }}
      onPointerUp={() => finish(span)}
      onPointerCancel={() => setSpan(null)}
      onPointerLeave={() => point(null)}
    >
      <svg width={Math.max(width, 120)} height={height} aria-hidden>
        {rowLabels(data.lows, rowHeight).map((row) => (
          <g key={row}>
            <line
              className="heatmap-grid"
              x1={left}
              x2={left + plot.width}
              y1={top + plot.height - row * rowHeight}
              y2={top + plot.height - row * rowHeight}
            />
            <text className="heatmap-tick" x={left - 6} y={top + plot.height - row * rowHeight + 4} textAnchor="end">
              {format(data.lows[row] ?? 0)}
            </text>
          </g>
        ))}
        <g transform={`translate(${left} ${top})`}>
          {shades.map((shade, level) => (
            <path key={shade} className={shade} d={paths[level] ?? ''} />
          ))}
        </g>
        <line className="heatmap-axis" x1={left} x2={left + plot.width} y1={top + plot.height} y2={top + plot.height} />
        {timeTicks(first, end, plot.width < 420 ? 3 : 6).map((at) => (
          <text
            key={at}
            className="heatmap-tick"
            x={labelAt(xOf(at), width, formatTime(at, data.to - data.from))}
            y={height - 6}
            textAnchor="middle"
          >
            {formatTime(at, data.to - data.from)}
          </text>
        ))}
        {brushed && (
          <rect
            className="heatmap-brush"
            x={left + Math.min(brushed.start.column, brushed.end.column) * columnWidth}
            y={top + plot.height - (Math.max(brushed.start.row, brushed.end.row) + 1) * rowHeight}
            width={(Math.abs(brushed.end.column - brushed.start.column) + 1) * columnWidth}
            height={(Math.abs(brushed.end.row - brushed.start.row) + 1) * rowHeight}
          />
        )}
        {!hovered && <OthersCursor first={first} end={end} xOf={xOf} top={top} bottom={top + plot.height} />}
        {hovered && (
          <rect
            className="heatmap-cursor"
            x={left + hovered.column * columnWidth}
            y={top + plot.height - (hovered.row + 1) * rowHeight}
            width={columnWidth}
            height={rowHeight}
          />
        )}
      </svg>
      {hovered && (
        <div
          className="tip heatmap-tip"
          style={{
            top: Math.max(top + plot.height - (hovered.row + 1) * rowHeight - 76, 0),
            ...(hovered.column * columnWidth > plot.width / 2
              ? { right: right + plot.width - hovered.column * columnWidth + 8 }
              : { left: left + (hovered.column + 1) * columnWidth + 8 }),
          }}
        >
          <Told cell={hovered} data={data} format={format} inColumn={cells.columns[hovered.column] ?? 0} />
        </div>
      )}
      <output className="sr-only">
        {hovered && <Told cell={hovered} data={data} format={format} inColumn={cells.columns[hovered.column] ?? 0} />}
      </output>
    </div>
  )
}

interface OthersCursorProps {
  /** The ends of the axis, epoch ms. */
  first: number
  end: number
  xOf: (at: number) => number
  top: number
  bottom: number
}

/** The time under the pointer on another chart of the page. */
function OthersCursor({ first, end, xOf, top, bottom }: OthersCursorProps) {
  const at = useCursor()
  if (at === null || at < first || at > end) return null
  return (
    <g className="chart-cursor">
      <line x1={xOf(at)} x2={xOf(at)} y1={top} y2={bottom} />
    </g>
  )
}

interface ToldProps {
  cell: Cell
  data: HeatmapData
  format: (value: number) => string
  inColumn: number
}

/** What a cell says. */
function Told({ cell, data, format, inColumn }: ToldProps) {
  const at = data.times[cell.column] ?? data.from
  const count = data.counts[cell.column]?.[cell.row] ?? 0
  return (
    <>
      <div className="tip-time" title={formatIso(at)}>
        {formatTime(at, Math.min(data.to - data.from, data.step_ms < 60_000 ? 900_000 : 604_800_000))}
      </div>
      <div className="tip-row">
        <span>{rowWords(data, cell.row, format)}</span>
        <b>
          {data.factor > 1 ? '≈ ' : ''}
          {formatExact(count * data.factor)}
        </b>
      </div>
      <div className="dim">
        of {data.factor > 1 ? '≈ ' : ''}
        {formatExactly(inColumn * data.factor, 'request')}
      </div>
    </>
  )
}

/** 2 s to 2.5 s, or 10 s and more. */
export function rowWords(
  { lows, top }: Pick<HeatmapData, 'lows' | 'top'>,
  row: number,
  format: (value: number) => string,
) {
  const [low, high] = [lows[row] ?? 0, lows[row + 1] ?? top]
  return high === Infinity ? `${format(low)} and more` : `${format(low)} to ${format(high)}`
}

/** From few to many, with the largest count of a cell. */
export function HeatmapScale({ most, factor }: { most: number; factor: number }) {
  return (
    <span className="heatmap-scale" title="Requests of a cell, on a logarithmic scale">
      <span>{factor > 1 ? `≈ ${formatExact(factor)}` : '1'}</span>
      {shades.map((shade) => (
        <i key={shade} className={shade} />
      ))}
      <span>{`${factor > 1 ? '≈ ' : ''}${formatExact(most * factor)}`}</span>
    </span>
  )
}

const clamp = (value: number, length: number) => Math.max(0, Math.min(value, length - 1))
