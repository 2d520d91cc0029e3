import type { PointerEvent } from 'react'
import { moveCursor, useCursor } from '../../charts/cursor.ts'
import { formatTime } from '../../lib/format.ts'
import type { SeriesFrame } from '../../data/series.ts'

interface StripProps {
  frame: SeriesFrame
  values: readonly (number | null)[]
  /** What the darkest colour stands for. */
  top: number
  format: (value: number | null) => string
}

/** One row of a heatmap: a cell a bucket, darker for more; where nothing is known it is empty. Its time is that of the page's charts. */
export function Strip({ frame, values, top, format }: StripProps) {
  const span = frame.to - frame.from
  const point = (event: PointerEvent) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    moveCursor(frame.times[Math.floor(((event.clientX - left) / width) * values.length)] ?? null)
  }
  return (
    <svg
      className="gpu-strip"
      viewBox={`0 0 ${values.length} 1`}
      preserveAspectRatio="none"
      aria-hidden
      onPointerMove={point}
      onPointerLeave={() => moveCursor(null)}
    >
      {values.map((value, index) =>
        value === null ? null : (
          <rect key={frame.times[index]} x={index} width={1.02} height={1} fillOpacity={shade(value, top)}>
            <title>{`${formatTime(frame.times[index] ?? 0, span)}: ${format(value)}`}</title>
          </rect>
        ),
      )}
      <Cursor frame={frame} />
    </svg>
  )
}

/** The time under the pointer, on whichever chart of the page. */
function Cursor({ frame: { times, step_ms } }: { frame: SeriesFrame }) {
  const at = useCursor()
  const x = at === null ? -1 : (at - (times[0] ?? 0)) / step_ms
  if (x < 0 || x > times.length) return null
  return (
    <g className="chart-cursor">
      <line x1={x} x2={x} y1={0} y2={1} vectorEffect="non-scaling-stroke" />
    </g>
  )
}

/** A known zero is faint, not empty. */
const shade = (value: number, top: number) => 0.06 + 0.94 * Math.min(Math.max(value / top, 0), 1)
