/** When time intervals come next, for people to look at. Pure. */
import { machineZone, timeOfDayAfter } from '../../records/calendar.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { compileInterval, minuteOfDay, type TimeInterval } from './time-interval.ts'

const dayMs = 86_400_000
const wholeDay = [{ start_time: '00:00', end_time: '24:00' }]

/** The times within a range at which any of the intervals holds, joined where they touch; in their order. */
export function occurrences(intervals: readonly TimeInterval[], { from, to }: TimeRange): TimeRange[] {
  const found = intervals.flatMap((interval) => occurrencesOf(interval, { from, to }))
  const joined: TimeRange[] = []
  for (const next of found.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last && next.from <= last.to) last.to = Math.max(last.to, next.to)
    else joined.push({ ...next })
  }
  return joined
    .map((range) => ({ from: Math.max(range.from, from), to: Math.min(range.to, to) }))
    .filter((range) => range.from < range.to)
}

function occurrencesOf(interval: TimeInterval, { from, to }: TimeRange): TimeRange[] {
  const zone = zoneOf(interval)
  const holds = compileInterval(interval)
  const days = Math.ceil((to - from) / dayMs) + 1
  return Array.from({ length: days }, (_, day) => day).flatMap((day) =>
    (interval.times ?? wholeDay)
      .map(({ start_time, end_time }) => ({
        from: timeOfDayAfter(from, day, minuteOfDay(start_time), zone),
        to: timeOfDayAfter(from, day, minuteOfDay(end_time), zone),
      }))
      .filter((range) => holds(range.from)),
  )
}

const zoneOf = ({ location = 'UTC' }: TimeInterval) => (location === 'Local' ? machineZone() : location)
