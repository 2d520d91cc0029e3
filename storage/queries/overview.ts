/** The large numbers of the first row: the range, the one before it, and a sparkline. Which table answered is `source`. */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { Source } from './series.ts'
import { bucketOf, rowsOf, selectOf, tiersFor, wholeBuckets, type Measure, type Tier } from './tiers.ts'
import type { Filter } from './where.ts'

export interface Totals {
  requests: number
  errors: number
  p50_ms: number | null
  p95_ms: number | null
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
  input_tokens: null,
  output_tokens: null,
  cost_usd: null,
  unpriced: 0,
}
const day = 86_400_000
const measures = Object.keys(nothing) as (keyof Totals & Measure)[]

/** Totals of `range` and of the equally long range before it. */
export async function overview(db: Db, filter: Filter, range: TimeRange): Promise<Overview> {
  const { whole: tier, quantiles } = await tiersFor(db, filter, range)
  const current = wholeBuckets(tier, range)
  const previous = { from: current.from - (current.to - current.from), to: current.from }
  // A week would say too little of when its requests began.
  const byDay = { ...tier, newest: false, rollups: tier.rollups.filter(({ step_ms }) => step_ms <= day) }
  const [now, before, spark] = await Promise.all([
    totals(db, tier, filter, current),
    totals(db, byDay, filter, previous),
    sparkline(db, quantiles, filter, current),
  ])
  return {
    ...current,
    source: tier.source,
    current: totalsOf(now),
    previous: totalsOf(before),
    previous_first_ms: before.requests === 0 ? null : before.first_ms,
    spark,
  }
}

type TotalsRow = Totals & { first_ms: number }

/** Always one row: of nothing too. */
async function totals(db: Db, tier: Tier, filter: Filter, range: TimeRange): Promise<TotalsRow> {
  const selected = selectOf(tier, measures)
  const { sql, params } = rowsOf(tier, filter, range, [selected])
  const [row] = await db.query<TotalsRow>(
    `select min(${tier.at}) as first_ms,
      ${selected}
    from ${sql}`,
    params,
  )
  return row ?? { ...nothing, first_ms: 0 }
}

/** The measures alone, without what else the row says. */
function totalsOf(row: Totals): Totals {
  const { requests, errors, p50_ms, p95_ms, input_tokens, output_tokens, cost_usd, unpriced } = row
  return { requests, errors, p50_ms, p95_ms, input_tokens, output_tokens, cost_usd, unpriced }
}

async function sparkline(db: Db, tier: Tier, filter: Filter, range: TimeRange): Promise<Overview['spark']> {
  const step_ms = Math.max(stepFor(range, 48), tier.step_ms)
  const selected = selectOf(tier, sparkMeasures)
  const { sql, params } = rowsOf(tier, filter, range, [selected])
  const points = await db.query<SparkPoint>(
    `select ${bucketOf(tier)} as at,
      ${selected}
    from ${sql} group by at order by at`,
    { ...params, step_ms },
  )
  return { step_ms, points }
}
