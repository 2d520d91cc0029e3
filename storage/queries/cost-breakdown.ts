/**
 * What was spent by the values of one column, over time, and in the period before. Sums of rollups and of the newest raw rows, which
 * equal those of raw rows; a filter on a column that rollups do not keep apart reads raw rows alone.
 */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { cutAt, inRollups, piecesOf, rowsOfPieces, type PieceMeasure } from './request-pieces.ts'
import { maxPoints } from './series.ts'
import { filteredColumns, type Filter } from './where.ts'

/** What spend may be told apart by. */
export const costDimensions = [
  'model',
  'provider',
  'endpoint',
  'team',
  'feature',
  'service',
  'environment',
  'region',
  'operation',
] as const
export type CostDimension = (typeof costDimensions)[number]

const minute = 60_000

/** Null is unknown: no request told its tokens, or none has a known price. */
export interface CostTotals {
  requests: number
  /** With a known cost, and without; dollars are those of the first. */
  priced: number
  unpriced: number
  input_tokens: number | null
  cached_input_tokens: number | null
  output_tokens: number | null
  cost_usd: number | null
  input_cost_usd: number | null
  output_cost_usd: number | null
  cache_savings_usd: number | null
}

export interface CostGroup {
  /** Empty where requests do not say. */
  value: string
  current: CostTotals
  previous: CostTotals
  /** Dollars per bucket: 0 without requests, between the first and the last of any group; null where no price is known. */
  cost_usd: (number | null)[]
}

export interface CostBreakdown {
  /** Whole minutes: rollups begin at one. */
  from: number
  to: number
  step_ms: number
  times: number[]
  source: 'rollups' | 'raw'
  current: CostTotals
  previous: CostTotals
  /** Whether requests came from the first half of the time before on: of less, there is nothing to compare with. */
  comparable: boolean
  /** The dearest first. */
  groups: CostGroup[]
  /** Values beyond those, whose part is in the totals alone. */
  left_out: number
}

const told = (column: string): PieceMeasure => ({
  raw: `toUInt64(${column} is not null)`,
  rollup: `toUInt64(requests - ${column}_unknown)`,
})
const tokens = (column: string): PieceMeasure => ({ raw: `toUInt64(ifNull(${column}, 0))`, rollup: column })
const dollars = (column: string): PieceMeasure => {
  const sql = `toDecimal128(ifNull(${column}, 0), 12)`
  return { raw: sql, rollup: sql }
}

const measures = {
  requests: { raw: 'toUInt64(1)', rollup: 'requests' },
  priced: { raw: 'toUInt64(cost_usd is not null)', rollup: 'priced' },
  input_tokens: tokens('input_tokens'),
  input_told: told('input_tokens'),
  cached_input_tokens: tokens('cached_input_tokens'),
  cached_told: told('cached_input_tokens'),
  output_tokens: tokens('output_tokens'),
  output_told: told('output_tokens'),
  cost_usd: dollars('cost_usd'),
  input_cost_usd: dollars('input_cost_usd'),
  output_cost_usd: dollars('output_cost_usd'),
  cache_savings_usd: dollars('cache_savings_usd'),
} as const
type Sums = Record<keyof typeof measures, number>

const isMoney = (name: string) => name.endsWith('_usd')

/** Spend of `range` by the values of `by`, at most `limit` of them, beside that of the equally long time before it. */
export async function costBreakdown(
  db: Db,
  filter: Filter,
  range: TimeRange,
  by: CostDimension,
  limit = 200,
): Promise<CostBreakdown> {
  const from = cutAt(range.from, range.to)
  const { to } = range
  const before = cutAt(from - (to - from), to)
  const step_ms = Math.max(stepFor({ from, to }, maxPoints), minute)
  const rows = rowsOfPieces(piecesOf([before, from], to, step_ms), [by], filter, measures)
  const sums = Object.keys(measures).map((name) =>
    isMoney(name) ? `toFloat64(sum(m_${name})) as ${name}` : `sum(m_${name}) as ${name}`,
  )
  const found = await db.query<Sums & { value: string; at: number; first_ms: number }>(
    `select ${by} as value, if(r.at < {since_ms:Int64}, -1, intDiv(r.at, {step_ms:Int64}) * {step_ms:Int64}) as at,
      min(r.at) as first_ms,
      ${sums.join(', ')}
    from (${rows.sql}) as r group by value, at order by value, at`,
    { ...rows.params, since_ms: from, step_ms },
  )
  const times: number[] = []
  for (let at = Math.floor(from / step_ms) * step_ms; at < to; at += step_ms) times.push(at)
  const seen = found.flatMap(({ at }) => (at < 0 ? [] : [at]))
  const nothing = times.map((at) => (at >= Math.min(...seen) && at <= Math.max(...seen) ? 0 : null))
  const course = new Map(times.map((at, index) => [at, nothing[index] ?? null]))
  const groups = [...Map.groupBy(found, ({ value }) => value)].map(([value, parts]) => groupOf(value, parts, course))
  const dearest = groups.toSorted((a, b) => costOf(b) - costOf(a) || b.current.requests - a.current.requests)
  return {
    from,
    to,
    step_ms,
    times,
    source: inRollups(filteredColumns(filter)) ? 'rollups' : 'raw',
    current: totalsOf(found.filter(({ at }) => at >= 0)),
    previous: totalsOf(found.filter(({ at }) => at < 0)),
    comparable: found.some(({ first_ms }) => first_ms < from - (from - before) / 2),
    groups: dearest.slice(0, limit),
    left_out: Math.max(dearest.length - limit, 0),
  }
}

const costOf = ({ current, previous }: CostGroup) => Math.max(current.cost_usd ?? 0, previous.cost_usd ?? 0)

/** `course` holds what buckets without requests are. */
function groupOf(
  value: string,
  rows: readonly (Sums & { at: number })[],
  course: ReadonlyMap<number, number | null>,
): CostGroup {
  const costs = new Map(rows.map((row) => [row.at, row.priced > 0 ? row.cost_usd : null]))
  const current = totalsOf(rows.filter(({ at }) => at >= 0))
  // What was never priced did not cost nothing in between.
  const at = (time: number, nothing: number | null) =>
    current.cost_usd === null ? null : (costs.get(time) ?? (costs.has(time) ? null : nothing))
  return {
    value,
    current,
    previous: totalsOf(rows.filter(({ at }) => at < 0)),
    cost_usd: [...course].map(([time, nothing]) => at(time, nothing)),
  }
}

function totalsOf(rows: readonly Sums[]): CostTotals {
  const sum = (name: keyof Sums) => rows.reduce((total, row) => total + row[name], 0)
  const [requests, priced] = [sum('requests'), sum('priced')]
  const known = (name: keyof Sums, of: number) => (of > 0 ? sum(name) : null)
  // Cached tokens that saved nothing: what they would have cost is not known.
  const saved = sum('cache_savings_usd') === 0 && sum('cached_input_tokens') > 0 ? null : sum('cache_savings_usd')
  return {
    requests,
    priced,
    unpriced: requests - priced,
    input_tokens: known('input_tokens', sum('input_told')),
    cached_input_tokens: known('cached_input_tokens', sum('cached_told')),
    output_tokens: known('output_tokens', sum('output_told')),
    cost_usd: known('cost_usd', priced),
    input_cost_usd: known('input_cost_usd', priced),
    output_cost_usd: known('output_cost_usd', priced),
    cache_savings_usd: priced > 0 ? saved : null,
  }
}
