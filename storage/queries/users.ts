/**
 * End users: what was spent on them and how they fared. Reads `requests` where the range holds few enough; else `users_1d` from the
 * start of its first day on, some minutes behind, with latency and models of the newest rows beside it, which no rollup has.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { mostRawRows, newestRaw } from './newest-raw.ts'
import { equallyLongBefore, isSeen, rawSumsBefore, type SumsBefore } from './sums-before.ts'
import { judgements, type Judgement, type Page } from './sessions.ts'
import { filteredColumns, isError, where, type Filter } from './where.ts'

export interface UserSums {
  user_id: string
  requests: number
  errors: number
  input_tokens: number | null
  output_tokens: number | null
  /** Of the calls whose cost is known; `unpriced` counts the others. */
  cost_usd: number | null
  unpriced: number
}

/** What only raw rows say; null where they were not read. */
export interface UserDetail {
  p95_ms: number | null
  /** At most eight, the most used first; `model_count` counts all. */
  models: string[]
  model_count: number | null
  sessions: number | null
  /** Start of the latest call, epoch ms. */
  last_ms: number | null
}

export interface UserFeedback {
  /** Judgements that the user gave in the range, and the mean of their scores. */
  feedback: number
  feedback_score: number | null
}

/** What was in the period before; null without any call in it, absent unless asked for. */
export type UserRow = UserSums & UserDetail & UserFeedback & { previous?: SumsBefore | null }

const detailColumns = `if(count(r.duration_ms) = 0, null, quantileExact(0.95)(r.duration_ms)) as p95_ms,
      arrayMap(pair -> pair.1, arraySlice(arraySort(pair -> (-toInt64(pair.2), pair.1),
        arrayZip((sumMap([toString(r.model)], [toUInt64(1)]) as used).1, used.2)), 1, 8)) as models,
      uniqExact(r.model) as model_count, uniqExactIf(r.session_id, r.session_id != '') as sessions,
      toUnixTimestamp64Milli(max(r.timestamp)) as last_ms`

const sources = {
  raw: {
    rows: 'requests as r',
    live: 'true',
    sums: `count() as requests, countIf(r.${isError}) as errors, sum(r.input_tokens) as input_tokens, sum(r.output_tokens) as output_tokens,
      toFloat64(sum(r.cost_usd)) as cost_usd, countIf(r.cost_usd is null) as unpriced`,
    unnamed: 'count()',
  },
  users_1d: {
    rows: 'users_1d as r',
    live: 'r.requests > 0',
    sums: `sum(r.requests) as requests, sum(r.requests_failed) as errors,
      if(sum(r.input_tokens_unknown) = requests, null, sum(r.input_tokens)) as input_tokens,
      if(sum(r.output_tokens_unknown) = requests, null, sum(r.output_tokens)) as output_tokens,
      if(sum(r.priced) = 0, null, toFloat64(sum(r.cost_usd))) as cost_usd, sum(r.unpriced) as unpriced`,
    unnamed: 'sum(r.requests)',
  },
} as const
type Source = keyof typeof sources

const orders = {
  cost: 'cost_usd',
  requests: 'requests',
  errors: 'errors',
  error_ratio: 'errors / requests',
  tokens: 'ifNull(input_tokens, 0) + ifNull(output_tokens, 0)',
  p95: 'p95_ms',
  sessions: 'sessions',
  last: 'last_ms',
} as const
export type UserOrder = keyof typeof orders
export const userOrders = Object.keys(orders) as [UserOrder, ...UserOrder[]]

/** What only raw rows sort by. */
const rawOrders: ReadonlySet<UserOrder> = new Set(['p95', 'sessions', 'last'])
/** What `users_1d` keeps apart. */
export const rolledUp: ReadonlySet<string> = new Set(['environment', 'team', 'user_id'])

export interface Users extends TimeRange {
  source: Source
  /** The start of the raw rows that were read, epoch ms: later than `from` where the range holds too many requests. */
  read_from: number
  users: UserRow[]
  /** Users there are in all in what was read. */
  all: number
  /** Requests that name no user. */
  unnamed: number
}

const day = 86_400_000

/** A page of the users that had a call in the range. */
export async function users(
  db: Db,
  filter: Filter,
  range: TimeRange,
  page: Page<UserOrder>,
  most = mostRawRows,
): Promise<Users> {
  const read = await newestRaw(db, range, most)
  const canRoll = filteredColumns(filter).every((column) => rolledUp.has(column)) && !rawOrders.has(page.order)
  const source = read.from > range.from && canRoll && (await isFilled(db)) ? 'users_1d' : 'raw'
  const counted = source === 'raw' ? read : { from: Math.floor(range.from / day) * day, to: range.to }
  const { rows, live, sums, unnamed } = sources[source]
  const { sql, params } = where(filter, counted)
  const [found, [others]] = await Promise.all([
    db.query<UserSums & Partial<UserDetail> & { all: number }>(
      `select r.user_id as user_id, ${sums}, ${source === 'raw' ? `${detailColumns},` : ''} count() over () as all
      from ${rows} where ${sql} and ${live} and r.user_id != '' group by r.user_id
      order by ${orders[page.order]} desc nulls last, user_id limit {limit:UInt32} offset {offset:UInt32}`,
      { ...params, limit: page.limit, offset: page.offset },
    ),
    db.query<{ unnamed: number }>(
      `select ${unnamed} as unnamed from ${rows} where ${sql} and ${live} and r.user_id = ''`,
      params,
    ),
  ])
  const ids = found.map(({ user_id }) => user_id)
  const before = () =>
    source === 'raw' ? rawSumsBefore(db, filter, read, 'user_id', ids, most) : daysBefore(db, filter, counted, ids)
  const [details, given, previous] = await Promise.all([
    source === 'raw' ? new Map<string, UserDetail>() : detailsOf(db, filter, read, ids),
    feedbackOf(db, counted, ids),
    page.compare ? before() : null,
  ])
  return {
    from: counted.from < range.from ? counted.from : range.from,
    to: range.to,
    source,
    read_from: read.from,
    users: found.map(({ all: _all, ...row }) => ({
      ...noDetail,
      ...row,
      ...details.get(row.user_id),
      ...(given.get(row.user_id) ?? noFeedback),
      ...(previous && { previous: previous.get(row.user_id) ?? null }),
    })),
    all: found[0]?.all ?? 0,
    unnamed: others?.unnamed ?? 0,
  }
}

const noDetail: UserDetail = { p95_ms: null, models: [], model_count: null, sessions: null, last_ms: null }
const noFeedback: UserFeedback = { feedback: 0, feedback_score: null }

/** Whether `users_1d` has every day. */
export async function isFilled(db: Db): Promise<boolean> {
  const [row] = await db.query<{ filled: number | boolean }>(
    `select count() > 0 as filled from rollup_state where name = 'users_1d'`,
  )
  return Boolean(row?.filled)
}

/** Sums of `users_1d`, whose days tell no latency. */
async function daysBefore(db: Db, filter: Filter, counted: TimeRange, ids: string[]): Promise<Map<string, SumsBefore>> {
  const before = equallyLongBefore(counted)
  const { rows, live, sums } = sources.users_1d
  const all = where({}, before)
  const own = where(filter, before)
  const [[seen], found] = await Promise.all([
    db.query<{ first_ms: number | null }>(
      `select if(count() = 0, null, toInt64(toUnixTimestamp(min(r.timestamp))) * 1000) as first_ms
      from ${rows} where ${all.sql} and ${live}`,
      all.params,
    ),
    db.query<UserSums>(
      `select r.user_id as user_id, ${sums} from ${rows}
      where ${own.sql} and ${live} and r.user_id in {ids:Array(String)} group by r.user_id`,
      { ...own.params, ids },
    ),
  ])
  if (!isSeen(seen?.first_ms, before)) return new Map()
  return new Map(
    found.map(({ user_id, requests, errors, cost_usd }) => [user_id, { requests, errors, cost_usd, p95_ms: null }]),
  )
}

async function detailsOf(db: Db, filter: Filter, range: TimeRange, ids: string[]): Promise<Map<string, UserDetail>> {
  const { sql, params } = where(filter, range)
  const rows = await db.query<UserDetail & { user_id: string }>(
    `select r.user_id as user_id, ${detailColumns} from requests as r
    where ${sql} and r.user_id in {ids:Array(String)} group by r.user_id`,
    { ...params, ids },
  )
  return new Map(rows.map(({ user_id, ...detail }) => [user_id, detail]))
}

async function feedbackOf(db: Db, range: TimeRange, ids: string[]): Promise<Map<string, UserFeedback>> {
  const { sql, params } = where({}, range)
  const rows = await db.query<UserFeedback & { user_id: string }>(
    `select user_id, count() as feedback, avg(score) as feedback_score from feedback
    where ${sql} and user_id in {ids:Array(String)} group by user_id`,
    { ...params, ids },
  )
  return new Map(rows.map(({ user_id, ...given }) => [user_id, given]))
}

export interface UserModel extends Omit<UserSums, 'user_id'> {
  model: string
  p95_ms: number | null
}

export interface UserPage extends TimeRange {
  source: Source
  read_from: number
  /** Null when the user had no call in the range. */
  user: UserRow | null
  /** By cost, the most first; of the raw rows that were read. */
  models: UserModel[]
  /** What the user said of answers, and what was said of answers to the user. */
  judgements: Judgement[]
}

/** One user in the range. */
export async function user(
  db: Db,
  filter: Filter,
  range: TimeRange,
  userId: string,
  most = mostRawRows,
): Promise<UserPage> {
  const own = { ...filter, user_id: userId }
  const {
    users: found,
    source,
    read_from,
    from,
    to,
  } = await users(db, own, range, { order: 'cost', limit: 1, offset: 0 }, most)
  const calls = where(own, { from: read_from, to: range.to })
  const [models, said] = await Promise.all([
    db.query<UserModel>(
      `select r.model as model, ${sources.raw.sums},
        if(count(r.duration_ms) = 0, null, quantileExact(0.95)(r.duration_ms)) as p95_ms
      from requests as r where ${calls.sql} group by r.model order by cost_usd desc nulls last, requests desc, model limit 100`,
      calls.params,
    ),
    judgements(
      db,
      calls,
      { sql: 'false', params: {} },
      {
        sql: `user_id = {judge:String} and timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`,
        params: { judge: userId },
      },
    ),
  ])
  return { from, to, source, read_from, user: found[0] ?? null, models, judgements: said }
}
