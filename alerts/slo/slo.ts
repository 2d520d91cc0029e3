/** A service level objective: what share of requests is to be good, over which time. */
import { durationMs } from '../../records/duration.ts'
import { periodAt, type CalendarPeriod } from '../../records/calendar.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { BurnGuard, BurnWindow, SloQuestion } from '../../storage/queries/slo.ts'

export interface Slo extends SloQuestion, BurnGuard {
  /** Share of good requests, above 0 and below 1. */
  objective: number
  /** A duration that ends now, such as 30d, or the calendar period that now is in. */
  period: string
  time_zone: string
}

export const calendarPeriodsOfSlos = ['week', 'month', 'quarter'] as const satisfies readonly CalendarPeriod[]

const isCalendar = (period: string): period is (typeof calendarPeriodsOfSlos)[number] =>
  (calendarPeriodsOfSlos as readonly string[]).includes(period)

/** As long as the longest window at least. */
export function isPeriod(text: string): boolean {
  return isCalendar(text) || /^([3-9]|[1-8]\d|90)d$/.test(text)
}

/** The period as of `now`; a rolling one ends there. */
export function periodOf({ period, time_zone }: Pick<Slo, 'period' | 'time_zone'>, now: number): TimeRange {
  if (isCalendar(period)) return periodAt(period, now, time_zone)
  return { from: now - durationMs(period), to: now }
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The workbook's pairs (Google SRE, table 5-8, and the slow one besides), by the share of the budget that is gone when they hold. */
const pairs = [
  { severity: 'page', long_ms: hour, budget: 0.02 },
  { severity: 'page', long_ms: 6 * hour, budget: 0.05 },
  { severity: 'ticket', long_ms: day, budget: 0.1 },
  { severity: 'ticket', long_ms: 3 * day, budget: 0.1 },
] as const

/**
 * The four pairs of windows of a period. The short one is a twelfth of the long one. In a period of 30 d the thresholds are 14.4, 6,
 * 3 and 1; of another they scale with it, but no lower than 1: a budget that is spent no faster than allowed lasts.
 */
export function burnWindows({ from, to }: TimeRange): BurnWindow[] {
  return pairs.map(({ severity, long_ms, budget }) => ({
    severity,
    long_ms,
    short_ms: long_ms / 12,
    long_window: windowName(long_ms),
    short_window: windowName(long_ms / 12),
    threshold: Math.max((budget * (to - from)) / long_ms, 1),
  }))
}

export const longestWindowMs = Math.max(...pairs.map(({ long_ms }) => long_ms))

/** `5m`, `6h`, `3d`. */
function windowName(ms: number): string {
  if (ms % day === 0) return `${ms / day}d`
  return ms % hour === 0 ? `${ms / hour}h` : `${ms / minute}m`
}
