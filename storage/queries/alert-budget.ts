/**
 * Which thresholds of a budget are reached? Reads rollups and the newest rows of `requests`: the sum of known costs equals that of
 * raw rows. Requests of unknown price are counted beside it; a group with no price at all gives no row.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { rowLimit, type DimensionColumn, type Question } from './alert-scan.ts'
import { cutAt, piecesOf, rowsOfPieces } from './request-pieces.ts'
import type { Filter } from './where.ts'

const day = 86_400_000

export interface BudgetThreshold {
  basis: 'actual' | 'forecast'
  /** Of the amount. */
  ratio: number
  /** As people write it: `80%`. */
  text: string
}

/** Whose spending, and when. */
export interface BudgetQuestion {
  by: readonly DimensionColumn[]
  where: Filter
  /** The one that `now` is in. */
  period: TimeRange & { name: string }
  /** The last seven full days in the budget's time zone. */
  week: TimeRange
  now: number
}

export interface BudgetScan extends BudgetQuestion {
  amount_usd: number
  /** What the label says. */
  amount: string
  thresholds: readonly BudgetThreshold[]
  /** The most instances that the rule may have; 1,000 unless said. */
  limit?: number
}

/** A trend needs as many days, or as much of the period. */
const leastDays = 3
const leastShare = 0.05

/** How far back the first request is looked for that says how many days are known. */
const historyMs = 14 * day

const dollars = (column: string) => `toDecimal128(ifNull(${column}, 0), 12)`

const measures = {
  cost: { raw: dollars('cost_usd'), rollup: dollars('cost_usd') },
  priced: { raw: 'toUInt64(cost_usd is not null)', rollup: 'priced' },
  unpriced: { raw: 'toUInt64(cost_usd is null)', rollup: 'unpriced' },
}

/**
 * One row per group with any price: the `by` columns, `spent`, `forecast`, `priced` and `unpriced`.
 *
 * The forecast goes on from what is spent at the mean of the last seven full days; with fewer days known, at the mean since the
 * first of them in the period, once that is three days and a twentieth of the period; before that there is none.
 */
function spending({ by, where: filter, period, week, now }: BudgetQuestion): Question {
  const start = Math.min(week.from, period.from) - historyMs
  const cuts = [start, week.from, week.to, period.from].map((at) => cutAt(at, now))
  const rows = rowsOfPieces(piecesOf(cuts, now), by, filter, measures)
  const columns = by.map((column) => `${column}, `).join('')
  const sql = `select ${columns}toFloat64(sumIf(m_cost, at >= {period_from:Int64})) as spent,
    toFloat64(sumIf(m_cost, at >= {week_from:Int64} and at < {week_to:Int64})) as week_spent,
    sumIf(m_priced, at >= {period_from:Int64}) as priced, sumIf(m_unpriced, at >= {period_from:Int64}) as unpriced,
    intDiv(min(at), {day_ms:Int64}) * {day_ms:Int64} as first,
    {now:Int64} - greatest(first, {period_from:Int64}) as known_ms,
    multiIf(min(at) < {week_from:Int64}, week_spent / {week_ms:Float64},
      known_ms >= {least_ms:Float64}, spent / known_ms, null) as pace,
    spent + pace * {left_ms:Float64} as forecast
  from (${rows.sql})
  ${by.length > 0 ? `group by ${by.join(', ')} ` : ''}having priced > 0`
  const length = period.to - period.from
  const params = {
    ...rows.params,
    now,
    period_from: cutAt(period.from, now),
    week_from: cutAt(week.from, now),
    week_to: cutAt(week.to, now),
    week_ms: week.to - week.from,
    day_ms: day,
    least_ms: Math.max(leastDays * day, leastShare * length),
    left_ms: period.to - now,
  }
  return { sql, params }
}

/** The rows are the instances: the `by` columns, `period`, `basis`, `threshold` and `amount`, the share of the amount as `value`. */
export function alertBudget(scan: BudgetScan): Question {
  const { by, period, thresholds } = scan
  const spent = spending(scan)
  const columns = by.map((column) => `${column}, `).join('')
  const sql = `with spending as (
  ${spent.sql}
)
select ${columns}{period:String} as period, reached.1 as basis, reached.2 as threshold, {amount:String} as amount,
  if(basis = 'actual', spent, forecast) / {amount_usd:Float64} as value,
  map('spent', toString(spent), 'amount', {amount_text:String}, 'forecast', ifNull(toString(forecast), 'unknown'),
    'unpriced', toString(unpriced),
    'note', if(unpriced = 0, '', concat(toString(unpriced), ' requests of unknown price are not in it'))) as details
from spending array join arrayZip({bases:Array(String)}, {texts:Array(String)}, {ratios:Array(Float64)}) as reached
where value >= reached.3
order by ${columns}basis, reached.3
limit {row_limit:UInt32}`
  const params = {
    ...spent.params,
    row_limit: rowLimit(scan),
    period: period.name,
    amount: scan.amount,
    amount_usd: scan.amount_usd,
    amount_text: String(scan.amount_usd),
    bases: thresholds.map(({ basis }) => basis),
    texts: thresholds.map(({ text }) => text),
    ratios: thresholds.map(({ ratio }) => ratio),
  }
  return { sql, params }
}

/** Where a budget stands for one group. */
export interface BudgetSpending {
  /** The values of the columns `by`. */
  labels: Record<string, string>
  spent_usd: number
  /** Null while nothing can be said of it. */
  forecast_usd: number | null
  /** Requests of unknown price, which are not in it. */
  unpriced: number
}

/** The groups that spent or will spend the most, at most `limit`; one that has no price at all is none of them. */
export async function budgetSpending(db: Db, question: BudgetQuestion, limit = 100): Promise<BudgetSpending[]> {
  const { sql, params } = spending(question)
  const rows = await db.query<{ spent: number; forecast: number | null; unpriced: number } & Record<string, unknown>>(
    `select * from (${sql}) order by greatest(spent, ifNull(forecast, 0)) desc limit {row_limit:UInt32}`,
    { ...params, row_limit: limit },
  )
  return rows.map((row) => ({
    labels: Object.fromEntries(question.by.map((column) => [column, String(row[column])])),
    spent_usd: row.spent,
    forecast_usd: row.forecast,
    unpriced: row.unpriced,
  }))
}
