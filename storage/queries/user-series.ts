/**
 * One end user over time. Reads `requests` where the range holds few enough; else `users_1d`, whole days, some minutes behind; and only
 * the newest of the requests where a filter is of what that rollup does not keep apart.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { mostRawRows, newestRaw } from './newest-raw.ts'
import { frameOf, linesOf, type SeriesFrame } from './series.ts'
import { isFilled, rolledUp } from './users.ts'
import { filteredColumns, isError, where, type Filter } from './where.ts'

const measures = ['requests', 'errors', 'cost_usd', 'unpriced'] as const
type Measure = (typeof measures)[number]

const day = 86_400_000

const sources = {
  raw: {
    rows: 'requests as r',
    at: 'toUnixTimestamp64Milli(r.timestamp)',
    sums: `count() as requests, countIf(r.${isError}) as errors, toFloat64(sum(r.cost_usd)) as cost_usd, countIf(r.cost_usd is null) as unpriced`,
  },
  users_1d: {
    rows: 'users_1d as r',
    at: 'toInt64(toUnixTimestamp(r.timestamp)) * 1000',
    sums: `sum(r.requests) as requests, sum(r.requests_failed) as errors,
      if(sum(r.priced) = 0, null, toFloat64(sum(r.cost_usd))) as cost_usd, sum(r.unpriced) as unpriced`,
  },
} as const

export interface UserSeries extends SeriesFrame {
  /** The start of what was read, epoch ms: later than `from` where the range holds too many requests. */
  read_from: number
  /** Null in a bucket without a request; cost also where no price is known. */
  values: Record<Measure, (number | null)[]>
}

/** From where `like` is read from. */
export async function userSeries(
  db: Db,
  filter: Filter,
  range: TimeRange,
  userId: string,
  like = range,
  most = mostRawRows,
): Promise<UserSeries> {
  const newest = await newestRaw(db, like, most)
  const whole = newest.from <= like.from
  const canRoll = filteredColumns(filter).every((column) => rolledUp.has(column))
  const source = !whole && canRoll && (await isFilled(db)) ? 'users_1d' : 'raw'
  const asked = source === 'raw' ? range : { from: Math.floor(range.from / day) * day, to: range.to }
  const read = source === 'raw' && !whole ? { from: range.from + (newest.from - like.from), to: range.to } : asked
  const frame = frameOf(asked, source, source === 'raw' ? undefined : day)
  const { rows, at, sums } = sources[source]
  const { sql, params } = where({ ...filter, user_id: userId }, read)
  const found = await db.query<{ at: number } & Record<Measure, number | null>>(
    `select intDiv(${at}, {step_ms:Int64}) * {step_ms:Int64} as at, ${sums}
    from ${rows} where ${sql} group by at having requests > 0 order by at`,
    { ...params, step_ms: frame.step_ms },
  )
  const [line] = linesOf(frame, found, measures, () => ({}))
  const nothing = frame.times.map(() => null)
  return {
    ...frame,
    read_from: read.from,
    values: line ?? { requests: nothing, errors: nothing, cost_usd: nothing, unpriced: nothing },
  }
}
