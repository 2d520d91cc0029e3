/** Requests, errors and tokens per model over time: exact sums per bucket. Rates are the page's division by time. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { linesOf, type Line, type SeriesFrame } from './series.ts'
import { identityOf, perModel, type PerModelRow } from './tiers.ts'
import type { Filter } from './where.ts'

const measures = ['requests', 'errors', 'input_tokens', 'output_tokens'] as const

export type ThroughputLine = Line & Record<(typeof measures)[number], (number | null)[]>
export type ThroughputSeries = SeriesFrame & { lines: ThroughputLine[] }

/** A bucket without a row is null: no request came then. Tokens are null where no request told them. */
export async function throughputSeries(
  db: Db,
  filter: Filter,
  range: TimeRange,
  like = range,
): Promise<ThroughputSeries> {
  const { sql, params, frame } = await perModel(db, filter, range, measures, 'requests', like)
  const rows = await db.query<PerModelRow<(typeof measures)[number]>>(sql, params)
  return { ...frame, lines: linesOf(frame, rows, measures, identityOf) }
}
