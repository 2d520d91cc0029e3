/**
 * Which groups of requests are unlike themselves? The window against windows of the same length around the same time of earlier days:
 * the median of these, and how far they lie from it (MAD). Rates are read from requests_1m, exact; percentiles from raw rows, as the
 * newest window always is.
 */
import type { TimeRange } from '../../records/time-range.ts'
import { rowLimit, type DimensionColumn, type Question } from './alert-scan.ts'
import { inRollups } from './request-pieces.ts'
import { isError, where, type Filter } from './where.ts'

/** Aggregates over one window, null where that says nothing. */
interface Measure {
  /** Over rows of `requests`. */
  raw: string
  /** Over rows of requests_1m; null where it can't say. */
  rollup: string | null
  /** Requests behind the value, over rows of `requests`. */
  requests: string
  /** Without requests it is 0 rather than unknown. */
  rate: boolean
}

const percentile = (column: string): Measure => ({
  raw: `quantileExactOrNull({quantile:Float64})(${column})`,
  rollup: null,
  requests: `count(${column})`,
  rate: false,
})
/** `known` says whether any request told what is summed up; an empty window is 0. */
const rate = (per: string, [raw, rawKnown]: [string, string], [rollup, rollupKnown]: [string, string]): Measure => ({
  raw: `if(${rawKnown} or count() = 0, toFloat64(${raw}) / ${per}, null)`,
  rollup: `if(${rollupKnown}, toFloat64(${rollup}) / ${per}, null)`,
  requests: 'count()',
  rate: true,
})

const failed = 'requests_error + requests_rate_limited + requests_timeout'
const tokensOf = 'ifNull(input_tokens, 0) + ifNull(output_tokens, 0)'

const measures = {
  requests: rate('{minutes:Float64}', ['count()', 'true'], ['sum(requests)', 'true']),
  error_ratio: {
    raw: `countIf(${isError}) / nullIf(count(), 0)`,
    rollup: `sum(${failed}) / sum(requests)`,
    requests: 'count()',
    rate: false,
  },
  latency: percentile('duration_ms'),
  ttft: percentile('ttft_ms'),
  tpot: percentile('tpot_ms'),
  spend: rate(
    '({minutes:Float64} / 60)',
    ['sum(ifNull(cost_usd, 0))', 'count(cost_usd) > 0'],
    ['sum(cost_usd)', 'sum(priced) > 0'],
  ),
  tokens: rate(
    '{minutes:Float64}',
    [`sum(${tokensOf})`, 'count(input_tokens) + count(output_tokens) > 0'],
    ['sum(input_tokens + output_tokens)', 'sum(input_tokens_unknown + output_tokens_unknown) < 2 * sum(requests)'],
  ),
} satisfies Record<string, Measure>
export type AnomalyMeasure = keyof typeof measures
export const anomalyMeasures = Object.keys(measures) as [AnomalyMeasure, ...AnomalyMeasure[]]

export interface AnomalyScan {
  measure: AnomalyMeasure
  quantile: number
  by: readonly DimensionColumn[]
  where: Filter
  now: number
  /** Whole minutes. */
  window_ms: number
  /** Earlier times to compare with, the oldest first: each begins at a whole minute and is a whole number of windows. */
  earlier: readonly TimeRange[]
  /** Fewer requests in a window: it says nothing. Of rates: fewer found, and fewer usual. */
  min_requests: number
  /** Fewer earlier windows that say something: no result. */
  min_samples: number
  direction: 'above' | 'below' | 'both'
  /** Half the width of the band in standard deviations, if windows were normally distributed. */
  deviations: number
  /** Nearer to what is expected than this is no anomaly: in the unit of the measure, and as a share. */
  min_deviation: number
  min_relative_deviation: number
  /** The most instances that the rule may have; 1,000 unless said. */
  limit?: number
}

/** The spread is taken for this share of the median at least: were windows all alike, every change would be an anomaly. */
const leastSpread = 0.05
/** MAD of a normal distribution in standard deviations. */
const madOfNormal = 0.6745

const outside = { above: 'value > high', below: 'value < low', both: '(value > high or value < low)' }

/** The rows are the instances: `by`, and what the window has as `value`, when that lies outside the band. */
export function alertAnomaly(scan: AnomalyScan): Question {
  const { by, now, earlier } = scan
  const measure: Measure = measures[scan.measure]
  const { value, requests, table, at } = historyOf(measure, [...by, ...Object.keys(scan.where)])
  const columns = by.map((column) => `${column}, `).join('')
  const grouped = by.length > 0 ? `group by ${by.join(', ')}` : ''
  const condition = where(scan.where, { from: earlier[0]?.from ?? now, to: now })
  const within = earlier.map((_, index) => between(`earlier_${index}`)).join(' or ')
  // Windows before a group's first one in sight say nothing of it; later ones without requests do, of rates.
  const empty = measure.rate ? 'arrayCount(known -> known >= first, {starts:Array(Int64)}) - count()' : '0'
  // A group without requests in the window has no row in `latest`: nulls.
  const enough = measure.rate ? 'greatest(usual, toFloat64(ifNull(latest.n, 0)))' : 'latest.n'
  const sql = `with history as (
  select ${columns}arrayLast(known -> known <= ${at}, {blocks:Array(Int64)}) as block,
    block + intDiv(${at} - block, {window_ms:Int64}) * {window_ms:Int64} as start,
    ${value} as told, ${requests} as n
  from ${table} where ${condition.sql} and (${within})
  group by ${columns}block, start having n > 0
), expected as (
  select ${columns}min(start) as first,
    groupArrayIf(toFloat64(assumeNotNull(told)), told is not null and n >= {least:UInt64}) as known_samples,
    arrayConcat(known_samples, arrayWithConstant(toUInt64(${empty}), 0.)) as samples,
    arrayReduce('quantileExactInclusive(0.5)', samples) as median,
    arrayReduce('quantileExactInclusive(0.5)', arrayMap(sample -> abs(sample - median), samples)) as mad,
    greatest(mad, ${leastSpread} * abs(median)) / ${madOfNormal} * {deviations:Float64} as spread,
    greatest(median - spread, 0) as low, median + spread as high, sum(n) / length(samples) as usual
  from history ${grouped} having length(samples) >= {min_samples:UInt64}
), latest as (
  select ${columns}toNullable(${measure.raw}) as found, toNullable(${measure.requests}) as n
  from requests where ${condition.sql} and ${between('window')} ${grouped}
)
select ${columns}${measure.rate ? 'if(latest.n is null, 0, found)' : 'found'} as value,
  map('expected', toString(median), 'low', toString(low), 'high', toString(high),
    'direction', if(value > median, 'above', 'below'), 'samples', toString(length(samples))) as details
from expected ${by.length > 0 ? `left join latest using (${by.join(', ')})` : 'cross join latest'}
where value is not null and ${enough} >= {min_requests:UInt64} and ${outside[scan.direction]}
  and abs(value - median) >= greatest({min_deviation:Float64}, {min_relative_deviation:Float64} * abs(median))
order by ${columns}value
limit {row_limit:UInt32}`
  return { sql, params: { ...condition.params, ...paramsOf(scan, measure) } }
}

function historyOf({ raw, rollup, requests }: Measure, columns: readonly string[]) {
  return rollup !== null && inRollups(columns)
    ? {
        table: 'requests_1m',
        value: rollup,
        requests: 'sum(requests)',
        at: 'toInt64(toUnixTimestamp(timestamp)) * 1000',
      }
    : { table: 'requests', value: raw, requests, at: 'toUnixTimestamp64Milli(timestamp)' }
}

const between = (name: string) => `(timestamp >= ${moment(`${name}_from`)} and timestamp < ${moment(`${name}_to`)})`
const moment = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`

function paramsOf(scan: AnomalyScan, { rate: isRate }: Measure): Record<string, unknown> {
  const { now, window_ms, earlier, min_requests } = scan
  const bounds = earlier.flatMap(({ from, to }, index) => [
    [`earlier_${index}_from`, from],
    [`earlier_${index}_to`, to],
  ])
  return {
    ...(Object.fromEntries(bounds) as Record<string, number>),
    row_limit: rowLimit(scan),
    window_from: now - window_ms,
    window_to: now,
    window_ms,
    blocks: earlier.map(({ from }) => from),
    starts: earlier.flatMap(({ from, to }) =>
      Array.from({ length: Math.round((to - from) / window_ms) }, (_, index) => from + index * window_ms),
    ),
    minutes: window_ms / 60_000,
    quantile: scan.quantile,
    least: isRate ? 0 : min_requests,
    min_requests,
    min_samples: scan.min_samples,
    deviations: scan.deviations,
    min_deviation: scan.min_deviation,
    min_relative_deviation: scan.min_relative_deviation,
  }
}
