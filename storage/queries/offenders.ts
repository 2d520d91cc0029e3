/**
 * Who fails most, who is slower than usual, who costs most: a few of each. Models and endpoints from raw rows up to 24 h unless they are
 * many, from rollups beyond. No rollup keeps sessions apart, nor how long the calls of a user took: of many requests only the newest
 * hours are read for these; what users cost and how often they failed then comes from whole days.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { newestRaw } from './newest-raw.ts'
import type { Source } from './series.ts'
import { raw, rowsOf, selectOf, tiersFor, wholeBuckets } from './tiers.ts'
import { usualOf } from './usual.ts'
import { filteredColumns, where, type Condition, type Filter } from './where.ts'

export const offenderKinds = ['model', 'endpoint', 'user', 'session'] as const
export type OffenderKind = (typeof offenderKinds)[number]

export interface Offender {
  name: string
  requests: number
  errors: number
  /** Null when no request told its duration, or from a table that does not know it. */
  p95_ms: number | null
  /** In the week before; null when hardly anything came then, and of users and sessions. */
  usual_p95_ms: number | null
  /** Of the requests with a known price; `unpriced` counts the others. */
  cost_usd: number | null
  unpriced: number
}

export interface Offenders extends TimeRange {
  by: OffenderKind
  /** With the most errors, the most first: none without any. */
  failing: Offender[]
  /** Of models and endpoints those that are slower than usual, the most so first; else the slowest. Few requests say nothing of it. */
  slow: Offender[]
  /** Of known cost, the dearest first. */
  dear: Offender[]
  /** Which table says what failed and what it cost, and since when (epoch ms) it was read. */
  source: Source | 'users_1d'
  counted_from: number
  /** The same of `slow`. */
  slow_source: Source
  timed_from: number
}

/** Of so many requests at least a percentile is more than chance; what is usual needs more of them. */
const leastTimed = 20
const leastUsual = 100

/** Grouping these takes a tenth of a second on two cores. */
const mostRawRows = 300_000

const measures = ['requests', 'errors', 'p95_ms', 'cost_usd', 'unpriced'] as const

/** At most `limit` of each. */
export function offenders(
  db: Db,
  by: OffenderKind,
  filter: Filter,
  range: TimeRange,
  limit = 5,
  most = mostRawRows,
): Promise<Offenders> {
  return by === 'model' || by === 'endpoint'
    ? ofThings(db, by, filter, range, limit)
    : ofPeople(db, by, filter, range, limit, most)
}

async function ofThings(
  db: Db,
  by: 'model' | 'endpoint',
  filter: Filter,
  asked: TimeRange,
  limit: number,
): Promise<Offenders> {
  const { whole: tier } = await tiersFor(db, filter, asked, [by])
  const range = wholeBuckets(tier, asked)
  const selected = selectOf(tier, measures)
  const { sql, params } = rowsOf(tier, filter, range, [`r.${by}`, selected])
  const [rows, usual] = await Promise.all([
    db.query<Omit<Offender, 'usual_p95_ms'>>(
      `select r.${by} as name,
      ${selected}
    from ${sql} group by name having name != ''`,
      params,
    ),
    usualOf(db, filter, range.from, by),
  ])
  const all = rows.map((row): Offender => {
    const { requests, p95_ms } = usual.get(row.name) ?? { requests: 0, p95_ms: null }
    return Object.assign(row, { usual_p95_ms: requests >= leastUsual ? p95_ms : null })
  })
  const slower = (one: Offender) => (one.p95_ms ?? 0) / (one.usual_p95_ms ?? Infinity)
  return {
    ...range,
    by,
    failing: most(all, ({ errors }) => errors, limit),
    slow: most(
      all.filter((one) => one.requests >= leastTimed && slower(one) > 1),
      slower,
      limit,
    ),
    dear: most(all, ({ cost_usd }) => cost_usd ?? 0, limit),
    source: tier.source,
    counted_from: range.from,
    slow_source: tier.source,
    timed_from: range.from,
  }
}

/** Those above 0, the most first; equal ones by name. */
function most(rows: readonly Offender[], value: (one: Offender) => number, limit: number): Offender[] {
  return rows
    .filter((one) => value(one) > 0)
    .toSorted((a, b) => value(b) - value(a) || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
}

const columns = { user: 'user_id', session: 'session_id' } as const
const day = 86_400_000
/** What the rollup of users keeps apart. */
const rolledUp: ReadonlySet<string> = new Set(['environment', 'team', 'user_id'])

async function ofPeople(
  db: Db,
  by: 'user' | 'session',
  filter: Filter,
  range: TimeRange,
  limit: number,
  mostRows: number,
): Promise<Offenders> {
  const read = await newestRaw(db, range, mostRows)
  const inDays = by === 'user' && read.from > range.from && filteredColumns(filter).every((name) => rolledUp.has(name))
  const days = { from: Math.floor(range.from / day) * day, to: range.to }
  const [timed, counted] = await Promise.all([
    ranked(db, newest(columns[by], filter, read, by === 'user' ? leastTimed : 1), limit),
    inDays ? ranked(db, ofDays(filter, days), limit) : null,
  ])
  const rows = counted ?? timed
  return {
    ...range,
    by,
    failing: most(rows, ({ errors }) => errors, limit),
    slow: most(
      timed.filter(({ requests }) => requests >= (by === 'user' ? leastTimed : 1)),
      ({ p95_ms }) => p95_ms ?? 0,
      limit,
    ),
    dear: most(rows, ({ cost_usd }) => cost_usd ?? 0, limit),
    source: counted ? 'users_1d' : 'raw',
    counted_from: counted ? days.from : read.from,
    slow_source: 'raw',
    timed_from: read.from,
  }
}

function newest(column: string, filter: Filter, range: TimeRange, least: number): Condition {
  const { sql, params } = where(filter, range)
  return {
    sql: `select r.${column} as name, ${selectOf(raw, measures)}, if(requests >= {least_timed:UInt32}, p95_ms, null) as timed
      from requests as r where ${sql} and r.${column} != '' group by name`,
    params: { ...params, least_timed: least },
  }
}

function ofDays(filter: Filter, range: TimeRange): Condition {
  const { sql, params } = where(filter, range)
  return {
    sql: `select r.user_id as name, sum(r.requests) as requests, sum(r.requests_failed) as errors,
        cast(null, 'Nullable(Float64)') as p95_ms, if(sum(r.priced) = 0, null, toFloat64(sum(r.cost_usd))) as cost_usd,
        sum(r.unpriced) as unpriced, p95_ms as timed
      from users_1d as r where ${sql} and r.user_id != '' and r.requests > 0 group by name`,
    params,
  }
}

/** Those that are among the first `limit` by anything: thousands of users need not leave the engine. */
async function ranked(db: Db, { sql, params }: Condition, limit: number): Promise<Offender[]> {
  return db.query<Offender>(
    `select name, requests, errors, p95_ms, cast(null, 'Nullable(Float64)') as usual_p95_ms, cost_usd, unpriced from (
      select *, row_number() over (order by errors desc, name) as by_errors,
        row_number() over (order by ifNull(timed, 0) desc, name) as by_time,
        row_number() over (order by ifNull(cost_usd, 0) desc, name) as by_cost
      from (${sql})
    ) where least(by_errors, by_time, by_cost) <= {limit:UInt32}`,
    { ...params, limit },
  )
}
