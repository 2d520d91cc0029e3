/**
 * Where questions about requests are read from: raw rows up to 24 h (exact), rollups beyond. A tier names the SQL of each
 * measure, so that a question is one text for all of them.
 */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import { frameOf, maxLines, maxPoints, type Line, type SeriesFrame, type Source } from './series.ts'
import { isError, where, type Condition, type Filter } from './where.ts'

export type Measure =
  | 'requests'
  | 'errors'
  | 'input_tokens'
  | 'output_tokens'
  | 'cost_usd'
  | 'unpriced'
  | 'p50_ms'
  | 'p95_ms'
  | 'p99_ms'
  | 'ttft_p50_ms'
  | 'ttft_p95_ms'
  | 'tpot_p50_ms'
  | 'input_tokens_p50'
  | 'output_tokens_p50'

export interface Tier {
  source: Source
  table: string
  /** Width of its buckets in ms: ranges are widened to whole ones, and a step is never finer. */
  step_ms: number
  /** A row's time in epoch ms. */
  at: string
  measures: Record<Measure, string>
}

const hour = 3_600_000
const day = 24 * hour

/** Exact: the element floor(level × n) of the sorted values. Of no values it would be 0. */
const exact = (column: string, level: 1 | 2 | 3) =>
  `if(count(r.${column}) = 0, null, quantilesExact(0.5, 0.95, 0.99)(r.${column})[${level}])`
/** Within 0.02 % of exact. */
const digest = (column: string, level: 1 | 2 | 3) =>
  `if(${knownRows(column)} = 0, null, quantilesTDigestMerge(0.5, 0.95, 0.99)(r.${column}_quantiles)[${level}])`

/** Rollups count the rows whose time is known, and those whose tokens are not. */
const knownRows = (column: string) =>
  column.endsWith('_tokens') ? `sum(r.requests) - sum(r.${column}_unknown)` : `sum(r.${column}_count)`

const quantiles = (quantile: typeof exact) => ({
  p50_ms: quantile('duration_ms', 1),
  p95_ms: quantile('duration_ms', 2),
  p99_ms: quantile('duration_ms', 3),
  ttft_p50_ms: quantile('ttft_ms', 1),
  ttft_p95_ms: quantile('ttft_ms', 2),
  tpot_p50_ms: quantile('tpot_ms', 1),
  input_tokens_p50: quantile('input_tokens', 1),
  output_tokens_p50: quantile('output_tokens', 1),
})

const raw: Tier = {
  source: 'raw',
  table: 'requests',
  step_ms: 1000,
  at: 'toUnixTimestamp64Milli(r.timestamp)',
  measures: {
    requests: 'count()',
    errors: `countIf(${isError})`,
    input_tokens: 'sum(r.input_tokens)',
    output_tokens: 'sum(r.output_tokens)',
    cost_usd: 'toFloat64(sum(r.cost_usd))',
    unpriced: 'countIf(r.cost_usd is null)',
    ...quantiles(exact),
  },
}

/** A sum in a rollup is 0 when nobody told: the count of those who did not says so. */
const told = (column: string) => `if(sum(r.${column}_unknown) = sum(r.requests), null, sum(r.${column}))`

const rollup = (source: 'requests_1h' | 'requests_1d', step_ms: number): Tier => ({
  source,
  table: source,
  step_ms,
  at: 'toInt64(toUnixTimestamp(r.timestamp)) * 1000',
  measures: {
    requests: 'sum(r.requests)',
    errors: 'sum(r.requests_error + r.requests_rate_limited + r.requests_timeout)',
    input_tokens: told('input_tokens'),
    output_tokens: told('output_tokens'),
    cost_usd: 'if(sum(r.priced) = 0, null, toFloat64(sum(r.cost_usd)))',
    unpriced: 'sum(r.unpriced)',
    ...quantiles(digest),
  },
})

const hourly = rollup('requests_1h', hour)
const daily = rollup('requests_1d', day)

/** Filter columns that rollups keep apart; the others are answered from raw rows, however long that takes. */
const rolledUp: ReadonlySet<string> = new Set(
  'environment service provider endpoint region model operation team feature'.split(' '),
)

/** The tier that a range is read from. */
export function tierFor(filter: Filter, range: TimeRange): Tier {
  if (range.to - range.from <= day || !Object.keys(filter).every((column) => rolledUp.has(column))) return raw
  return stepFor(range, maxPoints) < day ? hourly : daily
}

/** The range, from the start of the tier's bucket on. Up to 24 h that is the range itself. */
export function wholeBuckets(tier: Tier, range: TimeRange): TimeRange {
  return tier === raw ? range : { from: Math.floor(range.from / tier.step_ms) * tier.step_ms, to: range.to }
}

/** `where` for a tier: a key that vanished from its bucket left a row of zeros. */
export function tierWhere(tier: Tier, filter: Filter, range: TimeRange): Condition {
  const { sql, params } = where(filter, range)
  return { sql: tier === raw ? sql : `${sql} and r.requests > 0`, params }
}

/** Start of the row's bucket of `{step_ms}`, epoch ms. */
export const bucketOf = (tier: Tier) => `intDiv(${tier.at}, {step_ms:Int64}) * {step_ms:Int64}`

export const selectOf = (tier: Tier, measures: readonly Measure[]) =>
  measures.map((measure) => `${tier.measures[measure]} as ${measure}`).join(',\n      ')

export interface PerModelQuestion {
  sql: string
  params: Record<string, unknown>
  frame: SeriesFrame
}

/**
 * `measures` per model and bucket. The models beyond `maxLines` are one line, "other", ranked by `rank`. Rows are those of the
 * range itself, so that sums agree with the totals beside the chart: the first and the last bucket may be cut.
 */
export function perModel(
  filter: Filter,
  range: TimeRange,
  measures: readonly Measure[],
  rank: Measure = 'requests',
): PerModelQuestion {
  const tier = tierFor(filter, range)
  const whole = wholeBuckets(tier, range)
  const frame = frameOf(whole, tier.source, tier.step_ms)
  const condition = tierWhere(tier, filter, whole)
  const sql = `with busiest as (
      select model from ${tier.table} as r where ${condition.sql}
      group by model order by ${tier.measures[rank]} desc, model limit {lines:UInt32}
    )
    select r.model in busiest as named, if(named, r.model, '') as line, not named as other, ${bucketOf(tier)} as at,
      ${selectOf(tier, measures)}
    from ${tier.table} as r where ${condition.sql}
    group by named, line, at order by other, line, at`
  return { sql, frame, params: { ...condition.params, step_ms: frame.step_ms, lines: maxLines - 1 } }
}

/** A row of the answer to `perModel`. */
export type PerModelRow<M extends Measure> = { at: number; line: string; other: boolean | number } & Record<
  M,
  number | null
>

export function identityOf({ line, other }: { line: string; other: boolean | number }): Line {
  return { model: line, other: Boolean(other) }
}
