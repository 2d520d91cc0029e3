/**
 * How high the first rows of a list by a measure reach, so that an index leaves out most of a range: as digests of all its requests say,
 * or a part of it that is read.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { Condition } from './where.ts'

export interface Bound {
  value: number
  /** Stored rows of the range that reach it, whoever they are of, as far as the part can tell: no more granules are read. */
  reached: number
}

export interface Sampled {
  range: TimeRange
  /** Of the range. */
  rows: number
  /** What rows of the list fulfil. */
  fulfilled: Condition
  /** Whether every row of the range that has the number does. */
  all: boolean
  /** A number of a row, which they all have. */
  column: string
  /** More rows than these are to reach the bound. */
  least: number
}

/** Measures of `totals_1h` and `totals_1d`, and how many of their rows have them. */
const digested: Readonly<Record<string, string>> = {
  duration_ms: 'sum(t.duration_ms_count)',
  ttft_ms: 'sum(t.ttft_ms_count)',
  tpot_ms: 'sum(t.tpot_ms_count)',
  input_tokens: 'sum(t.requests) - sum(t.input_tokens_unknown)',
  output_tokens: 'sum(t.requests) - sum(t.output_tokens_unknown)',
}
const hour = 3_600_000
const day = 24 * hour
/** Digests count in floats of 32 bits: of more rows, the last few are beyond them. */
const mostDigested = 10_000_000
/** The level of a digest has to be said before it is known how many rows it holds: these shares of all of them are tried at once. */
const shares = [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32]

/**
 * A value above 0 that more than `least` of all rows of the range very likely reach; null of a measure without digests, before
 * they are filled, and of too many rows. `rows`: of the range.
 */
export async function digestedBound(
  db: Db,
  { range, rows, least }: Pick<Sampled, 'range' | 'rows' | 'least'>,
  measure: string,
): Promise<Bound | null> {
  const known = digested[measure]
  const enough = 2 * least + 10
  if (known === undefined || rows > mostDigested) return null
  const [table, step] = range.to - range.from < 2 * day ? ['totals_1h', hour] : ['totals_1d', day]
  const levels = shares.map((share) => Math.max(0, 1 - enough / (rows * share)).toFixed(12))
  const [row] = await db.query<{ known: number; values: number[] }>(
    `select ${known} as known, quantilesTDigestMerge(${levels.join(', ')})(t.${measure}_quantiles) as values from ${table} as t
    where t.timestamp >= ${moment('from_ms')} and t.timestamp < ${moment('to_ms')} and t.requests > 0`,
    { from_ms: Math.floor(range.from / step) * step, to_ms: Math.ceil(range.to) },
  )
  const value = row && row.known > 0 ? row.values[Math.ceil(Math.log2(Math.max(1, rows / row.known)))] : undefined
  return value !== undefined && value > 0 ? { value, reached: 2 * enough } : null
}

/** What an index leaves out or not. */
export const granuleRows = 8192
/** Each read on its own: so many granules that its edges weigh little. */
const stripRows = 4 * granuleRows
const mostStrips = 64
/** The share of a range that is read for its bound. */
const shareOf = (rows: number) => Math.min(1, Math.sqrt((3 * granuleRows) / rows))

/**
 * A value above 0 that more than `least` of the rows very likely reach; null when the part of the range has too few.
 * Reads `requests`, without `final`: it is a guess.
 */
export async function sampledBound(
  db: Db,
  { range, rows, fulfilled, all, column, least }: Sampled,
): Promise<Bound | null> {
  const share = shareOf(rows)
  const part = stripsOf(range, Math.min(mostStrips, Math.ceil((rows * share) / stripRows)), share)
  const expected = least * share
  const place = Math.ceil(expected + 2.5 * Math.sqrt(expected) + 1)
  const found = <Row>(columns: string, condition: string, params: object) =>
    db.query<Row>(
      `select ${columns} from requests as r where ${part.sql} and ${condition}`,
      { ...part.params, ...params },
      { settings: { final: 0 } },
    )
  const most = 2 * place
  const first = await found<{ value: number }>(
    `toFloat64(${column}) as value`,
    `${fulfilled.sql} order by ${column} desc limit {most:UInt32}`,
    { ...fulfilled.params, most },
  )
  const [bound = 0, beyond] = [first.at(place - 1)?.value, first.at(most - 1)?.value]
  if (bound <= 0) return null
  if (all && beyond !== undefined && beyond < bound) return { value: bound, reached: most / share }
  const [row] = await found<{ rows: number }>('count() as rows', `${column} >= {bound:Float64}`, { bound })
  return { value: bound, reached: (row?.rows ?? 0) / share }
}

/** Evenly over the range, each in the middle of its slice. */
function stripsOf({ from, to }: TimeRange, count: number, share: number): Condition {
  const slice = (to - from) / count
  const params: Record<string, number> = {}
  const parts = Array.from({ length: count }, (_, index) => {
    const middle = from + (index + 0.5) * slice
    const [first, end] = [`strip_${index}_from`, `strip_${index}_to`]
    Object.assign(params, {
      [first]: Math.floor(middle - (slice * share) / 2),
      [end]: Math.floor(middle + (slice * share) / 2),
    })
    return `(r.timestamp >= ${moment(first)} and r.timestamp < ${moment(end)})`
  })
  return { sql: `(${parts.join(' or ')})`, params }
}

const moment = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`
