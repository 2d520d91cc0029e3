import { formatIso, formatTime } from '../lib/format.ts'
import type { ChartLine, ChartRow } from './lines.ts'

interface TooltipProps {
  rows: readonly ChartRow[]
  lines: readonly ChartLine[]
  format: (value: number | null) => string
  span: number
  step: number
  /** Only the chart under the pointer says its values; the others show the cursor alone. */
  hovered: boolean
  /** Given by the chart. */
  active?: boolean
  label?: string | number
}

/** The lines at the cursor, largest first. */
export function ChartTooltip({ rows, lines, format, span, step, hovered, active, label }: TooltipProps) {
  const row = active && hovered ? rows.find(({ at }) => at === label) : undefined
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
