/** Maintenance windows as people write them: once, or on days of every week. Kept as silences. Pure. */
import { isTimeZone } from '../../records/calendar.ts'
import { z } from 'zod'
import type { TimeRange } from '../../records/time-range.ts'
import { MatcherError, parseMatchers, type Matcher } from './matcher.ts'
import { occurrences } from './occurrences.ts'
import { storedMatcherOf, type Silence, type SilenceInput } from './silence.ts'
import { minuteOfDay, weekdays, type TimeInterval } from './time-interval.ts'

export type Weekday = (typeof weekdays)[number]

/** Over midnight when `to` is not after `from`: it ends on the day after each of `days`. */
export interface Weekly {
  days: Weekday[]
  /** HH:MM. */
  from: string
  to: string
  time_zone: string
}

const text = (most: number) => z.string().trim().min(1, 'must not be empty').max(most)
const moment = z.number('expected a time').min(0).max(9e12)
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as 22:00')

const said = {
  id: z.string().min(1).max(100).optional(),
  name: text(200).describe('What it is called'),
  matchers: z
    .string()
    .max(10_000)
    .transform((written, context): Matcher[] => {
      const parsed = matchersOrProblem(written)
      if (typeof parsed !== 'string') return parsed
      context.addIssue({ code: 'custom', message: parsed })
      return z.NEVER
    })
    .describe('Which alerts: severity="page", model=~"gpt-.*"'),
  comment: text(2_000).describe('Why'),
  created_by: text(200).describe('Who'),
}

/** Times are epoch milliseconds. */
export const windowInput = z.discriminatedUnion('repeats', [
  z.strictObject({ ...said, repeats: z.literal('once'), starts_at: moment, ends_at: moment }),
  z.strictObject({
    ...said,
    repeats: z.literal('weekly'),
    days: z.array(z.enum(weekdays)).min(1, 'choose at least one day'),
    from: clockTime,
    to: clockTime,
    time_zone: z.string().refine(isTimeZone, 'expected a time zone such as Europe/Berlin or UTC'),
    starts_at: moment.optional().describe('Now unless said'),
    ends_at: moment.optional().describe('No end unless said'),
  }),
])

function matchersOrProblem(written: string): Matcher[] | string {
  try {
    const matchers = parseMatchers(written)
    return matchers.length > 0 ? matchers : 'say which alerts are meant, such as model="gpt-4o"'
  } catch (error) {
    if (error instanceof MatcherError) return error.message
    throw error
  }
}

/** Of a window that comes again until somebody ends it. */
export const noEnd = Date.UTC(2200, 0)

/** The silence that a window is kept as. */
export function silenceOfWindow(window: z.output<typeof windowInput>): SilenceInput {
  const { id, name, comment, created_by, matchers } = window
  const kept = { ...(id ? { id } : {}), name, comment, created_by, matchers: matchers.map(storedMatcherOf) }
  if (window.repeats === 'once') return { ...kept, starts_at: window.starts_at, ends_at: window.ends_at }
  const starts = window.starts_at === undefined ? {} : { starts_at: window.starts_at }
  return { ...kept, ...starts, ends_at: window.ends_at ?? noEnd, time_intervals: weeklyIntervals(window) }
}

/** As configuration would say it: what goes over midnight is two intervals. */
export function weeklyIntervals({ days, from, to, time_zone }: Weekly): TimeInterval[] {
  const location = time_zone
  if (minuteOfDay(from) < minuteOfDay(to))
    return [{ times: [{ start_time: from, end_time: to }], weekdays: days, location }]
  const evening = { times: [{ start_time: from, end_time: '24:00' }], weekdays: days, location }
  if (to === '00:00') return [evening]
  return [evening, { times: [{ start_time: '00:00', end_time: to }], weekdays: days.map(dayAfter), location }]
}

/** What `weeklyIntervals` made; null for intervals that say something else. */
export function weeklyOf(intervals: readonly TimeInterval[]): Weekly | null {
  const [evening, morning] = intervals
  const [first] = evening?.times ?? []
  if (!evening || !first) return null
  const days = (evening.weekdays ?? []).filter((day): day is Weekday => (weekdays as readonly string[]).includes(day))
  const to = morning ? (morning.times?.[0]?.end_time ?? '') : first.end_time === '24:00' ? '00:00' : first.end_time
  const weekly = { days, from: first.start_time, to, time_zone: evening.location ?? 'UTC' }
  const isTime = /^([01]\d|2[0-3]):[0-5]\d$/
  if (!isTime.test(weekly.from) || !isTime.test(to) || weekly.time_zone === 'Local') return null
  return JSON.stringify(sorted(weeklyIntervals(weekly))) === JSON.stringify(sorted(intervals)) ? weekly : null
}

const sorted = (intervals: readonly TimeInterval[]) =>
  intervals.map(({ times, weekdays: days, location, ...rest }) => ({ times, days, location, ...rest }))

const dayAfter = (day: Weekday): Weekday => weekdays[(weekdays.indexOf(day) + 1) % 7] ?? day

/** When a silence will hold within a range. */
export function windowsOf({ starts_at, ends_at, time_intervals }: Silence, range: TimeRange): TimeRange[] {
  const [from, to] = [Math.max(starts_at, range.from), Math.min(ends_at, range.to)]
  if (from >= to) return []
  return time_intervals.length === 0 ? [{ from, to: ends_at }] : occurrences(time_intervals, { from, to })
}
