/**
 * Requests in flight. From raw rows it is exact: the time that calls overlap each bucket. From rollups it is Little's law, arrivals
 * times mean duration, which is as exact as buckets are long against a call; how many there were at once at most, they can't say.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { bucketSecondsOf, frameOf, linesOf, type SeriesFrame } from './series.ts'
import { bucketOf, rowsOf, type Tier, tiersFor, wholeBuckets } from './tiers.ts'
import { selectTraffic } from './traffic-measures.ts'
import { where, type Filter } from './where.ts'

export interface Concurrency extends SeriesFrame {
  method: 'overlap' | 'little'
  /** Over the time of the bucket that lies in the range. */
  mean: (number | null)[]
  /** The most at once; null where the method can't say. */
  peak: (number | null)[]
}

/** A call that began earlier than this before the range is not seen to be in flight. */
const longestCallMs = 3_600_000

/** Calls whose duration nobody told are not in it. */
export async function concurrency(db: Db, filter: Filter, range: TimeRange): Promise<Concurrency> {
  const { sums: tier } = await tiersFor(db, filter, range, [])
  return tier.source === 'raw' ? overlapping(db, filter, range) : littlesLaw(db, tier, filter, range)
}

const times = `select toFloat64(toUnixTimestamp64Micro(r.timestamp)) / 1000 as start, start + r.duration_ms as stop
      from requests as r`

async function overlapping(db: Db, filter: Filter, range: TimeRange): Promise<Concurrency> {
  const frame = frameOf(range)
  const { sql, params } = where(filter, { from: range.from - longestCallMs, to: range.to })
  const bounds = { ...params, first_ms: Math.floor(range.from), end_ms: Math.ceil(range.to), step_ms: frame.step_ms }
  // Each bucket begins with an event that changes nothing, so that it has the level it began with; ends come before starts.
  const rows = await db.query<{ at: number; mean: number; peak: number }>(
    `with calls as (
      ${times} where ${sql} and r.duration_ms is not null
        and stop > {first_ms:Float64}
    ),
    events as (
      select greatest(start, {first_ms:Float64}) as moment, 1 as change from calls
      union all select stop as moment, -1 as change from calls where stop < {end_ms:Float64}
      union all select greatest(toFloat64(arrayJoin({buckets:Array(Int64)})), {first_ms:Float64}) as moment, 0 as change
    ),
    levels as (
      select moment, sum(change) over (order by moment, change rows between unbounded preceding and current row) as level,
        leadInFrame(moment, 1, {end_ms:Float64}) over (order by moment, change rows between unbounded preceding and unbounded following) as next
      from events
    )
    select intDiv(toInt64(floor(moment)), {step_ms:Int64}) * {step_ms:Int64} as at,
      sum(level * (next - moment)) / sum(next - moment) as mean, max(level) as peak
    from levels group by at order by at`,
    { ...bounds, buckets: frame.times },
  )
  const levels = new Map(rows.map((row) => [row.at, row]))
  const busy = frame.times.map((at) => (levels.get(at)?.peak ?? 0) > 0)
  // Between the first and the last call nothing in flight is 0; before and after, nobody knows.
  const [first, last] = [busy.indexOf(true), busy.lastIndexOf(true)]
  const of = (measure: 'mean' | 'peak') =>
    frame.times.map((at, index) =>
      first === -1 || index < first || index > last ? null : (levels.get(at)?.[measure] ?? null),
    )
  return { ...frame, method: 'overlap', mean: of('mean'), peak: of('peak') }
}

async function littlesLaw(db: Db, tier: Tier, filter: Filter, range: TimeRange): Promise<Concurrency> {
  const whole = wholeBuckets(tier, range)
  const frame = frameOf(whole, tier.source, tier.step_ms)
  const selected = selectTraffic(tier, ['duration_ms_sum'])
  const { sql, params } = rowsOf(tier, filter, whole, [selected])
  const rows = await db.query<{ at: number; duration_ms_sum: number }>(
    `select ${bucketOf(tier)} as at, ${selected}
    from ${sql} group by at order by at`,
    { ...params, step_ms: frame.step_ms },
  )
  const [line] = linesOf(frame, rows, ['duration_ms_sum'], () => ({}))
  const seconds = bucketSecondsOf(frame)
  const mean = frame.times.map((_, index) => {
    const sum = line?.duration_ms_sum[index] ?? null
    return sum === null ? null : sum / 1000 / (seconds[index] ?? 1)
  })
  return { ...frame, method: 'little', mean, peak: frame.times.map(() => null) }
}
