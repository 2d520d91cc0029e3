/** What was said in a trace or a session, call by call in the order of time. Reads `requests` at the times of the group. */
import type { RequestStatus } from '../../records/llm-request.ts'
import type { Db } from '../client.ts'
import { timesOf, type Group } from './trace-times.ts'

export interface Turn {
  timestamp_us: number
  trace_id: string
  span_id: string
  model: string
  operation: string
  status: RequestStatus
  error_type: string
  http_status: number | null
  finish_reason: string
  attempt: number
  duration_ms: number | null
  input_tokens: number | null
  output_tokens: number | null
  cost_usd: number | null
  /** As stored: text, or JSON of messages as the client sent them; empty unless content is kept. */
  input: string
  output: string
}

export type TurnCursor = Pick<Turn, 'timestamp_us' | 'trace_id' | 'span_id'>

export interface TurnPage {
  turns: Turn[]
  /** Null on the last page. */
  next: TurnCursor | null
}

/** At most `limit` calls, those after the cursor of the page before. */
export async function conversation(
  db: Db,
  group: Group,
  limit: number,
  after: TurnCursor | null = null,
): Promise<TurnPage> {
  const rowsOf = await timesOf(db, group)
  if (!rowsOf) return { turns: [], next: null }
  const position = after
    ? `and (timestamp, trace_id, span_id) > (fromUnixTimestamp64Micro({after_us:Int64}, 'UTC'), {after_trace:String}, {after_span:String})`
    : ''
  const rows = await db.query<Turn>(
    `select toUnixTimestamp64Micro(timestamp) as timestamp_us, trace_id, span_id, model, operation, status, error_type, http_status,
      finish_reason, attempt, duration_ms, input_tokens, output_tokens, toFloat64(cost_usd) as cost_usd, input, output
    from requests where ${rowsOf.sql} ${position}
    order by timestamp, trace_id, span_id limit {limit:UInt32}`,
    {
      ...rowsOf.params,
      limit: limit + 1,
      ...(after && { after_us: after.timestamp_us, after_trace: after.trace_id, after_span: after.span_id }),
    },
  )
  const turns = rows.slice(0, limit)
  const last = turns.at(-1)
  return {
    turns,
    next:
      rows.length > limit && last
        ? { timestamp_us: last.timestamp_us, trace_id: last.trace_id, span_id: last.span_id }
        : null,
  }
}
