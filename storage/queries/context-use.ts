/** How full context windows are: input and output tokens of a call as a share of its model's window. Exact; raw rows of a day at most. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { newestDay } from './newest-day.ts'
import { frameOf, linesOf, type SeriesFrame } from './series.ts'
import { bucketOf, raw } from './tiers.ts'
import { where, type Filter } from './where.ts'

const measures = ['p50', 'p95', 'max'] as const

export interface ContextUse extends SeriesFrame {
  /** Only the newest day of the range was read. */
  bounded: boolean
  /** Shares, 0–1; null where no call told its tokens or its window is unknown. */
  values: Record<(typeof measures)[number], (number | null)[]>
}

export async function contextUse(db: Db, filter: Filter, range: TimeRange): Promise<ContextUse> {
  const { rows: read, bounded } = newestDay(range)
  const frame = frameOf(range)
  const { sql, params } = where(filter, read)
  const rows = await db.query<{ at: number } & Record<(typeof measures)[number], number>>(
    `select at, quantiles[1] as p50, quantiles[2] as p95, most as max from (
      select ${bucketOf(raw)} as at,
        quantilesExact(0.5, 0.95)(assumeNotNull((r.input_tokens + ifNull(r.output_tokens, 0)) / r.context_window)) as quantiles,
        max(assumeNotNull((r.input_tokens + ifNull(r.output_tokens, 0)) / r.context_window)) as most
      from requests as r where ${sql} and r.context_window > 0 and r.input_tokens is not null group by at
    ) order by at`,
    { ...params, step_ms: frame.step_ms },
  )
  const [line] = linesOf(frame, rows, measures, () => ({}))
  const nothing = frame.times.map(() => null)
  return { ...frame, bounded, values: line ?? { p50: nothing, p95: nothing, max: nothing } }
}
