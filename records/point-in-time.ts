/** Moments as people write them. */
import { durationMs, durationPattern } from './duration.ts'
import type { TimeRange } from './time-range.ts'

/** What to say was expected. */
const expected = '2026-11-01, 2026-11-01T06:00:00Z or how long ago, as 30d'

/**
 * Epoch milliseconds of a date or time, of UTC unless it says otherwise: `Date.parse` would take one without a zone for one of the
 * machine's. NaN for other text.
 */
export function isoTime(text: string): number {
  const zoned = /[zZ]|[+-]\d\d:?\d\d$/.test(text.slice(10)) || text.length === 10 ? text : `${text}Z`
  return /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(zoned) : NaN
}

/** The same on the command line, or of how long before `nowMs`; null for other text. */
export function pointInTime(text: string, nowMs: number): number | null {
  if (durationPattern.test(text)) return nowMs - durationMs(text)
  const ms = isoTime(text)
  return Number.isNaN(ms) ? null : ms
}

/** What is thrown about an option that cannot be. */
type Refusal = new (message: string) => Error

/** The moment that an option names, in epoch milliseconds. */
export function momentOf(option: string, text: string, nowMs: number, Refused: Refusal): number {
  const ms = pointInTime(text, nowMs)
  if (ms === null) throw new Refused(`${option}: "${text}" is no time; expected ${expected}`)
  return ms
}

/** What --from and --to name; without --to, until now. */
export function rangeOf(
  { from, to }: { from: string; to?: string | undefined },
  nowMs: number,
  Refused: Refusal,
): TimeRange {
  const end = to === undefined ? nowMs : momentOf('--to', to, nowMs, Refused)
  const range = { from: momentOf('--from', from, nowMs, Refused), to: end }
  if (range.from >= range.to) throw new Refused('--from must be before --to')
  return range
}
