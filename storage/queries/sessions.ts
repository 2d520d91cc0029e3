/**
 * Conversations: calls of one session id. Reads `requests`: no rollup keeps sessions apart, so of a range that holds many requests
 * only the newest hours are read.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { newestRaw } from './newest-raw.ts'
import { rawSumsBefore, type SumsBefore } from './sums-before.ts'
import { timesOf } from './trace-times.ts'
import { isError, where, type Condition, type Filter } from './where.ts'

export interface SessionRow {
  session_id: string
  /** Start of its first call and end of its last, epoch ms. */
  first_ms: number
  last_ms: number
  requests: number
  errors: number
  traces: number
  input_tokens: number | null
  output_tokens: number | null
  /** Of the calls whose cost is known; `unpriced` counts the others. */
  cost_usd: number | null
  unpriced: number
  /** Of the latest call that names one. */
  last_user_id: string
  /** At most eight, by name; `model_count` counts all. */
  models: string[]
  model_count: number
}

const columns = `r.session_id as session_id,
      toUnixTimestamp64Milli(min(r.timestamp)) as first_ms,
      max(toInt64(toUnixTimestamp64Milli(r.timestamp) + round(ifNull(r.duration_ms, 0)))) as last_ms,
      count() as requests, countIf(r.${isError}) as errors, uniqExact(r.trace_id) as traces,
      sum(r.input_tokens) as input_tokens, sum(r.output_tokens) as output_tokens,
      toFloat64(sum(r.cost_usd)) as cost_usd, countIf(r.cost_usd is null) as unpriced,
      argMaxIf(r.user_id, r.timestamp, r.user_id != '') as last_user_id,
      arraySort(groupUniqArray(8)(r.model)) as models, uniqExact(r.model) as model_count`

const orders = {
  last: 'last_ms',
  first: 'first_ms',
  length: 'last_ms - first_ms',
  requests: 'requests',
  errors: 'errors',
  tokens: 'ifNull(input_tokens, 0) + ifNull(output_tokens, 0)',
  cost: 'cost_usd',
} as const
export type SessionOrder = keyof typeof orders
export const sessionOrders = Object.keys(orders) as [SessionOrder, ...SessionOrder[]]

export interface Page<Order> {
  order: Order
  limit: number
  offset: number
  /** Whether rows are told what they were in the period before. */
  compare?: boolean
}

export interface ListedSession extends SessionRow {
  /** Its calls of the period before; null without any, absent unless asked for. */
  previous?: SumsBefore | null
  /** What the latest call answered, its first 2,000 characters; empty unless content is kept. */
  last_output: string
}

export interface Sessions extends TimeRange {
  /** The start of what was read, epoch ms: later than `from` where the range holds too many requests. */
  read_from: number
  sessions: ListedSession[]
  /** Sessions there are in all in what was read. */
  all: number
}

/** A page of the sessions that had a call in the range; what is said of them is of those calls. */
export async function sessions(
  db: Db,
  filter: Filter,
  range: TimeRange,
  { order, limit, offset, compare = false }: Page<SessionOrder>,
  most?: number,
): Promise<Sessions> {
  const read = await newestRaw(db, range, most)
  const { sql, params } = where(filter, read)
  const rows = await db.query<SessionRow & LastCall & { all: number }>(
    `select ${columns}, count() over () as all,
      toUnixTimestamp64Micro(max(r.timestamp)) as last_us, argMax((r.trace_id, r.span_id), r.timestamp) as last_ids
    from requests as r where ${sql} and r.session_id != '' group by r.session_id
    order by ${orders[order]} desc nulls last, session_id limit {limit:UInt32} offset {offset:UInt32}`,
    { ...params, limit, offset },
  )
  const ids = rows.map(({ session_id }) => session_id)
  const [said, before] = await Promise.all([
    outputsOf(db, rows),
    compare ? rawSumsBefore(db, filter, read, 'session_id', ids, most) : null,
  ])
  const listed = rows.map(({ all: _all, last_us: _us, last_ids, ...row }): ListedSession => ({
    ...row,
    ...(before && { previous: before.get(row.session_id) ?? null }),
    last_output: said.get(last_ids.join(' ')) ?? '',
  }))
  return { ...range, read_from: read.from, sessions: listed, all: rows[0]?.all ?? 0 }
}

interface LastCall {
  last_us: number
  last_ids: [trace_id: string, span_id: string]
}

/** As long as a line of a list needs; a longer one ends as content does that was cut. */
const previewCharacters = 2000

/** Found by their key, few as they are: prompts of all calls are not read. */
async function outputsOf(db: Db, calls: readonly LastCall[]): Promise<Map<string, string>> {
  if (calls.length === 0) return new Map()
  const rows = await db.query<{ trace_id: string; span_id: string; output: string }>(
    `select trace_id, span_id, if(lengthUTF8(output) > {characters:UInt32}, concat(leftUTF8(output, {characters:UInt32}),
      '…[cut: ', toString(length(output) - length(leftUTF8(output, {characters:UInt32}))), ' bytes]'), output) as output
    from requests where (timestamp, trace_id, span_id) in (
      select fromUnixTimestamp64Micro(us, 'UTC'), t, s from (select {us:Array(Int64)} as uss, {traces:Array(String)} as ts, {spans:Array(String)} as ss)
      array join uss as us, ts as t, ss as s
    ) and output != ''`,
    {
      characters: previewCharacters,
      us: calls.map(({ last_us }) => last_us),
      traces: calls.map(({ last_ids }) => last_ids[0]),
      spans: calls.map(({ last_ids }) => last_ids[1]),
    },
  )
  return new Map(rows.map(({ trace_id, span_id, output }) => [`${trace_id} ${span_id}`, output]))
}

export interface Judgement {
  /** feedback: of a person · evaluation: of a model, a rule or a person. */
  kind: 'feedback' | 'evaluation'
  timestamp_ms: number
  trace_id: string
  span_id: string
  name: string
  score: number | null
  /** The word of it: a value, a label. */
  label: string
  /** Content: a comment, an explanation. */
  text: string
  /** Who judged: a user, an evaluator. */
  by: string
}

export interface SessionDetail {
  session: SessionRow | null
  judgements: Judgement[]
}

/** The whole session, whenever it was; null when there is none by this id. */
export async function session(db: Db, sessionId: string): Promise<SessionDetail> {
  const rowsOf = await timesOf(db, { session_id: sessionId })
  if (!rowsOf) return { session: null, judgements: [] }
  const [rows, found] = await Promise.all([
    db.query<SessionRow>(
      `select ${columns} from requests as r where ${rowsOf.sql} group by r.session_id`,
      rowsOf.params,
    ),
    judgements(db, rowsOf, { sql: 'session_id = {session_id:String}', params: {} }, never),
  ])
  return { session: rows[0] ?? null, judgements: found }
}

const never: Condition = { sql: 'false', params: {} }

/** At most 200, newest first: about the traces of these calls, or what the other conditions say. Reads `feedback` and `evaluations`. */
export async function judgements(
  db: Db,
  calls: Condition,
  evaluations: Condition,
  feedback: Condition,
): Promise<Judgement[]> {
  const traces = `trace_id != '' and trace_id in (select trace_id from requests as r where ${calls.sql})`
  return db.query<Judgement>(
    `select * from (
      select 'feedback' as kind, toUnixTimestamp64Milli(timestamp) as timestamp_ms, trace_id, span_id, toString(name) as name, score,
        value as label, comment as text, user_id as by
      from feedback where (${traces}) or (${feedback.sql})
      union all
      select 'evaluation' as kind, toUnixTimestamp64Milli(timestamp) as timestamp_ms, trace_id, span_id, toString(name) as name, score,
        toString(label) as label, explanation as text, toString(evaluator) as by
      from evaluations where (${traces}) or (${evaluations.sql})
    ) order by timestamp_ms desc, kind, name limit 200`,
    { ...calls.params, ...evaluations.params, ...feedback.params },
  )
}
