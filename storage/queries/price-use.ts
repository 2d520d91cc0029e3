/**
 * What was called, and how much of it has no known cost. Raw rows of `requests` up to 24 h, exact, unless they are many; rollups
 * beyond: counts are exact there too, tokens are those of buckets in which no request has a known cost.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { Source } from './series.ts'
import { rowsOf, tiersFor, wholeBuckets } from './tiers.ts'

export interface PriceUse {
  provider: string
  model: string
  requests: number
  /** Without a known cost. */
  unpriced: number
  /** Of those without; null when none of them tells. */
  unpriced_input_tokens: number | null
  unpriced_output_tokens: number | null
  /** There are more such tokens: they share buckets with requests whose cost is known. */
  more_tokens: boolean
  /** Dollars; null when no cost is known. */
  cost_usd: number | null
}

export interface PriceUses extends TimeRange {
  source: Source
  models: PriceUse[]
}

const raw = {
  unknown: 'countIf(r.cost_usd is null)',
  unpriced_input_tokens: 'sumIf(r.input_tokens, r.cost_usd is null)',
  unpriced_output_tokens: 'sumIf(r.output_tokens, r.cost_usd is null)',
  more_tokens: 'false',
}

const wholly = 'r.unpriced = r.requests'
const told = (column: string) =>
  `if(sumIf(r.${column}_unknown, ${wholly}) = sumIf(r.requests, ${wholly}), null, sumIf(r.${column}, ${wholly}))`
const rolledUp = {
  unknown: 'sum(r.unpriced)',
  unpriced_input_tokens: told('input_tokens'),
  unpriced_output_tokens: told('output_tokens'),
  more_tokens: 'countIf(r.unpriced > 0 and r.unpriced < r.requests) > 0',
}

/** Columns of the rows may not be called as what is made of them. */
type Row = Omit<PriceUse, 'requests' | 'unpriced' | 'cost_usd' | 'more_tokens'> & {
  more_tokens: number
  all_requests: number
  unknown: number
  known_usd: number | null
}

/** Those with the most requests of unknown cost first, then the busiest. */
export async function priceUse(db: Db, range: TimeRange, limit = 500): Promise<PriceUses> {
  const { whole: tier } = await tiersFor(db, {}, range, ['model', 'provider'])
  const whole = wholeBuckets(tier, range)
  const measures = tier.rollups.length === 0 ? raw : rolledUp
  const selected = Object.entries(measures)
    .map(([name, sql]) => `${sql} as ${name}`)
    .join(',\n      ')
  const { requests, cost_usd } = tier.measures
  const { sql, params } = rowsOf(tier, {}, whole, ['r.provider', 'r.model', selected, requests, cost_usd])
  const rows = await db.query<Row>(
    `select r.provider as provider, r.model as model, ${requests} as all_requests, ${cost_usd} as known_usd,
      ${selected}
    from ${sql} group by r.provider, r.model order by unknown desc, all_requests desc, provider, model limit {limit:UInt32}`,
    { ...params, limit },
  )
  const models = rows.map(({ all_requests, unknown, known_usd, more_tokens, ...row }): PriceUse =>
    Object.assign(row, {
      requests: all_requests,
      unpriced: unknown,
      cost_usd: known_usd,
      more_tokens: Boolean(more_tokens),
    }),
  )
  return { ...whole, source: tier.source, models }
}
