/** Hours and days of UTC: what one file covers. */
import type { TimeRange } from '../../records/time-range.ts'

export type Partition = 'hour' | 'day'

export const stepMs: Record<Partition, number> = { hour: 3_600_000, day: 86_400_000 }

/** Start of the period that holds a time. */
export const startOf = (ms: number, partition: Partition) => Math.floor(ms / stepMs[partition]) * stepMs[partition]

export const rangeOf = (start: number, partition: Partition): TimeRange => ({
  from: start,
  to: start + stepMs[partition],
})

/** `2026-11-26`, or `2026-11-26T14` for an hour: names sort as the periods do. */
export const periodName = (start: number, partition: Partition) =>
  new Date(start).toISOString().slice(0, partition === 'day' ? 10 : 13)

/** Starts of the periods that lie in a range as a whole. */
export function wholePeriods({ from, to }: TimeRange, partition: Partition): number[] {
  const step = stepMs[partition]
  const first = Math.ceil(from / step)
  return Array.from({ length: Math.max(Math.floor(to / step) - first, 0) }, (_, index) => (first + index) * step)
}
