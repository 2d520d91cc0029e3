/** Calendar periods in a time zone, whose days may have 23 or 25 hours. Times are epoch milliseconds. */
import type { TimeRange } from './time-range.ts'

export const calendarPeriods = ['day', 'week', 'month', 'quarter'] as const
export type CalendarPeriod = (typeof calendarPeriods)[number]

export interface NamedPeriod extends TimeRange {
  /** `2026-11-27`, `2026-W48`, `2026-11`, `2026-Q4`: no two periods of one kind share it. */
  name: string
}

/** A date without a time; `day` may lie outside the month, as in Date.UTC. Months count from 1. */
interface CalendarDate {
  year: number
  month: number
  day: number
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** The zone of this machine; UTC, by which its clocks go then, where that has no name: an empty TZ, or one that nobody knows. */
export function machineZone(): string {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions() as { timeZone?: string }
  return timeZone !== undefined && isTimeZone(timeZone) ? timeZone : 'UTC'
}

/** The period that `at` is in. Weeks begin on Monday. */
export function periodAt(period: CalendarPeriod, at: number, timeZone: string): NamedPeriod {
  const date = dateAt(at, timeZone)
  const [first, next, name] = boundsOf[period](date)
  return { from: startOfDay(first, timeZone), to: startOfDay(next, timeZone), name }
}

/** When the day began that is `days` before the one that `at` is in. */
export function startOfDayBefore(at: number, days: number, timeZone: string): number {
  const { year, month, day } = dateAt(at, timeZone)
  return startOfDay({ year, month, day: day - days }, timeZone)
}

/** When the clocks of that day show `minutes` after midnight, `days` after the day that `at` is in; as `sameTimeBefore` where they skip it. */
export function timeOfDayAfter(at: number, days: number, minutes: number, timeZone: string): number {
  const { year, month, day } = dateAt(at, timeZone)
  return toInstant(utc({ year, month, day: day + days }) + minutes * 60_000, timeZone)
}

/** The same time of day `days` before. A time that a change of clocks skips is read by the offset before it. */
export function sameTimeBefore(at: number, days: number, timeZone: string): number {
  return toInstant(at + offsetAt(at, timeZone) - days * dayMs, timeZone)
}

const dayMs = 86_400_000
const pad = (value: number) => String(value).padStart(2, '0')

const boundsOf: Record<CalendarPeriod, (date: CalendarDate) => [CalendarDate, CalendarDate, string]> = {
  day: ({ year, month, day }) => [
    { year, month, day },
    { year, month, day: day + 1 },
    `${year}-${pad(month)}-${pad(day)}`,
  ],
  week(date) {
    const sinceMonday = (new Date(utc(date)).getUTCDay() + 6) % 7
    const monday = { ...date, day: date.day - sinceMonday }
    return [monday, { ...monday, day: monday.day + 7 }, weekName(monday)]
  },
  month: ({ year, month }) => [{ year, month, day: 1 }, { year, month: month + 1, day: 1 }, `${year}-${pad(month)}`],
  quarter({ year, month }) {
    const quarter = Math.ceil(month / 3)
    return [{ year, month: quarter * 3 - 2, day: 1 }, { year, month: quarter * 3 + 1, day: 1 }, `${year}-Q${quarter}`]
  },
}

/** ISO 8601: a week belongs to the year of its Thursday. */
function weekName(monday: CalendarDate): string {
  const thursday = new Date(utc({ ...monday, day: monday.day + 3 }))
  const year = thursday.getUTCFullYear()
  return `${year}-W${pad(Math.floor((thursday.getTime() - Date.UTC(year, 0)) / dayMs / 7) + 1)}`
}

const utc = ({ year, month, day }: CalendarDate) => Date.UTC(year, month - 1, day)

function dateAt(at: number, timeZone: string): CalendarDate {
  const local = new Date(at + offsetAt(at, timeZone))
  return { year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate() }
}

function startOfDay(date: CalendarDate, timeZone: string): number {
  return toInstant(utc(date), timeZone)
}

/** The moment at which clocks show `local`, the first of two; one that they skip is read by the offset before the change. */
function toInstant(local: number, timeZone: string): number {
  const [before, after] = [offsetAt(local - dayMs, timeZone), offsetAt(local + dayMs, timeZone)]
  const shown = [local - before, local - after].filter((at) => at + offsetAt(at, timeZone) === local)
  return shown.length > 0 ? Math.min(...shown) : local - before
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** What clocks in the zone are ahead of UTC. Throws RangeError on an unknown zone. */
function offsetAt(at: number, timeZone: string): number {
  let format = formats.get(timeZone)
  if (!format) {
    const field = 'numeric'
    const fields = { year: field, month: field, day: field, hour: field, minute: field, second: field } as const
    format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...fields })
    formats.set(timeZone, format)
  }
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  const shown = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return shown - Math.floor(at / 1000) * 1000
}
