/** Times that come again, in Alertmanager's notation: times of day, weekdays, days of the month, months, years, a time zone. */
import { isTimeZone } from '../../records/calendar.ts'
import { z } from 'zod'

/** First and last, both included unless said. */
type Range = readonly [number, number]

export const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const
const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
]

/** Text that names no number of its kind. */
class RangeTextError extends Error {
  override name = 'RangeTextError'
}

function numberIn(text: string, names: readonly string[], base: number, [low, high]: Range): number {
  const named = names.indexOf(text.toLowerCase())
  if (named >= 0) return named + base
  const number = /^-?\d+$/.test(text) ? Number(text) : NaN
  if (number >= low && number <= high) return number
  throw new RangeTextError(names.length > 0 ? `names such as ${names[1]}` : `numbers from ${low} to ${high}`)
}

function parseRange(text: string, read: (part: string) => number): Range {
  const parts = text.split(':').map((part) => read(part.trim()))
  const [first, last = first] = parts
  if (first === undefined || last === undefined || parts.length > 2)
    throw new RangeTextError('one value, or first:last')
  return [first, last]
}

const weekdayRange = (text: string) =>
  ascending(parseRange(text, (part) => numberIn(part, weekdays, 0, [Infinity, -Infinity])))
const monthRange = (text: string) => ascending(parseRange(text, (part) => numberIn(part, months, 1, [1, 12])))
const yearRange = (text: string) => ascending(parseRange(text, (part) => numberIn(part, [], 0, [1, 9_999])))

/** Negative days count from the end of the month. */
function dayRange(text: string): Range {
  const [first, last] = parseRange(text, (part) => numberIn(part, [], 0, [-31, 31]))
  if (first === 0 || last === 0) throw new RangeTextError('days from 1 to 31, or -1 to -31 from the end of the month')
  if (first < 0 && last > 0) throw new RangeTextError('a last day from the end of the month too when the first one is')
  if (first < 0 === last < 0) return ascending([first, last])
  return [first, last]
}

function ascending([first, last]: Range): Range {
  if (first > last) throw new RangeTextError('the first before the last')
  return [first, last]
}

/** Minutes since midnight; 24:00 is the end of a day. Throws RangeTextError. */
export function minuteOfDay(text: string): number {
  const [, hour = '', minute = ''] = /^(\d\d):(\d\d)$/.exec(text) ?? []
  const minutes = Number(hour) * 60 + Number(minute)
  if (hour === '' || Number(minute) > 59 || minutes > 24 * 60) throw new RangeTextError('HH:MM, 24:00 at most')
  return minutes
}

/** A list of texts that `parse` understands, kept as they are. */
function textsOf(parse: (text: string) => unknown, what: string) {
  const text = z.union([z.string(), z.number().transform(String)]).superRefine((value, context) => {
    try {
      parse(value)
    } catch (error) {
      if (!(error instanceof RangeTextError)) throw error
      context.addIssue({ code: 'custom', message: `expected ${error.message}; found "${value}"` })
    }
  })
  return z.array(text).min(1).optional().describe(what)
}

const timeOfDay = z.strictObject({
  start_time: z.string().describe('HH:MM'),
  end_time: z.string().describe('HH:MM, no longer part of it; 24:00 for the end of the day'),
})

export const timeIntervalConfig = z.strictObject({
  times: z
    .array(
      timeOfDay.superRefine(({ start_time, end_time }, context) => {
        try {
          if (minuteOfDay(start_time) < minuteOfDay(end_time)) return
          throw new RangeTextError('a start_time before end_time; a night is two intervals')
        } catch (error) {
          if (!(error instanceof RangeTextError)) throw error
          context.addIssue({ code: 'custom', message: `expected ${error.message}; found ${start_time} to ${end_time}` })
        }
      }),
    )
    .min(1)
    .optional()
    .describe('Times of day; the whole day unless said'),
  weekdays: textsOf(weekdayRange, 'Such as monday:friday or saturday; a week begins on sunday'),
  days_of_month: textsOf(dayRange, 'Such as 1:5, or -3:-1 for the last three days'),
  months: textsOf(monthRange, 'Such as january:march or 12'),
  years: textsOf(yearRange, 'Such as 2026 or 2026:2028'),
  location: z
    .string()
    .refine(isZone, 'expected a time zone such as Europe/Berlin, UTC or Local')
    .optional()
    .describe('Time zone such as Europe/Berlin, or Local for that of this machine; UTC unless said'),
})

/** As written in configuration and kept in storage. */
export type TimeInterval = z.infer<typeof timeIntervalConfig>

/** Whether a moment, in epoch milliseconds, lies in any of the intervals. */
export type Holds = (at: number) => boolean

/** Answers for one minute at a time are kept: a whole flush asks about the same one. */
export function compileIntervals(intervals: readonly TimeInterval[]): Holds {
  const each = intervals.map(compileInterval)
  let minute = NaN
  let answer = false
  return (at) => {
    const asked = Math.floor(at / 60_000)
    if (asked !== minute) {
      minute = asked
      answer = each.some((holds) => holds(at))
    }
    return answer
  }
}

export function compileInterval(interval: TimeInterval): Holds {
  const read = calendar(interval.location)
  const times = interval.times?.map(
    ({ start_time, end_time }) => [minuteOfDay(start_time), minuteOfDay(end_time) - 1] as const,
  )
  const days = interval.days_of_month?.map(dayRange)
  const [onWeekdays, inMonths, inYears] = [
    interval.weekdays?.map(weekdayRange),
    interval.months?.map(monthRange),
    interval.years?.map(yearRange),
  ]
  return (at) => {
    const now = read(at)
    return (
      within(times, now.minute) &&
      within(onWeekdays, now.weekday) &&
      within(inMonths, now.month) &&
      within(inYears, now.year) &&
      within(
        days?.flatMap((range) => inMonth(range, now)),
        now.day,
      )
    )
  }
}

function within(ranges: readonly Range[] | undefined, value: number): boolean {
  return ranges?.some(([first, last]) => value >= first && value <= last) ?? true
}

/** A range of days in the month at hand; none when it lies beyond its end. */
function inMonth([first, last]: Range, { daysInMonth }: CalendarTime): Range[] {
  const from = first < 0 ? daysInMonth + first + 1 : first
  const to = last < 0 ? daysInMonth + last + 1 : last
  return from > daysInMonth ? [] : [[from, Math.min(to, daysInMonth)]]
}

interface CalendarTime {
  minute: number
  weekday: number
  day: number
  month: number
  year: number
  daysInMonth: number
}

function calendar(location = 'UTC'): (at: number) => CalendarTime {
  const format = new Intl.DateTimeFormat('en-US', {
    ...(location === 'Local' ? {} : { timeZone: location }),
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  })
  return (at) => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
    const { year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN } = parts
    const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay()
    const daysInMonth = new Date(Date.UTC(year, month, 0)).getUTCDate()
    return { minute: hour * 60 + minute, weekday, day, month, year, daysInMonth }
  }
}

function isZone(name: string): boolean {
  return name === 'Local' || isTimeZone(name)
}
