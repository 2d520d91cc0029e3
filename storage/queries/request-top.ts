/**
 * The requests with the most or the least of a measure. Reads `requests`, which is kept in the order of time alone: of a range that
 * holds more than can be sorted while one waits, its newest part.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { requestSelect, type RequestRow } from './requests.ts'
import { where, type Condition, type Filter } from './where.ts'

/** What requests may be ordered by besides time. */
export const requestMeasures = [
  'duration_ms',
  'ttft_ms',
  'tpot_ms',
  'input_tokens',
  'output_tokens',
  'cost_usd',
] as const
export type RequestMeasure = (typeof requestMeasures)[number]

export interface TopRequests {
  /** Those without the measure are not among them. */
  requests: RequestRow[]
  /** Epoch ms: what is before was not looked at. Null when the whole range was. */
  sorted_from: number | null
}

const hour = 3_600_000
/** Of requests; the measure of so many is sorted in about a second. */
const mostSorted = 10_000_000

interface TopOptions {
  /** The highest first. */
  down: boolean
  limit: number
  most?: number
}

export async function topRequests(
  db: Db,
  filter: Filter,
  range: TimeRange,
  measure: RequestMeasure,
  { down, limit, most = mostSorted }: TopOptions,
): Promise<TopRequests> {
  const from = await sortableFrom(db, range, most)
  const { sql, params } = where(filter, { from, to: range.to })
  const list = { sql: `${sql} and r.${measure} is not null`, params, measure, down, limit }
  const requests = (await topOfStored(db, list)) ?? (await topOfAll(db, list))
  return { requests, sorted_from: from > range.from ? from : null }
}

interface List extends Condition {
  measure: RequestMeasure
  down: boolean
  limit: number
}

/** Stored rows for each place of the list: some are not the newest of their request. */
const storedPerPlace = 1.2

/**
 * The first of all stored rows are found by the measure alone, those of before a correction among them, since telling these apart takes
 * most of the time; then they are read as they are now. Null when so many were corrected that others may belong to the list.
 */
async function topOfStored(db: Db, { sql, params, measure, down, limit }: List): Promise<RequestRow[] | null> {
  const order = down ? 'desc' : 'asc'
  const most = Math.ceil(limit * storedPerPlace)
  const stored = await db.query<{ value: number; at_us: number }>(
    `select toFloat64(r.${measure}) as value, toUnixTimestamp64Micro(r.timestamp) as at_us from requests as r
    where ${sql} order by r.${measure} ${order}, r.timestamp desc limit {most:UInt32}`,
    { ...params, most },
    { settings: { final: 0 } },
  )
  const requests = await db.query<RequestRow>(
    `select ${requestSelect} from requests as r
    where ${sql} and r.timestamp in (select fromUnixTimestamp64Micro(arrayJoin({at_us:Array(Int64)}), 'UTC'))
    order by r.${measure} ${order}, timestamp desc, trace_id desc, span_id desc limit {limit:UInt32}`,
    { ...params, limit, at_us: stored.map(({ at_us }) => at_us) },
  )
  const [last, end] = [requests.at(limit - 1), stored.at(most - 1)]
  if (!end) return requests
  const value = last?.[measure] ?? null
  if (!last || value === null) return null
  const ahead = down ? value > end.value : value < end.value
  return ahead || (value === end.value && last.timestamp_us > end.at_us) ? requests : null
}

async function topOfAll(db: Db, { sql, params, measure, down, limit }: List): Promise<RequestRow[]> {
  const [order, end, at] = down ? ['desc', 'min', '>='] : ['asc', 'max', '<=']
  // The measure alone is read of all of them; the other columns of those that reach the last place.
  return db.query<RequestRow>(
    `select ${requestSelect} from requests as r
    where ${sql} and r.${measure} ${at} (
      select ${end}(value) from (
        select r.${measure} as value from requests as r where ${sql} order by value ${order} limit {limit:UInt32}
      )
    )
    order by r.${measure} ${order}, timestamp desc, trace_id desc, span_id desc limit {limit:UInt32}`,
    { ...params, limit },
  )
}

/** Where the newest whole hours that hold no more than `most` requests begin, whatever is filtered; the newest one always belongs to them. */
async function sortableFrom(db: Db, { from, to }: TimeRange, most: number): Promise<number> {
  if (to - from <= hour) return from
  const hours = await db.query<{ at: number; requests: number }>(
    `select toInt64(toUnixTimestamp(r.timestamp)) * 1000 as at, sum(r.requests) as requests from requests_1h as r
    where timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    group by at order by at desc`,
    { from_ms: Math.floor(from / hour) * hour, to_ms: Math.ceil(to) },
  )
  let [sum, begin] = [0, to]
  for (const { at, requests } of hours) {
    sum += requests
    if (sum > most && begin < to) return Math.max(begin, from)
    begin = at
  }
  return sum > most ? Math.max(begin, from) : from
}
