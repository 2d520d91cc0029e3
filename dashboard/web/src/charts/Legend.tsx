import { LineKey } from './LineKey.tsx'
import type { ChartLine, LineStyle } from './lines.ts'

export interface LegendRow {
  group: string
  label: string
  color: string
  /** Tells it from lines of the same colour. */
  style?: LineStyle | undefined
  cells: string[]
}

interface LegendProps {
  columns: string[]
  rows: readonly LegendRow[]
  isolated: string | null
  onIsolate: (group: string | null) => void
}

/** A chart's lines as a table; a click shows one alone on all charts of the page. */
export function Legend({ columns, rows, isolated, onIsolate }: LegendProps) {
  const fades = rows.some(({ group }) => group === isolated)
  return (
    <div className="legend">
      <table>
        <thead>
          <tr>
            <th>
              <span className="sr-only">Name</span>
            </th>
            {columns.map((column) => (
              <th key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ group, label, color, style, cells }) => (
            <tr key={group} data-faded={fades && isolated !== group}>
              <td>
                <button
                  type="button"
                  aria-pressed={isolated === group}
                  title={isolated === group ? 'Show all' : `Show ${label} alone`}
                  onClick={() => onIsolate(isolated === group ? null : group)}
                >
                  <LineKey color={color} style={style} />
                  <span>{label}</span>
                </button>
              </td>
              {cells.map((cell, index) => (
                <td key={columns[index]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** The lines with all but the isolated group faded; the isolated come last, on top. */
export function fade(lines: readonly ChartLine[], isolated: string | null): ChartLine[] {
  if (isolated === null || !lines.some(({ group }) => group === isolated)) return [...lines]
  return lines.map((line) => ({ ...line, faded: line.group !== isolated }))
}
