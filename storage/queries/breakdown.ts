/**
 * The values of one dimension side by side: versions, variants, regions. From rollups where they keep it apart, within 0.02 %; from
 * raw rows of a day at most where they do not, exact.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { errorClass } from './error-classes.ts'
import { newestDay } from './newest-day.ts'
import { rangeBefore, type Compared } from './previous.ts'
import { inRollups } from './request-pieces.ts'
import { frameOf, linesOf, maxLines, type SeriesFrame } from './series.ts'
import { bucketOf, raw, rowsOf, type Tier, tiersLike, wholeBuckets } from './tiers.ts'
import { selectTraffic, type TrafficMeasure } from './traffic-measures.ts'
import { filteredColumns, isError, type Filter } from './where.ts'

/** How each dimension is written; versions of two prompts are two. */
const dimensions = {
  model_version: 'r.model_version',
  variant: 'r.variant',
  prompt_version: "if(r.prompt_name = '', r.prompt_version, concat(r.prompt_name, ' ', r.prompt_version))",
  region: 'r.region',
  provider: 'r.provider',
  endpoint: 'r.endpoint',
  model: 'r.model',
  environment: 'r.environment',
  service: 'r.service',
  team: 'r.team',
  feature: 'r.feature',
  operation: 'r.operation',
  instance: 'r.instance',
  status: 'r.status',
  finish_reason: 'r.finish_reason',
  error_type: `if(${isError}, ${errorClass}, '')`,
} as const
export type Dimension = keyof typeof dimensions
export const breakdownDimensions = Object.keys(dimensions) as [Dimension, ...Dimension[]]

const measures = [
  'requests',
  'errors',
  'p50_ms',
  'p95_ms',
  'ttft_p50_ms',
  'ttft_p95_ms',
  'tpot_p50_ms',
  'input_tokens',
  'output_tokens',
  'cost_usd',
  'unpriced',
  'duration_ms_count',
] as const satisfies TrafficMeasure[]
const overTime = ['requests', 'errors', 'p50_ms', 'p95_ms'] as const satisfies TrafficMeasure[]

type Counted = 'requests' | 'errors' | 'unpriced' | 'duration_ms_count'
/** Where a percentile lies with 95 % confidence; null of too few requests. */
export type Interval = [low: number, high: number] | null

export type BreakdownRow = { value: string } & Record<Counted, number> &
  Record<Exclude<(typeof measures)[number], Counted>, number | null> & {
    p50_interval: Interval
    p95_interval: Interval
  }
export type BreakdownLine = { value: string } & Record<(typeof overTime)[number], (number | null)[]>

export interface Breakdown extends SeriesFrame {
  by: Dimension
  /** Only the newest day of the range was read. */
  bounded: boolean
  /** The busiest, `maxLines` of them. */
  rows: BreakdownRow[]
  /** How many values there are in all. */
  all: number
  lines: BreakdownLine[]
}

/** With `compare` the lines of the same values in the period before; of its rows nothing is told. */
export async function breakdown(
  db: Db,
  by: Dimension,
  filter: Filter,
  range: TimeRange,
  compare = false,
): Promise<Compared<Breakdown>> {
  const { whole, quantiles, read, bounded, frame } = await tiersOf(db, by, filter, range)
  const rows = await totals(db, whole, by, filter, read)
  const [bounds, lines] = await Promise.all([
    intervals(db, whole, by, filter, read, rows),
    series(db, quantiles, by, filter, read, frame, rows),
  ])
  const current: Breakdown = {
    ...frame,
    by,
    bounded,
    all: rows[0]?.all ?? 0,
    rows: rows.map(({ all: _all, ...row }, index) => Object.assign(row, bounds[index])),
    lines,
  }
  if (!compare) return current
  const before = await tiersOf(db, by, filter, rangeBefore(frame), range)
  const earlier = await series(db, before.quantiles, by, filter, before.read, before.frame, rows)
  return { ...current, previous: { ...current, ...before.frame, rows: [], lines: earlier } }
}

/** From where `like` is read from. */
async function tiersOf(db: Db, by: Dimension, filter: Filter, range: TimeRange, like = range) {
  if (!inRollups([by, ...filteredColumns(filter)])) {
    const { rows, bounded } = newestDay(range)
    return { whole: raw, quantiles: raw, read: rows, bounded, frame: frameOf(range) }
  }
  const { whole, quantiles } = await tiersLike(db, filter, range, [by], like)
  const frame = frameOf(wholeBuckets(quantiles, range), quantiles.source, quantiles.step_ms)
  return { whole, quantiles, read: wholeBuckets(whole, range), bounded: false, frame }
}

type Total = Omit<BreakdownRow, 'p50_interval' | 'p95_interval'> & { all: number }

async function totals(db: Db, tier: Tier, by: Dimension, filter: Filter, range: TimeRange): Promise<Total[]> {
  const selected = selectTraffic(tier, measures)
  const { sql, params } = rowsOf(tier, filter, range, [dimensions[by], selected])
  return db.query<Total>(
    `select toString(${dimensions[by]}) as value, count() over () as all,
      ${selected}
    from ${sql} group by value order by requests desc, value limit {lines:UInt32}`,
    { ...params, lines: maxLines },
  )
}

const z = 1.96
const levels = [0.5, 0.95] as const

/**
 * Between which of `count` sorted values the percentile of the whole population lies with 95 % confidence, whatever its distribution:
 * how many of them fall below it is binomial. Places count from 1; null where the sample does not reach that far.
 */
export function orderStatistics(count: number, level: number): [low: number, high: number] | null {
  const [middle, spread] = [count * level, z * Math.sqrt(count * level * (1 - level))]
  const [low, high] = [Math.floor(middle - spread), Math.ceil(middle + spread) + 1]
  return low < 1 || high > count ? null : [low, high]
}

type Intervals = Pick<BreakdownRow, 'p50_interval' | 'p95_interval'>

/** One scan for all values: each has places of its own, which stand in the SQL as levels. */
async function intervals(
  db: Db,
  tier: Tier,
  by: Dimension,
  filter: Filter,
  range: TimeRange,
  rows: readonly Total[],
): Promise<Intervals[]> {
  const wanted = rows.map(({ duration_ms_count: count }) => {
    const places = levels.map((level) => orderStatistics(count, level))
    // The value at place k is that of every level from (k − 1) / count to k / count.
    return { places, asked: places.flatMap((pair) => pair ?? []).map((place) => (place - 0.5) / count) }
  })
  const columns = wanted.flatMap(({ asked }, index) =>
    asked.length === 0
      ? []
      : [`${quantilesIf(tier, asked, `toString(${dimensions[by]}) = {value_${index}:String}`)} as of_${index}`],
  )
  const { sql, params } = rowsOf(tier, filter, range, [dimensions[by], ...columns])
  const named = Object.fromEntries(rows.map(({ value }, index) => [`value_${index}`, value]))
  const [answer] =
    columns.length === 0
      ? []
      : await db.query<Record<string, number[]>>(`select ${columns.join(',\n      ')}\n    from ${sql}`, {
          ...params,
          ...named,
        })
  return wanted.map(({ places }, index) => {
    const found = [...(answer?.[`of_${index}`] ?? [])]
    const [p50 = null, p95 = null] = places.map((pair) => pair && (found.splice(0, 2) as [number, number]))
    return { p50_interval: p50, p95_interval: p95 }
  })
}

function quantilesIf(tier: Tier, asked: readonly number[], condition: string): string {
  return tier.source === 'raw'
    ? `quantilesExactIf(${asked.join(', ')})(assumeNotNull(r.duration_ms), r.duration_ms is not null and ${condition})`
    : `quantilesTDigestMergeIf(${asked.join(', ')})(r.duration_ms_quantiles, ${condition})`
}

async function series(
  db: Db,
  tier: Tier,
  by: Dimension,
  filter: Filter,
  range: TimeRange,
  frame: SeriesFrame,
  totalRows: readonly Total[],
): Promise<BreakdownLine[]> {
  const selected = selectTraffic(tier, overTime)
  const { sql, params } = rowsOf(tier, filter, range, [dimensions[by], selected])
  const rows = await db.query<{ at: number; value: string } & Record<(typeof overTime)[number], number | null>>(
    `select toString(${dimensions[by]}) as value, ${bucketOf(tier)} as at,
      ${selected}
    from ${sql} group by value, at having value in {values:Array(String)} order by value, at`,
    { ...params, step_ms: frame.step_ms, values: totalRows.map(({ value }) => value) },
  )
  const lines = linesOf(frame, rows, overTime, ({ value }) => ({ value }))
  const place = new Map(totalRows.map(({ value }, index) => [value, index]))
  return lines.toSorted((a, b) => (place.get(a.value) ?? 0) - (place.get(b.value) ?? 0))
}
