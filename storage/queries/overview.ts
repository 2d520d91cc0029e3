/** The large numbers of the first row: the range, the one before it, and a sparkline. Which table answered is `source`. */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { Source } from './series.ts'
import { bucketOf, selectOf, tierFor, tierWhere, wholeBuckets, type Measure, type Tier } from './tiers.ts'
import type { Filter } from './where.ts'

export interface Totals {
  requests: number
  errors: number
  p50_ms: number | null
  p95_ms: number | null
  ttft_p95_ms: number | null
  input_tokens: number | null
  output_tokens: number | null
  /** Of the requests with a known price. */
  cost_usd: number | null
  /** Requests whose cost is unknown: `cost_usd` is without them. */
  unpriced: number
}

const sparkMeasures = ['requests', 'errors', 'p95_ms', 'output_tokens', 'cost_usd', 'unpriced'] as const
export type SparkPoint = { at: number } & Pick<Totals, (typeof sparkMeasures)[number]>

export interface Overview {
  /** As answered: rollups begin at a whole hour or day. */
  from: number
  to: number
  source: Source
  current: Totals
  previous: Totals
  /** The first request of the period before, epoch ms; null when it has none. Late in it, there is little to compare with. */
  previous_first_ms: number | null
  spark: { step_ms: number; points: SparkPoint[] }
}

const nothing: Totals = {
  requests: 0,
  errors: 0,
  p50_ms: null,
  p95_ms: null,
  ttft_p95_ms: null,
  input_tokens: null,
  output_tokens: null,
  cost_usd: null,
  unpriced: 0,
}
const measures = Object.keys(nothing) as (keyof Totals & Measure)[]

/** Totals of `range` and of the equally long range before it. */
export async function overview(db: Db, filter: Filter, range: TimeRange): Promise<Overview> {
  const tier = tierFor(filter, range)
  const current = wholeBuckets(tier, range)
  const both = tierWhere(tier, filter, { from: current.from - (current.to - current.from), to: current.to })
  const periods = db.query<Totals & { is_current: boolean | number; first_ms: number }>(
    `select ${tier.at} >= {split_ms:Int64} as is_current, min(${tier.at}) as first_ms,
      ${selectOf(tier, measures)}
    from ${tier.table} as r where ${both.sql} group by is_current`,
    { ...both.params, split_ms: current.from },
  )
  const [rows, spark] = await Promise.all([periods, sparkline(db, tier, filter, current)])
  const currentRow = rows.find((row) => Boolean(row.is_current))
  const previousRow = rows.find((row) => !row.is_current)
  return {
    ...current,
    source: tier.source,
    current: totalsOf(currentRow),
    previous: totalsOf(previousRow),
    previous_first_ms: previousRow?.first_ms ?? null,
    spark,
  }
}

/** The measures alone, without what else the row says. */
function totalsOf(row: Totals | undefined): Totals {
  if (!row) return nothing
  const { requests, errors, p50_ms, p95_ms, ttft_p95_ms, input_tokens, output_tokens, cost_usd, unpriced } = row
  return { requests, errors, p50_ms, p95_ms, ttft_p95_ms, input_tokens, output_tokens, cost_usd, unpriced }
}

async function sparkline(db: Db, tier: Tier, filter: Filter, range: TimeRange): Promise<Overview['spark']> {
  const step_ms = Math.max(stepFor(range, 48), tier.step_ms)
  const { sql, params } = tierWhere(tier, filter, range)
  const points = await db.query<SparkPoint>(
    `select ${bucketOf(tier)} as at,
      ${selectOf(tier, sparkMeasures)}
    from ${tier.table} as r where ${sql} group by at order by at`,
    { ...params, step_ms },
  )
  return { step_ms, points }
}
