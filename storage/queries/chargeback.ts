/**
 * What each group spent in each calendar period: the lines of an invoice. Sums of rollups and of the newest raw rows, which equal those
 * of raw rows; columns that rollups do not keep apart read raw rows alone.
 */
import { periodAt, type CalendarPeriod } from '../../records/calendar.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { CostDimension } from './cost-breakdown.ts'
import { cutAt, piecesOf, rowsOfPieces } from './request-pieces.ts'
import type { Filter } from './where.ts'

export interface ChargebackLine {
  /** `2026-11` */
  period: string
  /** The values of the columns, in the order asked. */
  values: string[]
  requests: number
  /** Without a known price: `cost_usd` leaves them out. */
  unpriced: number
  input_tokens: number
  output_tokens: number
  /** Dollars with all their digits; null when nothing in the line has a known price. */
  cost_usd: string | null
}

const usd = 'toDecimal128(ifNull(cost_usd, 0), 12)'

/** By period, then by values. Periods that the range cuts hold what lies in the range. */
export async function chargeback(
  db: Db,
  filter: Filter,
  range: TimeRange,
  { by, period, time_zone }: { by: readonly CostDimension[]; period: CalendarPeriod; time_zone: string },
): Promise<ChargebackLine[]> {
  const from = cutAt(range.from, range.to)
  const periods = [periodAt(period, from, time_zone)]
  for (let last = periods[0]; last && last.to < range.to; last = periods.at(-1))
    periods.push(periodAt(period, last.to, time_zone))
  const ends = periods.map(({ to }) => cutAt(Math.min(to, range.to), range.to))
  const rows = rowsOfPieces(piecesOf([from, ...ends.slice(0, -1)], range.to), by, filter, {
    requests: { raw: 'toUInt64(1)', rollup: 'requests' },
    unpriced: { raw: 'toUInt64(cost_usd is null)', rollup: 'unpriced' },
    input_tokens: { raw: 'toUInt64(ifNull(input_tokens, 0))', rollup: 'input_tokens' },
    output_tokens: { raw: 'toUInt64(ifNull(output_tokens, 0))', rollup: 'output_tokens' },
    cost: { raw: usd, rollup: usd },
  })
  const columns = by.map((column) => `r.${column}`)
  const found = await db.query<Omit<ChargebackLine, 'period'> & { index: number }>(
    `select toInt64(arrayFirstIndex(end -> end > r.at, {ends:Array(Int64)})) as index,
      [${by.map((column) => `toString(r.${column})`).join(', ')}]::Array(String) as values, sum(m_requests) as requests, sum(m_unpriced) as unpriced,
      sum(m_input_tokens) as input_tokens, sum(m_output_tokens) as output_tokens,
      if(requests = unpriced, null, toString(sum(m_cost))) as cost_usd
    from (${rows.sql}) as r group by ${['index', ...columns].join(', ')} order by ${['index', ...columns].join(', ')}`,
    { ...rows.params, ends: [...ends.slice(0, -1), range.to] },
  )
  return found.map(({ index, ...line }): ChargebackLine =>
    Object.assign(line, { period: periods[index - 1]?.name ?? '' }),
  )
}
