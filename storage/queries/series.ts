/** Shared by the questions that answer with lines over time. */
import { stepFor, type TimeRange } from '../../records/time-range.ts'

/** Columns, not rows: a chart of 300 points and 12 lines is a tenth of the size. */
export interface SeriesFrame {
  from: number
  to: number
  step_ms: number
  /** Bucket starts, epoch ms; every bucket of the range, with data or without. */
  times: number[]
  /** Which table answered, and so how exact quantiles are. */
  source: Source
}

export type Source =
  | 'raw'
  | 'requests_1m'
  | 'requests_1h'
  | 'requests_1d'
  | 'totals_1h'
  | 'totals_1d'
  | 'models_1h'
  | 'models_1d'
  | 'users_1d'
  | 'gpu_samples'
  | 'gpu_1m'
  | 'gpu_1h'
  | 'server_samples'
  | 'server_1m'
  | 'server_1h'
  | 'server_1d'

/** At most this many lines a chart; the rest is one line, "other". */
export const maxLines = 12

export interface Line {
  model: string
  /** The models beyond `maxLines`, together. */
  other: boolean
}

/**
 * Points a line has at most. UI.md allows 300; at 100 a minute holds an hour's bucket, and a quantile of a quiet model is more
 * than one request.
 */
export const maxPoints = 100

/** The frame of a range: buckets that start at whole multiples of the step. */
export function frameOf(range: TimeRange, source: Source = 'raw', atLeastMs = 1000): SeriesFrame {
  const step = Math.max(stepFor(range, maxPoints), atLeastMs)
  const times: number[] = []
  for (let at = Math.floor(range.from / step) * step; at < range.to; at += step) times.push(at)
  return { from: range.from, to: range.to, step_ms: step, times, source }
}

/** How much of each bucket lies in the range, in seconds: the first and the last may be cut. */
export function bucketSecondsOf({ times, step_ms, from, to }: SeriesFrame): number[] {
  return times.map((at) => Math.max(Math.min(at + step_ms, to) - Math.max(at, from), 1) / 1000)
}

/**
 * Lines from rows of (line, bucket, values): one array a measure, as long as `times`, null where no row is.
 * `keyOf` names the line of a row, `identity` what the answer says of the line.
 */
export function linesOf<Row extends { at: number }, Identity extends object, Measure extends keyof Row & string>(
  frame: SeriesFrame,
  rows: readonly Row[],
  measures: readonly Measure[],
  identity: (row: Row) => Identity,
): (Identity & Record<Measure, (number | null)[]>)[] {
  const index = new Map(frame.times.map((time, position) => [time, position]))
  const lines = new Map<string, Identity & Record<Measure, (number | null)[]>>()
  for (const row of rows) {
    const position = index.get(row.at)
    if (position === undefined) continue
    const who = identity(row)
    const key = JSON.stringify(who)
    let line = lines.get(key)
    if (!line) {
      const empty = measures.map((measure) => [measure, frame.times.map(() => null)])
      line = { ...who, ...(Object.fromEntries(empty) as Record<Measure, (number | null)[]>) }
      lines.set(key, line)
    }
    for (const measure of measures) line[measure][position] = row[measure] as number | null
  }
  return [...lines.values()]
}
