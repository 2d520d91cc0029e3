/** Moments as people write them on the command line. */
import { durationMs, durationPattern } from './duration.ts'

/** What to say was expected. */
export const pointInTimeExpected = '2026-11-01, 2026-11-01T06:00:00Z or how long ago, as 30d'

/** Epoch milliseconds of a date or time, of UTC unless it says otherwise, or of how long before `nowMs`; null for other text. */
export function pointInTime(text: string, nowMs: number): number | null {
  if (durationPattern.test(text)) return nowMs - durationMs(text)
  const zoned = /[zZ]|[+-]\d\d:?\d\d$/.test(text.slice(10)) || text.length === 10 ? text : `${text}Z`
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(zoned) : NaN
  return Number.isNaN(ms) ? null : ms
}
