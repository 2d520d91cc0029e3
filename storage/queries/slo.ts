/**
 * How many requests count towards an objective, and how many of them are bad? Availability comes from rollups and the newest raw rows,
 * and equals a count of raw rows; the other indicators compare each request with its limits, which no rollup can, and read raw rows.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { rowLimit, type DimensionColumn, type Question } from './alert-scan.ts'
import { cutAt, piecesOf, rowsOfPieces, type PieceMeasure } from './request-pieces.ts'
import { isError, type Condition, type Filter } from './where.ts'

export const sloIndicators = ['availability', 'latency', 'ttft', 'goodput'] as const
export type SloIndicator = (typeof sloIndicators)[number]

/** What a request may take, in ms. Latency and TTFT have one of these, goodput one or more. */
export interface SloLimits {
  max_latency?: number | undefined
  max_ttft?: number | undefined
  max_tpot?: number | undefined
}

export interface SloQuestion {
  indicator: SloIndicator
  limits: SloLimits
  by: readonly DimensionColumn[]
  where: Filter
}

const failed = 'requests_error + requests_rate_limited + requests_timeout'

/** A call that was cancelled sooner than a limit says nothing about it; one that waited longer missed it. */
const reached = (column: string) => `coalesce(${column}, if(status = 'cancelled', duration_ms, null))`

/** Each with what says whether a request kept to it; null when that is unknown, of which it is no use to ask. */
const kept = {
  max_latency: `if(status = 'cancelled' and duration_ms <= {max_latency:Float64}, null, duration_ms <= {max_latency:Float64})`,
  max_ttft: `if(status = 'cancelled' and ttft_ms is null and duration_ms <= {max_ttft:Float64}, null, ${reached('ttft_ms')} <= {max_ttft:Float64})`,
  max_tpot: 'tpot_ms <= {max_tpot:Float64}',
} as const

/** A request is bad when it failed or exceeded a limit, and counts when that or the opposite is known. */
function measuresOf({ indicator, limits }: SloQuestion): Record<'valid' | 'bad', PieceMeasure> {
  const rolled = { valid: 'requests', bad: failed }
  if (indicator === 'availability')
    return {
      valid: { raw: 'toUInt64(1)', rollup: rolled.valid },
      bad: { raw: `toUInt64(${isError})`, rollup: rolled.bad },
    }
  const tests = (Object.keys(kept) as (keyof typeof kept)[]).filter((name) => limits[name] !== undefined)
  const met = tests.map((name) => `ifNull(${kept[name]}, 1)`).join(' and ')
  const known = tests.map((name) => `(${kept[name]}) is not null`).join(' or ')
  return {
    valid: { raw: `toUInt64(${isError} or ${known})`, rollup: rolled.valid },
    bad: { raw: `toUInt64(${isError} or not (${met}))`, rollup: rolled.bad },
  }
}

function rowsOf(slo: SloQuestion, cuts: readonly number[], now: number): Condition {
  const pieces =
    slo.indicator === 'availability'
      ? piecesOf(cuts, now)
      : [{ table: 'requests' as const, from: Math.min(...cuts), to: now }]
  const rows = rowsOfPieces(pieces, slo.by, slo.where, measuresOf(slo))
  const limits = Object.entries(slo.limits).filter(([, limit]) => limit !== undefined)
  return { sql: rows.sql, params: { ...rows.params, ...Object.fromEntries(limits) } }
}

/** A pair of windows: the long one says that it matters, the short one that it goes on. */
export interface BurnWindow {
  severity: 'page' | 'ticket'
  long_ms: number
  short_ms: number
  /** As people write them: `1h`, `5m`. */
  long_window: string
  short_window: string
  /** How many times faster than allowed the budget is spent. */
  threshold: number
}

/** With the columns `by`. */
type Grouped<Row> = Row & Record<string, unknown>

/** Numbers of one group and pair; a burn is null in a window where nothing counts. */
export interface BurnRow {
  long_ms: number
  long_valid: number
  long_bad: number
  long_burn: number | null
  short_valid: number
  short_bad: number
  short_burn: number | null
}

/** One row per group and pair of windows: `by`, what `BurnRow` says, and `pair`, counted from 1. */
function burns(slo: SloQuestion, objective: number, windows: readonly BurnWindow[], now: number): Question {
  const lengths = [...new Set(windows.flatMap(({ long_ms, short_ms }) => [long_ms, short_ms]))]
  const starts = new Map(lengths.map((length) => [length, cutAt(now - length, now)]))
  const rows = rowsOf(slo, [...starts.values()], now)
  const sums = lengths.map(
    (length) =>
      `sumIf(m_valid, at >= {start_${length}:Int64}) as valid_${length}, sumIf(m_bad, at >= {start_${length}:Int64}) as bad_${length}`,
  )
  const pairs = windows.map(
    ({ long_ms, short_ms }, index) =>
      `(${index + 1}, ${long_ms}, valid_${long_ms}, bad_${long_ms}, valid_${short_ms}, bad_${short_ms})`,
  )
  const columns = slo.by.map((column) => `${column}, `).join('')
  const burn = (name: string) => `${name}_bad / nullIf(${name}_valid, 0) / {allowed:Float64}`
  return {
    sql: `select ${columns}pairs.1 as pair, pairs.2 as long_ms,
    pairs.3 as long_valid, pairs.4 as long_bad, ${burn('long')} as long_burn,
    pairs.5 as short_valid, pairs.6 as short_bad, ${burn('short')} as short_burn
  from (select ${[...slo.by, ...sums].join(', ')} from (${rows.sql})${slo.by.length > 0 ? ` group by ${slo.by.join(', ')}` : ''})
  array join [${pairs.join(', ')}] as pairs`,
    params: {
      ...rows.params,
      ...Object.fromEntries([...starts].map(([length, start]) => [`start_${length}`, start])),
      allowed: 1 - objective,
    },
  }
}

export interface BurnGuard {
  /** Fewer requests in the long window: no result. */
  min_requests: number
  /** Fewer bad ones in it: no result. */
  min_bad: number
}

export interface BurnScan extends BurnGuard {
  /** The most instances that the rule may have; 1,000 unless said. */
  limit?: number
}

/**
 * Rows are instances, as of any rule: `by`, `severity`, `long_window` and `short_window`; the burn of the long window as `value`, when
 * both are above the pair's threshold.
 */
export function alertBurn(
  slo: SloQuestion,
  objective: number,
  windows: readonly BurnWindow[],
  { min_requests, min_bad, limit }: BurnScan,
  now: number,
): Question {
  const question = burns(slo, objective, windows, now)
  const columns = slo.by.map((column) => `${column}, `).join('')
  const chosen = (name: string, type: string) => `{${name}:Array(${type})}[pair]`
  return {
    sql: `select ${columns}${chosen('severities', 'String')} as severity,
  ${chosen('long_windows', 'String')} as long_window, ${chosen('short_windows', 'String')} as short_window,
  long_burn as value,
  map('requests', toString(long_valid), 'bad', toString(long_bad), 'short_burn', toString(short_burn),
    'burn_threshold', toString(${chosen('burn_thresholds', 'Float64')})) as details
from (
  ${question.sql}
)
where long_burn > ${chosen('burn_thresholds', 'Float64')} and short_burn > ${chosen('burn_thresholds', 'Float64')}
  and long_valid >= {min_requests:UInt64} and long_bad >= {min_bad:UInt64}
order by ${columns}pair
limit {row_limit:UInt32}`,
    params: {
      ...question.params,
      min_requests,
      min_bad,
      row_limit: rowLimit({ limit }),
      severities: windows.map(({ severity }) => severity),
      long_windows: windows.map(({ long_window }) => long_window),
      short_windows: windows.map(({ short_window }) => short_window),
      burn_thresholds: windows.map(({ threshold }) => threshold),
    },
  }
}

/** Every pair of windows of every group as it is, those that are quiet too. */
export async function burnRows(
  db: Db,
  slo: SloQuestion,
  objective: number,
  windows: readonly BurnWindow[],
  now: number,
): Promise<Grouped<BurnRow>[]> {
  const { sql, params } = burns(slo, objective, windows, now)
  return db.query<Grouped<BurnRow>>(`${sql}\norder by ${[...slo.by, 'pair'].join(', ')}`, params)
}

/** One bucket of a group; nothing came in those that are missing. */
export interface CourseRow {
  /** Start of the bucket, epoch ms. */
  bucket: number
  valid: number
  bad: number
}

/** What counted and what was bad, in buckets that begin at multiples of `step_ms`, whole hours; the first at the start of the range. */
export async function sloCourse(
  db: Db,
  slo: SloQuestion,
  range: TimeRange,
  step_ms: number,
): Promise<Grouped<CourseRow>[]> {
  const start = cutAt(range.from, range.to)
  const cuts = [start]
  for (let at = (Math.floor(start / step_ms) + 1) * step_ms; at < range.to; at += step_ms)
    cuts.push(cutAt(at, range.to))
  const rows = rowsOf(slo, cuts, range.to)
  const columns = slo.by.map((column) => `${column}, `).join('')
  return db.query<Grouped<CourseRow>>(
    `select ${columns}greatest(intDiv(at, {step_ms:Int64}) * {step_ms:Int64}, {start:Int64}) as bucket,
  toFloat64(sum(m_valid)) as valid, toFloat64(sum(m_bad)) as bad
from (${rows.sql})
group by ${columns}bucket having valid > 0 order by ${columns}bucket`,
    { ...rows.params, start, step_ms },
  )
}
