/** A series together with the same of the period before it, bucket by bucket. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Line, SeriesFrame } from './series.ts'

type Lines = SeriesFrame & { lines: Line[] }

/** `previous` has as many buckets, of the same length; without one, nobody asked for it. */
export type Compared<S extends SeriesFrame, P = S> = S & { previous?: P }

/** The range before: it ends with or less than a bucket before the start of this one, so that buckets lie on buckets. */
export function rangeBefore({ from, to, step_ms }: Pick<SeriesFrame, 'from' | 'to' | 'step_ms'>): TimeRange {
  const shift = Math.ceil((to - from) / step_ms) * step_ms
  return { from: from - shift, to: to - shift }
}

/** Asks `series` for the range and, when `compare`, for the one before it, read from the same table as `like`. */
export async function withPeriodBefore<S extends SeriesFrame>(
  series: (range: TimeRange, like: TimeRange) => Promise<S>,
  range: TimeRange,
  compare: boolean,
): Promise<Compared<S>> {
  const current = await series(range, range)
  return compare ? { ...current, previous: await series(rangeBefore(current), range) } : current
}

/** The same of lines per model. Of the period before it keeps those that this one names: ranked by its own traffic, "other" would be of other models. */
export async function withPrevious<S extends Lines>(
  series: (range: TimeRange, like: TimeRange) => Promise<S>,
  range: TimeRange,
  compare: boolean,
): Promise<Compared<S>> {
  const current = await withPeriodBefore(series, range, compare)
  const { previous } = current
  if (!previous) return current
  return { ...current, previous: { ...previous, lines: previous.lines.filter(isComparable(current, previous)) } }
}

function isComparable(current: Lines, before: Lines): (line: Line) => boolean {
  const named = ({ lines }: Lines) => new Set(lines.flatMap(({ model, other }) => (other ? [] : [model])))
  const [now, then] = [named(current), named(before)]
  const same = now.size === then.size && [...now].every((model) => then.has(model))
  const others = current.lines.some(({ other }) => other) && same
  return ({ model, other }) => (other ? others : now.has(model))
}
