/** What a provider says was used against what was seen here, per day and model: raw `requests` and `provider_usage`, exact. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { isError } from './where.ts'

const measures = ['requests', 'input_tokens', 'cached_input_tokens', 'output_tokens', 'cost_usd'] as const
/** Null where that side does not say, such as tokens of a bill; 0 where it says that there was nothing. */
export type Reconciled = Record<(typeof measures)[number], number | null>

export interface ReconciledDay {
  /** UTC, as 2026-11-21. */
  day: string
  /** Empty for what the provider did not split by model, as some costs. */
  model: string
  theirs: Reconciled
  ours: Reconciled
  /** Theirs without ours: what was not seen here when above 0. Null when either side does not say. */
  gap: Reconciled
}

/**
 * Days of which usage or costs of the provider were imported. Of exports that count the same calls split in another way the
 * one imported last is taken, first per day by the width of its buckets, then per bucket by what it was split by.
 */
export async function reconcile(db: Db, provider: string, range: TimeRange): Promise<ReconciledDay[]> {
  const rows = await db.query<FlatRow>(sql, { provider, from_ms: Math.floor(range.from), to_ms: Math.ceil(range.to) })
  return rows.map((row) => {
    const theirs = side(row, 'their')
    const ours = side(row, 'our')
    const gap = perMeasure((measure) => {
      const [a, b] = [theirs[measure], ours[measure]]
      return a === null || b === null ? null : a - b
    })
    return { day: row.day, model: row.model, theirs, ours, gap }
  })
}

type FlatRow = { day: string; model: string } & Record<`${'their' | 'our'}_${keyof Reconciled}`, number | null>

function side(row: FlatRow, whose: 'their' | 'our'): Reconciled {
  return perMeasure((measure) => row[`${whose}_${measure}`])
}

function perMeasure(of: (measure: keyof Reconciled) => number | null): Reconciled {
  return Object.fromEntries(measures.map((measure) => [measure, of(measure)])) as Reconciled
}

const bounds = (column: string) => `${column} >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      and ${column} < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`

/** Calls that failed are not billed, nor are answers that a gateway had already. */
const billed = `not (${isError}) and not cache_hit`

const sql = `with
  usage as (
    select *, toDate(bucket_start) as day, bucket_end - bucket_start as width from provider_usage
    where provider = {provider:String} and ${bounds('bucket_start')}
  ),
  widths as (select day, kind, argMax(width, version) as width from usage group by day, kind),
  splits as (
    select kind, bucket_start, bucket_end, argMax(grouped_by, version) as grouped_by from usage
    where (day, kind, width) in (select day, kind, width from widths)
    group by kind, bucket_start, bucket_end
  ),
  theirs as (
    select day, model,
      sum(num_model_requests) as requests, sum(input_tokens) as input_tokens,
      sum(input_cached_tokens) as cached_input_tokens, sum(output_tokens) as output_tokens,
      sum(amount_usd) as cost_usd
    from usage
    where (kind, bucket_start, bucket_end, grouped_by) in (select kind, bucket_start, bucket_end, grouped_by from splits)
    group by day, model
  ),
  ours as (
    select toDate(timestamp) as day, model,
      count() as requests, sum(input_tokens) as input_tokens, sum(cached_input_tokens) as cached_input_tokens,
      sum(output_tokens) as output_tokens, sum(cost_usd) as cost_usd
    from requests
    where provider = {provider:String} and ${bounds('timestamp')} and ${billed}
    group by day, model
  ),
  covered as (
    select day, max(kind != 'costs') as counted, max(kind = 'costs') as charged from usage group by day
  )
select toString(day) as day, model, ${measures
  .map((name) => {
    const covered = name === 'cost_usd' ? 'charged' : 'counted'
    return `if(max(${covered}), toFloat64(coalesce(sumIf(${name}, side = 'theirs'), 0)), null) as their_${name},
    toFloat64(if(countIf(side = 'ours') = 0, 0, sumIf(${name}, side = 'ours'))) as our_${name}`
  })
  .join(',\n    ')}
from (
  select 'theirs' as side, day, model, ${measures.map((name) => `toFloat64(${name}) as ${name}`).join(', ')} from theirs
  union all
  select 'ours' as side, day, model, ${measures.map((name) => `toFloat64(${name}) as ${name}`).join(', ')} from ours
) as sides
inner join covered using (day)
group by day, model
order by day, model`
