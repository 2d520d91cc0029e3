/**
 * Where questions about requests are read from: raw rows up to 24 h (exact) unless they are too many, rollups beyond. A tier names
 * the SQL of each measure, so that a question is one text for all of them.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { rollupSpecs } from '../rollup-specs.ts'
import { rangeFacts } from './range-facts.ts'
import { frameOf, maxLines, type Line, type SeriesFrame, type Source } from './series.ts'
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
  /** What stands after FROM, named r. */
  rows: string
  /** Ranges begin at a whole one of these, in ms. */
  grain_ms: number
  /** A step of a series is never finer, in ms. */
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

export const raw: Tier = {
  source: 'raw',
  rows: 'requests as r',
  grain_ms: 1,
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

/** Rollups of an hour, and those of a day made from them, have the same measures. */
type Prefix = 'requests' | 'models'

const rollup = {
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
}

const hourly = (prefix: Prefix): Omit<Tier, 'grain_ms'> => ({
  ...rollup,
  source: `${prefix}_1h`,
  rows: `${prefix}_1h as r`,
  step_ms: hour,
})

/**
 * Whole days from the rollup of a day, and the hours before and after them from that of an hour: exact to the hour, few states. The
 * days come in two halves, since a table this small is read by one thread, however large its states are.
 */
const daily = (prefix: Prefix): Omit<Tier, 'grain_ms'> => ({
  ...rollup,
  source: `${prefix}_1d`,
  rows: `(
      select ${columnsOf(prefix)} from ${prefix}_1d where timestamp >= ${days.from} and timestamp < ${days.middle}
      union all
      select ${columnsOf(prefix)} from ${prefix}_1d where timestamp >= ${days.middle} and timestamp < ${days.to}
      union all
      select ${columnsOf(prefix)} from ${prefix}_1h where timestamp >= ${hours.from} and timestamp < ${hours.to}
        and not (timestamp >= ${days.from} and timestamp < ${days.to})
    ) as r`,
  step_ms: day,
})

const bound = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`
const days = { from: bound('first_day_ms'), middle: bound('middle_day_ms'), to: bound('last_day_ms') }
const hours = { from: bound('from_ms'), to: bound('to_ms') }

function columnsOf(prefix: Prefix): string {
  const spec = rollupSpecs.find((known) => known.prefix === prefix)
  return ['timestamp', ...(spec?.dimensions ?? []), ...(spec?.measures ?? []).map(({ name }) => name)].join(', ')
}

/** Filter columns that rollups keep apart; the others are answered from raw rows, however long that takes. */
const rolledUp: Record<Prefix, ReadonlySet<string>> = {
  requests: new Set('environment service provider endpoint region model operation team feature'.split(' ')),
  models: new Set('environment provider endpoint model'.split(' ')),
}

/** Raw rows beyond these are too slow for a page: exact quantiles of several columns take 0.2 s a million on two cores. */
const mostRawRequests = 300_000
/** Of shorter ranges, a series by the hour would say too little. */
const leastRolledUp = 12 * hour
/**
 * From here on a series of quantiles goes by the day, and the range begins with one: a month of hours has 24 times the states to
 * merge, and those of the first hours would be as many as of the days.
 */
const daysOnly = 20 * day
/** From here on every series does. */
const sumsByDay = 100 * day

/** `whole`: over the range at once; `sums` and `quantiles`: over time, without or with quantiles. */
export type Shape = 'whole' | 'sums' | 'quantiles'

/** The tiers that a range is read from. They begin at the same time: series add up to the totals beside them. */
export async function tiersFor(db: Db, filter: Filter, range: TimeRange): Promise<Record<Shape, Tier>> {
  const span = range.to - range.from
  const columns = Object.keys(filter)
  if (span < leastRolledUp || !columns.every((column) => rolledUp.requests.has(column))) return allRaw
  const { requests, filled } = await rangeFacts(db, range, 'models_1h')
  if (requests !== null && requests <= mostRawRequests) return allRaw
  const prefix = filled && columns.every((column) => rolledUp.models.has(column)) ? 'models' : 'requests'
  const grain_ms = span < daysOnly ? hour : day
  const by = (leastForDays: number) => ({ ...(span < leastForDays ? hourly(prefix) : daily(prefix)), grain_ms })
  return { whole: by(day), sums: by(sumsByDay), quantiles: by(daysOnly) }
}

const allRaw = { whole: raw, sums: raw, quantiles: raw }

/** The range, from the start of the tier's hour or day on; of raw rows it is the range itself. */
export function wholeBuckets({ grain_ms }: Tier, { from, to }: TimeRange): TimeRange {
  return { from: Math.floor(from / grain_ms) * grain_ms, to }
}

/** `where` for a tier: a key that vanished from its bucket left a row of zeros. */
export function tierWhere(tier: Tier, filter: Filter, range: TimeRange): Condition {
  const { sql, params } = where(filter, range)
  if (tier === raw) return { sql, params }
  const first_day_ms = Math.ceil(range.from / day) * day
  const last_day_ms = Math.max(Math.floor(range.to / day) * day, first_day_ms)
  const middle_day_ms = Math.floor((first_day_ms + last_day_ms) / 2 / day) * day
  return { sql: `${sql} and r.requests > 0`, params: { ...params, first_day_ms, middle_day_ms, last_day_ms } }
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
export async function perModel(
  db: Db,
  filter: Filter,
  range: TimeRange,
  measures: readonly Measure[],
  rank: Measure = 'requests',
): Promise<PerModelQuestion> {
  const shape = measures.some((measure) => /p\d\d/.test(measure)) ? 'quantiles' : 'sums'
  const tier = (await tiersFor(db, filter, range))[shape]
  const whole = wholeBuckets(tier, range)
  const frame = frameOf(whole, tier.source, tier.step_ms)
  const condition = tierWhere(tier, filter, whole)
  const sql = `with busiest as (
      select model from ${tier.rows} where ${condition.sql}
      group by model order by ${tier.measures[rank]} desc, model limit {lines:UInt32}
    )
    select r.model in busiest as named, if(named, r.model, '') as line, not named as other, ${bucketOf(tier)} as at,
      ${selectOf(tier, measures)}
    from ${tier.rows} where ${condition.sql}
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
