/** A series together with the same of the period before it, bucket by bucket. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Line, SeriesFrame } from './series.ts'

type Lines = SeriesFrame & { lines: Line[] }

/** `previous` has as many buckets, of the same length; without one, nobody asked for it. */
export type Compared<S extends Lines> = S & { previous?: S }

/**
 * Asks `series` for the range and, when `compare`, for the one before it, read from the same table. That one ends with or less than
 * a bucket before the start of this one, so that buckets lie on buckets. It keeps the models that this one names: ranked by its own
 * traffic, "other" would be of other models.
 */
export async function withPrevious<S extends Lines>(
  series: (range: TimeRange, like: TimeRange) => Promise<S>,
  range: TimeRange,
  compare: boolean,
): Promise<Compared<S>> {
  const current = await series(range, range)
  if (!compare) return current
  const { from, to, step_ms } = current
  const shift = Math.ceil((to - from) / step_ms) * step_ms
  const before = await series({ from: from - shift, to: to - shift }, range)
  return { ...current, previous: { ...before, lines: before.lines.filter(isComparable(current, before)) } }
}

function isComparable(current: Lines, before: Lines): (line: Line) => boolean {
  const named = ({ lines }: Lines) => new Set(lines.flatMap(({ model, other }) => (other ? [] : [model])))
  const [now, then] = [named(current), named(before)]
  const same = now.size === then.size && [...now].every((model) => then.has(model))
  const others = current.lines.some(({ other }) => other) && same
  return ({ model, other }) => (other ? others : now.has(model))
}
