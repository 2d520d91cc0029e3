/** One row per model: the table under the charts. Raw rows up to 24 h, exact, unless they are many; rollups beyond. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { Source } from './series.ts'
import { rowsOf, selectOf, tiersFor, wholeBuckets, type Measure } from './tiers.ts'
import type { Filter } from './where.ts'

const measures = [
  'requests',
  'errors',
  'p50_ms',
  'p95_ms',
  'p99_ms',
  'ttft_p50_ms',
  'ttft_p95_ms',
  'tpot_p50_ms',
  'input_tokens',
  'output_tokens',
  'input_tokens_p50',
  'output_tokens_p50',
  'cost_usd',
  'unpriced',
] as const satisfies Measure[]

type Counted = 'requests' | 'errors' | 'unpriced'
export type ModelRow = { model: string; providers: string[] } & Record<Counted, number> &
  Record<Exclude<(typeof measures)[number], Counted>, number | null>

export interface Models extends TimeRange {
  source: Source
  models: ModelRow[]
}

/** The busiest `limit` models of the range. */
export async function models(db: Db, filter: Filter, range: TimeRange, limit = 200): Promise<Models> {
  const { whole: tier } = await tiersFor(db, filter, range, ['model', 'provider'])
  const whole = wholeBuckets(tier, range)
  const selected = selectOf(tier, measures)
  const { sql, params } = rowsOf(tier, filter, whole, ['r.model', 'r.provider', selected])
  const rows = await db.query<ModelRow>(
    `select r.model as model, arraySort(groupUniqArray(8)(r.provider)) as providers,
      ${selected}
    from ${sql} group by r.model order by requests desc, model limit {limit:UInt32}`,
    { ...params, limit },
  )
  return { ...whole, source: tier.source, models: rows }
}
