/**
 * Sums over weeks of requests that equal those of raw rows: whole days, hours and minutes come from rollups, and the newest rows,
 * which rollups may not have yet, are read raw.
 */
import type { TimeRange } from '../../records/time-range.ts'
import { rollupSpecs } from '../rollup-specs.ts'
import type { DimensionColumn } from './alert-scan.ts'
import { filteredColumns, where, type Condition, type Filter } from './where.ts'

export interface Piece extends TimeRange {
  table: 'requests_1d' | 'requests_1h' | 'requests_1m' | 'requests'
}

const minute = 60_000
const rollups = [
  { table: 'requests_1d', step_ms: 1440 * minute },
  { table: 'requests_1h', step_ms: 60 * minute },
  { table: 'requests_1m', step_ms: minute },
] as const

/** Rollups follow their rows within seconds, after a burst within minutes: what is younger than this is read raw. */
const settledAfterMs = 15 * minute

const rolledUp: ReadonlySet<string> = new Set(rollupSpecs.find(({ prefix }) => prefix === 'requests')?.dimensions)

/** Whether rollups keep all these columns apart: other questions are answered from raw rows, however long that takes. */
export function inRollups(columns: readonly string[]): boolean {
  return columns.every((column) => rolledUp.has(column))
}

/** The newest boundary at or before `at` that pieces can be cut at: a whole minute, or any moment among the newest rows. */
export function cutAt(at: number, now: number): number {
  return at >= settledAt(now) ? at : Math.floor(at / minute) * minute
}

const settledAt = (now: number) => Math.floor((now - settledAfterMs) / minute) * minute

/**
 * What to read from where between the first cut and `now`: no row crosses a cut, each of which is one of `cutAt`'s. Buckets are no
 * longer than `coarsest_ms`, for questions about steps of that length.
 */
export function piecesOf(cuts: readonly number[], now: number, coarsest_ms = Infinity): Piece[] {
  const tiers = rollups.filter(({ step_ms }) => step_ms <= coarsest_ms)
  const ends = [...new Set([...cuts, settledAt(now), now])]
    .filter((at) => at >= Math.min(...cuts))
    .sort((a, b) => a - b)
  const pieces = ends.slice(1).flatMap((to, index): Piece[] => {
    const from = ends[index] ?? to
    return from >= settledAt(now) ? [{ table: 'requests', from, to }] : wholeSteps({ from, to }, tiers)
  })
  return joined(pieces)
}

/** Neighbours from one table are read as one. */
function joined(pieces: readonly Piece[]): Piece[] {
  const whole: Piece[] = []
  for (const piece of pieces) {
    const last = whole.at(-1)
    if (last?.table === piece.table && last.to === piece.from) last.to = piece.to
    else whole.push({ ...piece })
  }
  return whole
}

/** Whole buckets of a range, the widest that fit, in the order of time. `widths`: widest first; less than the last is left out. */
export function wholeSteps<Width extends { table: string; step_ms: number }>(
  { from, to }: TimeRange,
  widths: readonly Width[],
): (TimeRange & { table: Width['table'] })[] {
  const [width, ...finer] = widths
  if (!width || from >= to) return []
  const [first, last] = [
    Math.ceil(from / width.step_ms) * width.step_ms,
    Math.floor(to / width.step_ms) * width.step_ms,
  ]
  if (first >= last) return wholeSteps({ from, to }, finer)
  const whole = { table: width.table, from: first, to: last }
  return [...wholeSteps({ from, to: first }, finer), whole, ...wholeSteps({ from: last, to }, finer)]
}

export interface PieceMeasure {
  /** Of one raw row. */
  raw: string
  /** Of one row of a rollup. */
  rollup: string
}

/**
 * SELECTs with the columns `by`, each row's time `at` in epoch ms (of a rollup: the start of its bucket), and the measures, each
 * called m_<name>, to be summed up. A column that rollups don't have makes all of it raw rows.
 */
export function rowsOfPieces(
  pieces: readonly Piece[],
  by: readonly DimensionColumn[],
  filter: Filter,
  measures: Record<string, PieceMeasure>,
): Condition {
  const whole = { from: pieces[0]?.from ?? 0, to: pieces.at(-1)?.to ?? 0 }
  const condition = where(filter, whole)
  const params = { ...condition.params }
  const read = inRollups([...by, ...filteredColumns(filter)]) ? pieces : [{ ...whole, table: 'requests' as const }]
  const selects = [...Map.groupBy(read, ({ table }) => table)].map(([table, ranges]) => {
    const within = ranges.map(({ from, to }, index) => {
      const [first, end] = [`${table}_${index}_from`, `${table}_${index}_to`]
      Object.assign(params, { [first]: from, [end]: to })
      return `(timestamp >= ${moment(first)} and timestamp < ${moment(end)})`
    })
    const raw = table === 'requests'
    const columns = Object.entries(measures).map(
      ([name, measure]) => `${raw ? measure.raw : measure.rollup} as m_${name}`,
    )
    // A key that vanished from its bucket of a rollup left a row of zeros.
    return `select ${[...by, `${raw ? rawTime : bucketTime} as at`, ...columns].join(', ')}
  from ${table} as r where ${condition.sql} and (${within.join(' or ')})${raw ? '' : ' and requests > 0'}`
  })
  return { sql: selects.join('\n  union all '), params }
}

const rawTime = 'toUnixTimestamp64Milli(timestamp)'
const bucketTime = 'toInt64(toUnixTimestamp(timestamp)) * 1000'
const moment = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`
