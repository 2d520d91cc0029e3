/** The hours of a range: how many requests each holds, and how high the highest of each model reach in it. Reads rollups alone. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { rollupSpecs } from '../rollup-specs.ts'
import { granuleRows, type Bound } from './request-top-bound.ts'
import { filteredColumns, where, type Condition, type Filter } from './where.ts'

export interface HourOfRequests {
  /** Epoch ms. */
  at: number
  requests: number
}

const hour = 3_600_000

/** The newest first; none of a range that is no longer than one. */
export async function hoursOf(db: Db, { from, to }: TimeRange): Promise<HourOfRequests[]> {
  if (to - from <= hour) return []
  return db.query<HourOfRequests>(
    `select toInt64(toUnixTimestamp(r.timestamp)) * 1000 as at, sum(r.requests) as requests from requests_1h as r
    where timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    group by at having requests > 0 order by at desc`,
    { from_ms: Math.floor(from / hour) * hour, to_ms: Math.ceil(to) },
  )
}

/** Where the newest of the hours that hold no more than `most` requests begin, whatever is filtered; the newest one always belongs to them. */
export function newestHours(hours: readonly HourOfRequests[], most: number): number {
  let [sum, begin] = [0, Infinity]
  for (const { at, requests } of hours) {
    sum += requests
    if (sum > most && begin < Infinity) break
    begin = at
  }
  return begin
}

/** Measures whose highest each row of `models_1h` knows, and how many of its requests have them. */
const highest: Readonly<Record<string, { value: string; known: string }>> = {
  duration_ms: { value: 'r.duration_ms_max', known: 'r.duration_ms_count' },
  ttft_ms: { value: 'r.ttft_ms_max', known: 'r.ttft_ms_count' },
  cost_usd: { value: 'r.cost_usd_max', known: 'r.priced' },
}
const keptApart: ReadonlySet<string> = new Set(rollupSpecs.find(({ prefix }) => prefix === 'models')?.dimensions)

interface Reached {
  range: TimeRange
  filter: Filter
  hours: readonly HourOfRequests[]
  /** More requests than these reach it. */
  least: number
  /** Of what the page before ended with: `r.value` stands for the measure. */
  below: Condition
}

/**
 * A value above 0 that more than `least` requests of the list reach, since each is the highest of an hour of some model; null where
 * rollups do not say so. Those that reach it are in as few hours, and in those that the range cuts.
 */
export async function highestBound(
  db: Db,
  { range, filter, hours, least, below }: Reached,
  measure: string,
): Promise<Bound | null> {
  const column = highest[measure]
  if (column === undefined || !filteredColumns(filter).every((column) => keptApart.has(column))) return null
  const whole = { from: Math.ceil(range.from / hour) * hour, to: Math.floor(range.to / hour) * hour }
  if (whole.from >= whole.to) return null
  const { sql, params } = where(filter, whole)
  const rows = await db.query<{ at: number; value: number | null }>(
    `select toInt64(toUnixTimestamp(r.timestamp)) * 1000 as at, ${column.value} as value from models_1h as r
    where ${sql} and r.requests > 0 and ((value > 0${below.sql}) or (value is null and ${column.known} > 0))
    order by value desc nulls first limit {highest:UInt32}`,
    { ...params, ...below.params, highest: least + 1 },
  )
  // Those whose highest was not kept come first: theirs may be higher than all that are known.
  const last = rows[0]?.value === null ? undefined : rows[least]
  if (!last || last.value === null) return null
  const reaching = new Set(rows.map(({ at }) => at))
  const cut = ({ at }: HourOfRequests) => at < whole.from || at >= whole.to
  const read = hours.filter((one) => reaching.has(one.at) || cut(one))
  return {
    value: last.value,
    reached: read.reduce((sum, { requests }) => sum + Math.ceil(requests / granuleRows) + 1, 0),
  }
}
