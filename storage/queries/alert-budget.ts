/**
 * Which thresholds of a budget are reached? Reads rollups and the newest rows of `requests`: the sum of known costs equals that of
 * raw rows. Requests of unknown price are counted beside it; a group with no price at all gives no row.
 */
import type { TimeRange } from '../../records/time-range.ts'
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

export interface BudgetScan {
  by: readonly DimensionColumn[]
  where: Filter
  amount_usd: number
  /** What the label says. */
  amount: string
  /** The one that `now` is in. */
  period: TimeRange & { name: string }
  /** The last seven full days in the budget's time zone. */
  week: TimeRange
  thresholds: readonly BudgetThreshold[]
  now: number
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
 * The rows are the instances: the `by` columns, `period`, `basis`, `threshold` and `amount`, the share of the amount as `value`.
 *
 * The forecast goes on from what is spent at the mean of the last seven full days; with fewer days known, at the mean since the
 * first of them in the period, once that is three days and a twentieth of the period; before that there is none.
 */
export function alertBudget(scan: BudgetScan): Question {
  const { by, period, week, thresholds, now } = scan
  const start = Math.min(week.from, period.from) - historyMs
  const cuts = [start, week.from, week.to, period.from].map((at) => cutAt(at, now))
  const rows = rowsOfPieces(piecesOf(cuts, now), by, scan.where, measures)
  const columns = by.map((column) => `${column}, `).join('')
  const sql = `with spending as (
  select ${columns}toFloat64(sumIf(m_cost, at >= {period_from:Int64})) as spent,
    toFloat64(sumIf(m_cost, at >= {week_from:Int64} and at < {week_to:Int64})) as week_spent,
    sumIf(m_priced, at >= {period_from:Int64}) as priced, sumIf(m_unpriced, at >= {period_from:Int64}) as unpriced,
    intDiv(min(at), {day_ms:Int64}) * {day_ms:Int64} as first,
    {now:Int64} - greatest(first, {period_from:Int64}) as known_ms,
    multiIf(min(at) < {week_from:Int64}, week_spent / {week_ms:Float64},
      known_ms >= {least_ms:Float64}, spent / known_ms, null) as pace,
    spent + pace * {left_ms:Float64} as forecast
  from (${rows.sql})
  ${by.length > 0 ? `group by ${by.join(', ')} ` : ''}having priced > 0
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
  const length = period.to - period.from
  const params = {
    ...rows.params,
    row_limit: rowLimit(scan),
    now,
    period: period.name,
    period_from: cutAt(period.from, now),
    week_from: cutAt(week.from, now),
    week_to: cutAt(week.to, now),
    week_ms: week.to - week.from,
    day_ms: day,
    least_ms: Math.max(leastDays * day, leastShare * length),
    left_ms: period.to - now,
    amount: scan.amount,
    amount_usd: scan.amount_usd,
    amount_text: String(scan.amount_usd),
    bases: thresholds.map(({ basis }) => basis),
    texts: thresholds.map(({ text }) => text),
    ratios: thresholds.map(({ ratio }) => ratio),
  }
  return { sql, params }
}
