/** A half-open time range [from, to) in epoch milliseconds: what every question to storage is asked about. */
export interface TimeRange {
  from: number
  to: number
}

const minute = 60_000
const steps = [
  1_000,
  5_000,
  10_000,
  15_000,
  30_000,
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
]
const longSteps = [1, 2, 3, 6, 12, 24, 168].map((hours) => hours * 60 * minute)

/** The finest step, in ms, that keeps a series over `range` at or under `maxPoints` (UI.md: 300). */
export function stepFor(range: TimeRange, maxPoints = 300): number {
  const span = Math.max(range.to - range.from, 1)
  const all = [...steps, ...longSteps]
  return all.find((step) => span / step <= maxPoints) ?? Math.ceil(span / maxPoints)
}
