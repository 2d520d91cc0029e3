/** Rows of a query as lines over time: a time column, number columns, and at most one column of names. */
import type { SeriesFrame } from '../data/series.ts'

interface ResultColumn {
  name: string
  kind: 'number' | 'time' | 'text' | 'other'
}

export interface SqlLine {
  name: string
  /** The number column it comes from. */
  column: string
  values: (number | null)[]
}

export interface SqlChart {
  frame: SeriesFrame
  lines: SqlLine[]
  /** Lines that are not drawn. */
  left: number
}

const maxLines = 12
const maxPoints = 2000

/** Null when the result is no time series. Of rows that share their time and name, the last one counts. */
export function sqlChart(columns: readonly ResultColumn[], rows: readonly (readonly unknown[])[]): SqlChart | null {
  const timeAt = columns.findIndex(({ kind }) => kind === 'time')
  const numbers = columns.flatMap(({ kind, name }, index) => (kind === 'number' ? [{ index, name }] : []))
  const names = columns.flatMap(({ kind }, index) => (kind === 'text' ? [index] : []))
  if (timeAt === -1 || numbers.length === 0 || names.length > 1) return null
  const known = rows.flatMap((row) => {
    const at = timeOf(row[timeAt])
    return at === null ? [] : [{ at, row }]
  })
  const times = everyStep([...new Set(known.map(({ at }) => at))].toSorted((a, b) => a - b))
  if (times.length < 2) return null
  const indexOf = new Map(times.map((at, index) => [at, index]))
  const lines = new Map<string, SqlLine>()
  for (const { at, row } of known)
    for (const { index, name: column } of numbers) {
      const group = names[0] === undefined ? '' : nameOf(row[names[0]])
      const name = group === '' ? column : numbers.length === 1 ? group : `${group}, ${column}`
      const line = lines.get(name) ?? { name, column, values: times.map(() => null) }
      lines.set(name, line)
      line.values[indexOf.get(at) ?? 0] = numberOf(row[index])
    }
  const step_ms = (times[1] ?? 0) - (times[0] ?? 0)
  const frame = { from: times[0] ?? 0, to: (times.at(-1) ?? 0) + step_ms, step_ms, times, source: 'raw' as const }
  const all = [...lines.values()]
  return { frame, lines: all.slice(0, maxLines), left: Math.max(all.length - maxLines, 0) }
}

/** With the times between, which no row has, so that a gap is one; as they are when that would be too many. */
function everyStep(times: readonly number[]): number[] {
  const steps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
  const step = Math.min(...steps)
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0]
  if (!Number.isFinite(step) || (last - first) / step > maxPoints || steps.some((size) => size % step !== 0))
    return [...times]
  return Array.from({ length: (last - first) / step + 1 }, (_, index) => first + index * step)
}

/** Epoch ms of `2026-11-21`, `2026-11-21 10:00:00.5`, UTC. */
function timeOf(value: unknown): number | null {
  if (typeof value !== 'string') return null
  const at = Date.parse(`${value.length === 10 ? `${value} 00:00:00` : value}Z`.replace(' ', 'T'))
  return Number.isFinite(at) ? at : null
}

/** Texts, and what a Bool comes as. */
function nameOf(value: unknown): string {
  return typeof value === 'boolean' ? String(value) : typeof value === 'string' && value !== '' ? value : 'no name'
}

function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}
