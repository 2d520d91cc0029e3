/** Ticks of a time axis at round local times. */
import { offsetAt } from '../lib/time-zone.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const steps = [
  5000,
  15_000,
  30_000,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 14, 30, 90].map((n) => n * day),
]

/** Where a tick's label has its middle, in px: at the tick, or so far from the ends of `width` that both of its own are within. */
export function labelAt(x: number, width: number, label: string): number {
  const half = (label.length * digit) / 2
  return Math.max(Math.min(x, width - half), half)
}
/** Width of a figure, in px. */
const digit = 6.2

/** At most `count` ticks between two epoch times, at multiples of a round step in the chosen zone. */
export function timeTicks(from: number, to: number, count: number): number[] {
  const step = steps.find((size) => (to - from) / size <= count) ?? 365 * day
  const zone = -offsetAt(from)
  const first = Math.ceil((from - zone) / step) * step + zone
  const ticks: number[] = []
  for (let at = first; at <= to; at += step) ticks.push(at)
  return ticks
}
