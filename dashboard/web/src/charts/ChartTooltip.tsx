import { formatIso, formatTime } from '../lib/format.ts'
import type { ChartLine, ChartRow } from './lines.ts'

interface TooltipProps {
  row: ChartRow | undefined
  lines: readonly ChartLine[]
  format: (value: number | null) => string
  span: number
  step: number
}

/** The lines at the cursor, largest first. */
export function ChartTooltip({ row, lines, format, span, step }: TooltipProps) {
  if (!row) return null
  const known = lines
    .map((line, index) => ({ line, value: row.values[index] ?? null }))
    .filter(({ line, value }) => value !== null && !line.faded)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0))
  return (
    <div className="tip">
      <div className="tip-time" title={formatIso(row.at)}>
        {formatTime(row.at, Math.min(span, step < 60_000 ? 900_000 : 604_800_000))}
      </div>
      {known.length === 0 && <div className="dim">no data</div>}
      {known.map(({ line, value }) => (
        <div key={line.key} className="tip-row">
          <i style={{ background: line.color }} />
          <span>{line.label}</span>
          <b>{format(value)}</b>
        </div>
      ))}
    </div>
  )
}
