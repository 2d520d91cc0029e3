/** Cost per model over time: exact sums per bucket of what could be priced, and how many requests could not. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { linesOf, type Line, type SeriesFrame } from './series.ts'
import { identityOf, perModel, type PerModelRow } from './tiers.ts'
import type { Filter } from './where.ts'

const measures = ['cost_usd', 'unpriced', 'requests'] as const

export type SpendLine = Line & Record<(typeof measures)[number], (number | null)[]>
export type SpendSeries = SeriesFrame & { lines: SpendLine[] }

/** `cost_usd` is null where no request came or none could be priced; `requests` tells which. */
export async function spendSeries(db: Db, filter: Filter, range: TimeRange, like = range): Promise<SpendSeries> {
  const { sql, params, frame } = await perModel(db, filter, range, measures, 'cost_usd', like)
  const rows = await db.query<PerModelRow<(typeof measures)[number]>>(sql, params)
  return { ...frame, lines: linesOf(frame, rows, measures, identityOf) }
}
