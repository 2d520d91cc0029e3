/**
 * The requests with the most or the least of a measure, page by page. Reads `requests`, which is kept in the order of time alone: of a
 * range that holds more than can be sorted while one waits, its newest part.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { digestedBound, granuleRows, sampledBound, type Bound } from './request-top-bound.ts'
import { highestBound, hoursOf, newestHours, type HourOfRequests } from './request-top-hours.ts'
import { requestSelect, type Cursor, type RequestRow } from './requests.ts'
import { filteredColumns, where, type Condition, type Filter } from './where.ts'

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

const typeOf = (measure: RequestMeasure) => (measure === 'cost_usd' ? 'Decimal(38, 12)' : 'Float64')

/** Where a page ended, and what was sorted: the next one is of the same. */
export interface TopCursor extends Cursor {
  /** The measure, as a text that is exactly it. */
  value: string
  /** Epoch ms. */
  from: number
}

export interface TopRequests {
  /** Those without the measure are not among them. */
  requests: RequestRow[]
  /** Null on the last page. */
  next: TopCursor | null
  /** Epoch ms: what is before was not looked at. Null when the whole range was. */
  sorted_from: number | null
}

/** Of requests; the measure of so many is sorted in about a second. */
const mostSorted = 10_000_000
const leastSampled = 500_000

interface TopOptions {
  /** The highest first. */
  down: boolean
  limit: number
  after?: TopCursor | null
  most?: number
  /** Of fewer requests no bound is asked for. */
  leastRows?: number
}

/** At most `limit`, those after the cursor of the page before. Of equal ones the newest is the first. */
export async function topRequests(
  db: Db,
  filter: Filter,
  asked: TimeRange,
  measure: RequestMeasure,
  { down, limit, after = null, most = mostSorted, leastRows = leastSampled }: TopOptions,
): Promise<TopRequests> {
  const range = after ? { from: after.from, to: asked.to } : asked
  const hours = await hoursOf(db, range)
  const rows = hours.reduce((sum, { requests }) => sum + requests, 0)
  const order: Order = { measure, down, after }
  const list = { ...order, ...where(filter, range), limit: limit + 1 }
  const bound = down && rows >= leastRows ? await boundOf(db, list, { filter, range, rows, hours }) : null
  const whole = after !== null || rows <= most || (bound !== null && bound.reached <= most / granuleRows)
  const from = whole ? range.from : Math.max(range.from, newestHours(hours, most))
  const read = { ...list, ...where(filter, { from, to: range.to }) }
  const found = await firstOf(db, read, from === range.from ? bound : null)
  const last = found.length > limit ? found.at(limit - 1) : undefined
  return {
    requests: found.slice(0, limit).map(({ request }) => request),
    next: last ? cursorOf(last, from) : null,
    sorted_from: from > asked.from ? from : null,
  }
}

interface Placed {
  request: RequestRow
  /** See TopCursor. */
  value: string
}

function cursorOf({ value, request: { timestamp_us, trace_id, span_id } }: Placed, from: number): TopCursor {
  return { value, from, timestamp_us, trace_id, span_id }
}

interface Order {
  measure: RequestMeasure
  down: boolean
  after: TopCursor | null
}

type List = Order & Condition & { limit: number }

interface Bounded {
  filter: Filter
  range: TimeRange
  /** Of the range, whatever is filtered. */
  rows: number
  hours: readonly HourOfRequests[]
}

/** The highest that is known without reading much. */
async function boundOf(db: Db, list: List, { filter, hours, ...read }: Bounded): Promise<Bound | null> {
  const { measure, after } = list
  const all = after === null && filteredColumns(filter).length === 0
  const least = storedFor(list.limit, fewCorrected)
  const below = after
    ? { sql: ' and value < {after_value:Float64}', params: { after_value: after.value } }
    : { sql: '', params: {} }
  const [highest, digested] = await Promise.all([
    highestBound(db, { range: read.range, filter, hours, least, below }, measure),
    all ? digestedBound(db, { ...read, least }, measure) : null,
  ])
  const inFewHours = highest !== null && highest.reached <= read.rows / granuleRows / 4
  if (digested || inFewHours) return higherOf(highest, digested)
  const sampled = { ...read, fulfilled: conditionOf(list, afterTime(list)), all, column: `r.${measure}`, least }
  return higherOf(highest, await sampledBound(db, sampled))
}

function higherOf(one: Bound | null, other: Bound | null): Bound | null {
  if (!one || !other) return one ?? other
  return { value: Math.max(one.value, other.value), reached: Math.min(one.reached, other.reached) }
}

/** With the measure, after the cursor. */
function conditionOf({ sql, params, measure }: List, after: Condition): Condition {
  return { sql: `${sql} and r.${measure} is not null${after.sql}`, params: { ...params, ...after.params } }
}

/** By the index over it: of the function of the index alone the engine would make another. */
const known = (measure: RequestMeasure) => `toFloat64(ifNull(r.${measure}, 0))`

/** Stored rows for each place of the list: some are not the newest of their request, and after its prices changed many are not. */
const [fewCorrected, manyCorrected] = [1.1, 10]
const storedFor = (limit: number, perPlace: number) => Math.ceil(limit * perPlace)

async function firstOf(db: Db, list: List, bound: Bound | null): Promise<Placed[]> {
  for (const from of bound ? [bound, null] : [null])
    for (const perPlace of [fewCorrected, manyCorrected]) {
      const found = await topOfStored(db, list, storedFor(list.limit, perPlace), from)
      if (found) return found
    }
  return topOfAll(db, list)
}

/**
 * The first of all stored rows are found by the measure alone, those of before a correction among them, since telling these apart takes
 * most of the time; then they are read as they are now. Null when too few reach the bound, or so many were corrected that others may
 * belong to the list.
 */
async function topOfStored(db: Db, list: List, most: number, bound: Bound | null): Promise<Placed[] | null> {
  const { measure, down, limit } = list
  const { sql, params } = conditionOf(list, afterTime(list))
  const stored = await db.query<{ value: number; at_us: number }>(
    `select toFloat64(r.${measure}) as value, toUnixTimestamp64Micro(r.timestamp) as at_us from requests as r
    where ${sql}${bound ? ` and ${known(measure)} >= {bound:Float64}` : ''}
    order by r.${measure} ${down ? 'desc' : 'asc'}, r.timestamp desc limit {most:UInt32}`,
    { ...params, most, ...(bound && { bound: bound.value }) },
    { settings: { final: 0 } },
  )
  const requests = await placed(db, list, {
    sql: "r.timestamp in (select fromUnixTimestamp64Micro(arrayJoin({at_us:Array(Int64)}), 'UTC'))",
    params: { at_us: stored.map(({ at_us }) => at_us) },
  })
  // Rows beyond this one were not looked at.
  const end = stored.at(most - 1) ?? (bound && { value: bound.value, at_us: -1 })
  if (!end) return requests
  const last = requests.at(limit - 1)?.request
  const value = last?.[measure] ?? null
  if (!last || value === null) return null
  const ahead = down ? value > end.value : value < end.value
  return ahead || (value === end.value && last.timestamp_us > end.at_us) ? requests : null
}

function topOfAll(db: Db, list: List): Promise<Placed[]> {
  const { measure, down } = list
  const [order, end, at] = down ? ['desc', 'min', '>='] : ['asc', 'max', '<=']
  const { sql, params } = conditionOf(list, afterIds(list))
  // The measure alone is read of all of them; the other columns of those that reach the last place.
  return placed(db, list, {
    sql: `r.${measure} ${at} (
      select ${end}(value) from (
        select r.${measure} as value from requests as r where ${sql} order by value ${order} limit {limit:UInt32}
      )
    )`,
    params,
  })
}

/** The first of the list, of those that `among` leaves. */
async function placed(db: Db, list: List, among: Condition): Promise<Placed[]> {
  const { measure, down, limit } = list
  const { sql, params } = conditionOf(list, afterIds(list))
  const rows = await db.query<RequestRow & { place: string }>(
    `select ${requestSelect}, toString(r.${measure}) as place from requests as r
    where ${sql} and ${among.sql}
    order by r.${measure} ${down ? 'desc' : 'asc'}, timestamp desc, trace_id desc, span_id desc limit {limit:UInt32}`,
    { ...params, ...among.params, limit },
  )
  return rows.map(({ place, ...request }) => ({ request, value: place }))
}

const afterUs = "fromUnixTimestamp64Micro({after_us:Int64}, 'UTC')"

/** What rows after the cursor fulfil, and those that only their ids tell from it: ids are long to read. */
const afterTime = (order: Order) => afterOf(order, `r.timestamp <= ${afterUs}`)

const afterIds = (order: Order) =>
  afterOf(order, `(r.timestamp, r.trace_id, r.span_id) < (${afterUs}, {after_trace:String}, {after_span:String})`)

function afterOf({ measure, down, after }: Order, sameMeasure: string): Condition {
  if (!after) return { sql: '', params: {} }
  const value = `{after_value:${typeOf(measure)}}`
  return {
    sql: ` and (r.${measure} ${down ? '<' : '>'} ${value} or (r.${measure} = ${value} and ${sameMeasure}))`,
    params: {
      after_value: after.value,
      after_us: after.timestamp_us,
      after_trace: after.trace_id,
      after_span: after.span_id,
    },
  }
}
