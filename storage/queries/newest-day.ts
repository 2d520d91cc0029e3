/** What no rollup holds is read from raw rows, of a day at most: the newest of the range. */
import type { TimeRange } from '../../records/time-range.ts'

const day = 86_400_000

export interface NewestDay {
  rows: TimeRange
  /** Less than the range was read. */
  bounded: boolean
}

export function newestDay({ from, to }: TimeRange): NewestDay {
  return { rows: { from: Math.max(from, to - day), to }, bounded: to - from > day }
}
