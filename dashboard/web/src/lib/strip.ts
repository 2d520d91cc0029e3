/** The strip above the pages: which time it shows, and what dragging its brush makes of the range. Pure; times in epoch ms. */
import type { TimeRange } from '../../../../records/time-range.ts'

/** The strip is so many times as long as the range. */
const times = 8
const longest = 730 * 86_400_000

/** Up to now, or around a range that lies back; it begins and ends with a whole step, so that it seldom moves. */
export function stripAround({ from, to }: TimeRange, now: number): TimeRange {
  const span = to - from
  const length = Math.min(Math.max(span * times, 10 * 60_000), longest)
  const step = Math.max(Math.round(length / 240), 1000)
  const end = Math.min(to + (length - span) / 2, now)
  const last = Math.ceil(Math.max(end, to) / step) * step
  return { from: last - Math.ceil(length / step) * step, to: last }
}

export type BrushPart = 'from' | 'to' | 'both'

/** The range after one part of the brush moved by `by`, kept within the strip and at least `least` long. */
export function brushed(range: TimeRange, part: BrushPart, by: number, strip: TimeRange, least: number): TimeRange {
  const within = (at: number, low: number, high: number) => Math.min(Math.max(at, low), high)
  if (part === 'from') return { from: within(range.from + by, strip.from, range.to - least), to: range.to }
  if (part === 'to') return { from: range.from, to: within(range.to + by, range.from + least, strip.to) }
  const moved = within(range.from + by, strip.from, strip.to - (range.to - range.from))
  return { from: moved, to: moved + (range.to - range.from) }
}
