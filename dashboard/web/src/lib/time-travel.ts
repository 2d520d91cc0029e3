/** Steps through time: what the range becomes when one goes back, forth, closer or further away. Pure: `now` comes in. */
import { spanOf, type Search } from './search.ts'

const minute = 60_000
/** No chart says more of less. */
const shortest = minute
/** The API answers no more. */
const longest = 730 * 86_400_000

/** The range in epoch ms; of one up to now it ends now. */
export function rangeOf(search: Search, now: number): { from: number; to: number } {
  const to = search.to ?? now
  return { from: search.from ?? to - spanOf(search), to }
}

/** Moves it by a part of its length: −0.5 is half of it back. What would reach beyond now is up to now again. */
export function moved(search: Search, part: number, now: number): Search {
  const { from, to } = rangeOf(search, now)
  const by = (to - from) * part
  return to + by >= now ? upToNow(search) : between(search, from + by, to + by)
}

/** Makes it so many times as long, around its middle; one up to now stays up to now. */
export function zoomed(search: Search, factor: number, now: number): Search {
  const { from, to } = rangeOf(search, now)
  const span = Math.min(Math.max((to - from) * factor, shortest), longest)
  const end = Math.min((from + to + span) / 2, now)
  if (search.to === undefined || end >= now) return upToNow(search, span)
  return between(search, end - span, end)
}

/** Follows the clock again, with the same length unless said. */
export function upToNow(search: Search, span = spanOf(search)): Search {
  const { from: _from, to: _to, live: _live, ...rest } = search
  return { ...rest, range: rangeText(span) }
}

/** A fixed range. */
export function between(search: Search, from: number, to: number): Search {
  const { range: _range, ...rest } = search
  return { ...rest, from: Math.round(from), to: Math.round(to) }
}

/** The shortest of 90m, 6h, 7d that says it, to the minute. */
function rangeText(ms: number): string {
  const minutes = Math.max(Math.round(ms / minute), 1)
  if (minutes % 1440 === 0 && minutes > 1440) return `${minutes / 1440}d`
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`
}
