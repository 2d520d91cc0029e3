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
  const { whole: tier, sums, quantiles } = await tiersFor(db, filter, range)
  const current = wholeBuckets(tier, range)
  const previous = { from: current.from - (current.to - current.from), to: current.from }
  const [now, before, first_ms, spark] = await Promise.all([
    totals(db, tier, filter, current),
    totals(db, { ...tier, newest: false }, filter, previous),
    firstRequest(db, { ...sums, newest: false }, filter, previous),
    sparkline(db, quantiles, filter, current),
  ])
  return {
    ...current,
    source: tier.source,
    current: now,
    previous: before,
    previous_first_ms: first_ms,
    spark,
  }
}

/** Always one row: of nothing too. */
async function totals(db: Db, tier: Tier, filter: Filter, range: TimeRange): Promise<Totals> {
  const selected = selectOf(tier, measures)
  const { sql, params } = rowsOf(tier, filter, range, [selected])
  const [row] = await db.query<Totals>(`select ${selected} from ${sql}`, params)
  return row ?? nothing
}

async function firstRequest(db: Db, tier: Tier, filter: Filter, range: TimeRange): Promise<number | null> {
  const { sql, params } = rowsOf(tier, filter, range, [])
  const [row] = await db.query<{ first_ms: number; found: number }>(
    `select min(${tier.at}) as first_ms, count() as found from ${sql}`,
    params,
  )
  return row && row.found > 0 ? row.first_ms : null
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
