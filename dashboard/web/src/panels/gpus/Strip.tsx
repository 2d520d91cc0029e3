import { formatTime } from '../../lib/format.ts'
import type { SeriesFrame } from '../../data/series.ts'

interface StripProps {
  frame: SeriesFrame
  values: readonly (number | null)[]
  /** What the darkest colour stands for. */
  top: number
  format: (value: number | null) => string
}

/** One row of a heatmap: a cell a bucket, darker for more; where nothing is known it is empty. */
export function Strip({ frame, values, top, format }: StripProps) {
  const span = frame.to - frame.from
  return (
    <svg className="gpu-strip" viewBox={`0 0 ${values.length} 1`} preserveAspectRatio="none" aria-hidden>
      {values.map((value, index) =>
        value === null ? null : (
          <rect key={frame.times[index]} x={index} width={1.02} height={1} fillOpacity={shade(value, top)}>
            <title>{`${formatTime(frame.times[index] ?? 0, span)}: ${format(value)}`}</title>
          </rect>
        ),
      )}
    </svg>
  )
}

/** A known zero is faint, not empty. */
const shade = (value: number, top: number) => 0.06 + 0.94 * Math.min(Math.max(value / top, 0), 1)
