/**
 * What today cost so far, beside the days before by the same time of day. Sums of rollups and of the newest raw rows, which equal those
 * of raw rows; of a filter on a column that rollups do not keep apart, raw rows of today and yesterday alone.
 */
import { sameTimeBefore, startOfDayBefore } from '../../records/calendar.ts'
import type { Db } from '../client.ts'
import { cutAt, inRollups, piecesOf, rowsOfPieces } from './request-pieces.ts'
import { filteredColumns, type Filter } from './where.ts'

export interface DayCost {
  /** Start of the day in the time zone, epoch ms. */
  at: number
  requests: number
  unpriced: number
  /** Null when no request of the day has a known price. */
  cost_usd: number | null
  /** By this time of that day: 0 when its requests came later, null when none until then has a known price. */
  by_now_usd: number | null
}

export interface TodaySpend {
  now: number
  time_zone: string
  today: DayCost
  /** The earliest first; as many as were read. */
  before: DayCost[]
  /** Mean of the days before whose cost is known, by this time of the day; null without any. */
  usual_by_now_usd: number | null
}

/** `now` is epoch ms. Throws RangeError on an unknown time zone. */
export async function todaySpend(db: Db, filter: Filter, now: number, time_zone: string): Promise<TodaySpend> {
  const back = inRollups(filteredColumns(filter)) ? 7 : 1
  const days = Array.from({ length: back + 1 }, (_, index) => ({
    at: startOfDayBefore(now, back - index, time_zone),
    by: sameTimeBefore(now, back - index, time_zone),
  }))
  const cuts = days.flatMap(({ at, by }) => [cutAt(at, now), cutAt(by, now)])
  const rows = rowsOfPieces(piecesOf(cuts, now), [], filter, {
    cost: { raw: 'toDecimal128(ifNull(cost_usd, 0), 12)', rollup: 'toDecimal128(ifNull(cost_usd, 0), 12)' },
    priced: { raw: 'toUInt64(cost_usd is not null)', rollup: 'priced' },
    requests: { raw: 'toUInt64(1)', rollup: 'requests' },
  })
  const found = await db.query<Part & { index: number }>(
    `select toInt64(arrayFirstIndex(end -> end > r.at, {ends:Array(Int64)})) - 1 as index, toFloat64(sum(m_cost)) as cost,
      sum(m_priced) as priced, sum(m_requests) as requests
    from (${rows.sql}) as r group by index order by index`,
    { ...rows.params, ends: [...cuts.slice(1), now + 1] },
  )
  const parts = new Map(found.map((row) => [row.index, row]))
  // Two parts a day: up to this time of it, and the rest.
  const costs = days.map(({ at }, index) => dayOf(at, parts.get(2 * index), parts.get(2 * index + 1)))
  const [today] = costs.splice(-1)
  const known = costs.flatMap(({ by_now_usd }) => (by_now_usd === null ? [] : [by_now_usd]))
  return {
    now,
    time_zone,
    today: today ?? dayOf(now, undefined, undefined),
    before: costs,
    usual_by_now_usd: known.length === 0 ? null : known.reduce((sum, cost) => sum + cost, 0) / known.length,
  }
}

interface Part {
  cost: number
  priced: number
  requests: number
}
const nothing: Part = { cost: 0, priced: 0, requests: 0 }

function dayOf(at: number, early = nothing, late = nothing): DayCost {
  const priced = early.priced + late.priced
  const requests = early.requests + late.requests
  return {
    at,
    requests,
    unpriced: requests - priced,
    cost_usd: priced > 0 ? early.cost + late.cost : null,
    by_now_usd: early.priced > 0 || (early.requests === 0 && requests > 0) ? early.cost : null,
  }
}
