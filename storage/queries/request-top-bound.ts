/** How high the first rows of a list by a measure reach: found in a part of the range, so that an index leaves out most of the rest. */
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
  /** Ranges of fewer rows are sorted before they are sampled. */
  leastRows?: number
}

/** What an index leaves out or not. */
export const granuleRows = 8192
/** Each read on its own: so many granules that its edges weigh little. */
const stripRows = 4 * granuleRows
const mostStrips = 64
/** The share of a range that is read for its bound. */
const shareOf = (rows: number) => Math.min(1, Math.sqrt((3 * granuleRows) / rows))
const leastSampled = 500_000

/**
 * A value above 0 that more than `least` of the rows very likely reach; null when the range is small, or the part of it has too few.
 * Reads `requests`, without `final`: it is a guess.
 */
export async function sampledBound(
  db: Db,
  { range, rows, fulfilled, all, column, least, leastRows = leastSampled }: Sampled,
): Promise<Bound | null> {
  if (rows < leastRows) return null
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
