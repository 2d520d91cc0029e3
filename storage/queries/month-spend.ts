/**
 * What each day of this month and the one before cost, and where this month is likely to end. Sums of rollups and of the newest raw
 * rows, which equal those of raw rows.
 */
import { periodAt, startOfDayBefore } from '../../records/calendar.ts'
import type { Db } from '../client.ts'
import { cutAt, piecesOf, rowsOfPieces } from './request-pieces.ts'
import type { Filter } from './where.ts'

const day = 86_400_000

export interface DaySpend {
  /** Start of the day in the time zone, epoch ms. */
  at: number
  /** Null when no request of the day has a known price. */
  cost_usd: number | null
  requests: number
  unpriced: number
}

export interface Forecast {
  expected_usd: number
  /** Nine of ten months would end between these, if days went on to differ as they do. */
  low_usd: number
  high_usd: number
}

export interface MonthSpend {
  now: number
  time_zone: string
  month: { from: number; to: number; name: string }
  /** Every day from the start of the month before on, or of the four weeks before today, whichever is earlier. */
  days: DaySpend[]
  /** Of this month so far. */
  spent_usd: number | null
  previous: { name: string; from: number; to: number; spent_usd: number | null }
  /** Null until three full days are known. */
  forecast: Forecast | null
}

/** `now` is epoch ms. Throws RangeError on an unknown time zone. */
export async function monthSpend(db: Db, filter: Filter, now: number, time_zone: string): Promise<MonthSpend> {
  const month = periodAt('month', now, time_zone)
  const previous = periodAt('month', month.from - 1, time_zone)
  const starts: number[] = []
  const first = Math.min(previous.from, startOfDayBefore(now, 28, time_zone))
  for (let back = 0; ; back += 1) {
    const start = startOfDayBefore(now, back, time_zone)
    starts.unshift(start)
    if (start <= first) break
  }
  const cuts = starts.map((at) => cutAt(at, now))
  const rows = rowsOfPieces(piecesOf(cuts, now), [], filter, {
    cost: { raw: 'toDecimal128(ifNull(cost_usd, 0), 12)', rollup: 'toDecimal128(ifNull(cost_usd, 0), 12)' },
    priced: { raw: 'toUInt64(cost_usd is not null)', rollup: 'priced' },
    requests: { raw: 'toUInt64(1)', rollup: 'requests' },
  })
  const found = await db.query<{ index: number; cost: number; priced: number; requests: number }>(
    `select toInt64(arrayFirstIndex(start -> start > r.at, {ends:Array(Int64)})) as index, toFloat64(sum(m_cost)) as cost,
      sum(m_priced) as priced, sum(m_requests) as requests
    from (${rows.sql}) as r group by index order by index`,
    { ...rows.params, ends: [...cuts.slice(1), now + 1] },
  )
  const byIndex = new Map(found.map((row) => [row.index, row]))
  const days = starts.map((at, index): DaySpend => {
    const { cost = 0, priced = 0, requests = 0 } = byIndex.get(index + 1) ?? {}
    return { at, cost_usd: priced > 0 ? cost : null, requests, unpriced: requests - priced }
  })
  const within = ({ from, to }: { from: number; to: number }) => days.filter(({ at }) => at >= from && at < to)
  const spent_usd = sumOf(within(month))
  return {
    now,
    time_zone,
    month,
    days,
    spent_usd,
    previous: { ...previous, spent_usd: sumOf(within(previous)) },
    forecast: forecastOf(days, spent_usd ?? 0, month.to - now),
  }
}

function sumOf(days: readonly DaySpend[]): number | null {
  const known = days.flatMap(({ cost_usd }) => (cost_usd === null ? [] : [cost_usd]))
  return known.length === 0 ? null : known.reduce((sum, cost) => sum + cost, 0)
}

const leastDays = 3
const paceDays = 7
/** Of a normal distribution: nine of ten lie within so many standard deviations. */
const ninetyPercent = 1.645

/**
 * What is spent goes on at the mean of the last seven full days, as budgets expect it. How far it may be off: days differ from their
 * mean by the standard deviation of the last four weeks, each on its own, and the mean of seven is itself uncertain. `left_ms` is
 * what is left of the month. Days before the first request say nothing.
 */
export function forecastOf(days: readonly DaySpend[], spent_usd: number, left_ms: number): Forecast | null {
  const full = days.slice(0, -1)
  const first = full.findIndex(({ requests }) => requests > 0)
  const known = first === -1 ? [] : full.slice(first).map(({ cost_usd }) => cost_usd ?? 0)
  if (known.length < leastDays) return null
  const pace = mean(known.slice(-paceDays))
  const lately = known.slice(-28)
  const average = mean(lately)
  const variance = lately.reduce((sum, cost) => sum + (cost - average) ** 2, 0) / (lately.length - 1)
  const left = left_ms / day
  const off = ninetyPercent * Math.sqrt(variance * (left + left ** 2 / Math.min(known.length, paceDays)))
  const expected_usd = spent_usd + pace * left
  return { expected_usd, low_usd: Math.max(expected_usd - off, spent_usd), high_usd: expected_usd + off }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
