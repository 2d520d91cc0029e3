import { formatIso, formatTime } from '../lib/format.ts'
import { LineKey } from './LineKey.tsx'
import type { ChartLine, ChartRow } from './lines.ts'

interface TooltipProps {
  row: ChartRow
  lines: readonly ChartLine[]
  format: (value: number | null) => string
  span: number
  step: number
  /** Left of the pointer or right of it, in px. */
  style: { left: number } | { right: number }
  /** It stays until the next click. */
  pinned: boolean
  /** One may ask why it is so. */
  why: boolean
}

/** The lines at the cursor, largest first. */
export function ChartTooltip({ row, lines, format, span, step, style, pinned, why }: TooltipProps) {
  const known = lines
    .map((line, index) => ({ line, value: row.values[index] ?? null }))
    .filter(({ line, value }) => value !== null && !line.faded)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0))
  return (
    <div className="tip" style={style} data-pinned={pinned}>
      <div className="tip-time" title={formatIso(row.at)}>
        {formatTime(row.at, Math.min(span, step < 60_000 ? 900_000 : 604_800_000))}
      </div>
      {known.length === 0 && <div className="dim">no data</div>}
      {known.map(({ line, value }) => (
        <div key={line.key} className="tip-row">
          <LineKey color={line.color} {...(isStyled(line) && { style: line })} />
          <span>{line.label}</span>
          <b>{format(value)}</b>
        </div>
      ))}
      {why && <div className="tip-hint">Shift and drag: what differs?</div>}
    </div>
  )
}

const isStyled = ({ width, opacity, dash }: ChartLine) =>
  width !== undefined || opacity !== undefined || dash !== undefined
