/** Inter-token latency per model: every gap between two tokens of the streams that were measured on their way counts once. */
import { gapQuantile } from '../../records/token-gaps.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { where, type Filter } from './where.ts'

export interface ModelTokenGaps {
  model: string
  provider: string
  /** Streams whose gaps are in here. */
  requests: number
  gaps: number
  p50_ms: number | null
  p95_ms: number | null
  p99_ms: number | null
}

/** Those with the most gaps first. Reads `requests`; percentiles are within 10 % of the truth, which is half a bucket. */
export async function tokenGaps(db: Db, filter: Filter, range: TimeRange): Promise<ModelTokenGaps[]> {
  const { sql, params } = where(filter, range)
  const rows = await db.query<{ model: string; provider: string; requests: number; counts: number[] }>(
    `SELECT model, provider, count() AS requests, sumForEach(itl_ms_counts) AS counts
    FROM requests AS r WHERE ${sql} AND notEmpty(itl_ms_counts)
    GROUP BY model, provider ORDER BY arraySum(counts) DESC, model, provider LIMIT 500`,
    params,
  )
  return rows.map(({ model, provider, requests, counts }) => ({
    model,
    provider,
    requests,
    gaps: counts.reduce((sum, count) => sum + count, 0),
    p50_ms: gapQuantile(counts, 0.5),
    p95_ms: gapQuantile(counts, 0.95),
    p99_ms: gapQuantile(counts, 0.99),
  }))
}
