/** All requests that a filter leaves, as one line over time: of one model, of one endpoint. Tables as for `tiers.ts`. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { frameOf, linesOf, type SeriesFrame } from './series.ts'
import { bucketOf, rowsOf, tiersFor, wholeBuckets } from './tiers.ts'
import { selectTraffic, type TrafficMeasure } from './traffic-measures.ts'
import type { Filter } from './where.ts'

const latency = [
  'requests',
  'p50_ms',
  'p95_ms',
  'p99_ms',
  'ttft_p50_ms',
  'ttft_p95_ms',
  'tpot_p50_ms',
  'tpot_p95_ms',
] as const satisfies TrafficMeasure[]

const volume = [
  'requests',
  'errors',
  'input_tokens',
  'cached_input_tokens',
  'output_tokens',
  'cost_usd',
  'cache_savings_usd',
  'unpriced',
  'cache_hits',
] as const satisfies TrafficMeasure[]

export interface OneLine<M extends string> extends SeriesFrame {
  /** A bucket without a request is null in all of them. */
  values: Record<M, (number | null)[]>
}
export type TrafficLatency = OneLine<(typeof latency)[number]>
export type TrafficVolume = OneLine<(typeof volume)[number]>

/** Exact where raw rows are read, within 0.02 % else. */
export function trafficLatency(db: Db, filter: Filter, range: TimeRange): Promise<TrafficLatency> {
  return oneLine(db, filter, range, 'quantiles', latency)
}

/** Exact sums per bucket; rates are the page's division by time. */
export function trafficVolume(db: Db, filter: Filter, range: TimeRange): Promise<TrafficVolume> {
  return oneLine(db, filter, range, 'sums', volume)
}

async function oneLine<M extends TrafficMeasure>(
  db: Db,
  filter: Filter,
  range: TimeRange,
  shape: 'sums' | 'quantiles',
  measures: readonly M[],
): Promise<OneLine<M>> {
  const tier = (await tiersFor(db, filter, range, []))[shape]
  const whole = wholeBuckets(tier, range)
  const frame = frameOf(whole, tier.source, tier.step_ms)
  const selected = selectTraffic(tier, measures)
  const { sql, params } = rowsOf(tier, filter, whole, [selected])
  const rows = await db.query<{ at: number } & Record<M, number | null>>(
    `select ${bucketOf(tier)} as at,
      ${selected}
    from ${sql} group by at order by at`,
    { ...params, step_ms: frame.step_ms },
  )
  const [line] = linesOf(frame, rows, measures, () => ({}))
  const nothing = measures.map((measure) => [measure, frame.times.map(() => null)])
  return { ...frame, values: line ?? (Object.fromEntries(nothing) as Record<M, (number | null)[]>) }
}
