/**
 * Where questions about requests are read from: raw rows up to 24 h (exact) unless they are too many, rollups beyond. A tier names
 * the SQL of each measure, so that a question is one text for all of them.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { rollupSpecs } from '../rollup-specs.ts'
import { rangeFacts } from './range-facts.ts'
import { wholeSteps } from './request-pieces.ts'
import { frameOf, maxLines, type Line, type SeriesFrame, type Source } from './series.ts'
import { filteredColumns, isError, where, type Condition, type Filter } from './where.ts'

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
  /** Coarsest first; none: raw rows. */
  rollups: readonly Rollup[]
  /** Ranges begin at a whole one of these, in ms. */
  grain_ms: number
  /** A step of a series is never finer, in ms. */
  step_ms: number
  /** Whether no row is newer than the range: the bucket of a week or a day that it ends in then needs no finer ones. */
  newest: boolean
  /** A row's time in epoch ms. */
  at: string
  measures: Record<Measure, string>
}

interface Rollup {
  table: string
  /** Width of a bucket in ms. */
  step_ms: number
}

const hour = 3_600_000
const day = 24 * hour
const week = 7 * day

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
  rollups: [],
  grain_ms: 1,
  step_ms: 1000,
  newest: false,
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

/** Rollups with the same measures, those with the fewest rows first. */
const prefixes = ['totals', 'models', 'requests'] as const
type Prefix = (typeof prefixes)[number]

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

/** What is read over a range at once: the wider the buckets, the fewer states there are to merge. */
const widths: Record<Prefix, readonly Rollup[]> = {
  totals: [
    { table: 'totals_1d', step_ms: day },
    { table: 'totals_1h', step_ms: hour },
  ],
  models: [
    { table: 'models_1w', step_ms: week },
    { table: 'models_1d', step_ms: day },
    { table: 'models_6h', step_ms: 6 * hour },
    { table: 'models_1h', step_ms: hour },
  ],
  requests: [
    { table: 'requests_1d', step_ms: day },
    { table: 'requests_1h', step_ms: hour },
  ],
}

type Rest = Pick<Tier, 'grain_ms' | 'newest'>

/** `widest`: none that is wider is read. The edges of a range are read from narrower ones: the answer is exact to the hour. */
const tierOf = (prefix: Prefix, source: Source, step_ms: number, widest: number, rest: Rest): Tier => ({
  ...rollup,
  ...rest,
  source,
  rollups: widths[prefix].filter((known) => known.step_ms <= widest),
  step_ms,
})

const dimensionsOf = (prefix: Prefix): ReadonlySet<string> =>
  new Set(rollupSpecs.find((known) => known.prefix === prefix)?.dimensions)

/** Columns that rollups keep apart; questions by others are answered from raw rows, however long that takes. */
const keptApart = { totals: dimensionsOf('totals'), models: dimensionsOf('models'), requests: dimensionsOf('requests') }

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

/**
 * The tiers that a range is read from, for a question by the columns `by`. They begin at the same time: series add up to the totals
 * beside them.
 */
export async function tiersFor(
  db: Db,
  filter: Filter,
  range: TimeRange,
  by: readonly string[] = [],
): Promise<Record<Shape, Tier>> {
  const span = range.to - range.from
  const columns = [...filteredColumns(filter), ...by]
  const has = (prefix: Prefix) => columns.every((column) => keptApart[prefix].has(column))
  if (span < leastRolledUp || !has('requests')) return allRaw
  const { requests, filled, newest } = await rangeFacts(db, range)
  if (requests !== null && requests <= mostRawRequests) return allRaw
  const prefix = prefixes.find((known) => has(known) && filled.includes(`${known}_1h`)) ?? 'requests'
  const rest = { grain_ms: span < daysOnly ? hour : day, newest }
  const whole = tierOf(prefix, span < day ? `${prefix}_1h` : `${prefix}_1d`, hour, span < day ? hour : week, rest)
  const series = (leastForDays: number) =>
    span < leastForDays
      ? tierOf(prefix, `${prefix}_1h`, hour, hour, rest)
      : tierOf(prefix, `${prefix}_1d`, day, day, rest)
  return { whole, sums: series(sumsByDay), quantiles: series(daysOnly) }
}

const allRaw = { whole: raw, sums: raw, quantiles: raw }

/** The range, from the start of the tier's hour or day on; of raw rows it is the range itself. */
export function wholeBuckets({ grain_ms }: Tier, { from, to }: TimeRange): TimeRange {
  return { from: Math.floor(from / grain_ms) * grain_ms, to }
}

/**
 * What stands after FROM: the rows of the range that match, named r, and the conditions. `columns` is SQL that names the columns
 * to read, as r.<column>. A key that vanished from its bucket of a rollup left a row of zeros.
 */
export function rowsOf(tier: Tier, filter: Filter, range: TimeRange, columns: readonly string[]): Condition {
  const finest = tier.rollups.at(-1)
  if (!finest) {
    const { sql, params } = where(filter, range)
    return { sql: `requests as r where ${sql}`, params }
  }
  const end = tier.newest ? (tier.rollups[0] ?? finest).step_ms : finest.step_ms
  const read = { from: range.from, to: Math.ceil(range.to / end) * end }
  const { sql, params } = where(filter, read)
  const names = new Set(
    [tier.at, ...columns].flatMap((text) => [...text.matchAll(/\br\.(\w+)/g)].map(([, name]) => name)),
  )
  const bounds: Record<string, number> = {}
  const selects = [...Map.groupBy(wholeSteps(read, tier.rollups), ({ table }) => table)].map(([table, pieces]) => {
    const within = pieces.map(({ from, to }, index) => {
      const [first, last] = [`${table}_${index}_from`, `${table}_${index}_to`]
      Object.assign(bounds, { [first]: from, [last]: to })
      return `(timestamp >= ${bound(first)} and timestamp < ${bound(last)})`
    })
    return `select ${[...names].map((name) => `r.${name} as ${name}`).join(', ')} from ${table} as r where ${sql} and (${within.join(' or ')}) and requests > 0`
  })
  return { sql: `(\n      ${selects.join('\n      union all\n      ')}\n    ) as r`, params: { ...params, ...bounds } }
}

const bound = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`

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
 * range itself, so that sums agree with the totals beside the chart: the first and the last bucket may be cut. It is read from where
 * `like` is read from: a range and the one before it have the same buckets.
 */
export async function perModel(
  db: Db,
  filter: Filter,
  range: TimeRange,
  measures: readonly Measure[],
  rank: Measure = 'requests',
  like: TimeRange = range,
): Promise<PerModelQuestion> {
  const shape = measures.some((measure) => /p\d\d/.test(measure)) ? 'quantiles' : 'sums'
  const known = (await tiersFor(db, filter, like, ['model']))[shape]
  const tier = { ...known, newest: known.newest && range.to >= like.to }
  const whole = wholeBuckets(tier, range)
  const frame = frameOf(whole, tier.source, tier.step_ms)
  const ranked = rowsOf(tier, filter, whole, ['r.model', tier.measures[rank]])
  const selected = selectOf(tier, measures)
  const read = rowsOf(tier, filter, whole, ['r.model', selected])
  const sql = `with busiest as (
      select r.model as model from ${ranked.sql}
      group by r.model order by ${tier.measures[rank]} desc, model limit {lines:UInt32}
    )
    select r.model in busiest as named, if(named, r.model, '') as line, not named as other, ${bucketOf(tier)} as at,
      ${selected}
    from ${read.sql}
    group by named, line, at order by other, line, at`
  return { sql, frame, params: { ...read.params, step_ms: frame.step_ms, lines: maxLines - 1 } }
}

/** A row of the answer to `perModel`. */
export type PerModelRow<M extends Measure> = { at: number; line: string; other: boolean | number } & Record<
  M,
  number | null
>

export function identityOf({ line, other }: { line: string; other: boolean | number }): Line {
  return { model: line, other: Boolean(other) }
}
