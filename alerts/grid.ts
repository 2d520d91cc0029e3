/** When a group is evaluated: at the multiples of its interval since 1970. Pure; times are epoch milliseconds. */

/** Missed points further back than this, or more of them than this, are not caught up with. */
const catchUpMs = 3_600_000
const catchUpPoints = 120

export interface NextPoint {
  at: number
  /** Missed points before it that are given up. */
  skipped: number
}

/**
 * The point to evaluate after `evaluatedAt`: the next one, which may lie in the past when points were missed. `fallingBehind` gives up
 * all that were missed but the newest.
 */
export function nextPoint(evaluatedAt: number, now: number, intervalMs: number, fallingBehind = false): NextPoint {
  const next = (Math.floor(evaluatedAt / intervalMs) + 1) * intervalMs
  const newest = Math.floor(now / intervalMs) * intervalMs
  const points = fallingBehind ? 1 : Math.min(catchUpPoints, Math.max(Math.floor(catchUpMs / intervalMs), 1))
  const at = Math.max(next, newest - (points - 1) * intervalMs)
  return { at, skipped: (at - next) / intervalMs }
}
