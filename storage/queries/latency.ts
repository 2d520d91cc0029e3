/** Latency, TTFT and TPOT per model over time. Exact where raw rows are read; t-digests of rollups else. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { linesOf, type Line, type SeriesFrame } from './series.ts'
import { identityOf, perModel, type PerModelRow } from './tiers.ts'
import type { Filter } from './where.ts'

const measures = ['p50_ms', 'p95_ms', 'p99_ms', 'ttft_p50_ms', 'ttft_p95_ms', 'tpot_p50_ms'] as const

export type LatencyLine = Line & Record<(typeof measures)[number], (number | null)[]>
export type LatencySeries = SeriesFrame & { lines: LatencyLine[] }

export async function latencySeries(db: Db, filter: Filter, range: TimeRange, like = range): Promise<LatencySeries> {
  const { sql, params, frame } = await perModel(db, filter, range, measures, 'requests', like)
  const rows = await db.query<PerModelRow<(typeof measures)[number]>>(sql, params)
  return { ...frame, lines: linesOf(frame, rows, measures, identityOf) }
}
