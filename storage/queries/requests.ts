/** The latest requests, newest first, page by page. Reads `requests`. */
import type { CallRole, CostSource, RequestStatus } from '../../records/llm-request.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { findInTrace } from './trace-times.ts'
import { where, type Filter } from './where.ts'

export interface RequestRow {
  /** Epoch microseconds: exact, and with the ids the position in the list. */
  timestamp_us: number
  trace_id: string
  span_id: string
  model: string
  provider: string
  endpoint: string
  service: string
  environment: string
  team: string
  feature: string
  user_id: string
  session_id: string
  region: string
  instance: string
  prompt_name: string
  operation: string
  status: RequestStatus
  error_type: string
  http_status: number | null
  finish_reason: string
  attempt: number
  streamed: boolean
  duration_ms: number | null
  ttft_ms: number | null
  tpot_ms: number | null
  input_tokens: number | null
  cached_input_tokens: number | null
  output_tokens: number | null
  cost_usd: number | null
  cost_source: CostSource
}

const columns = `
  toUnixTimestamp64Micro(timestamp) as timestamp_us, trace_id, span_id, model, provider, endpoint, service, environment,
  team, feature, user_id, session_id, region, instance, prompt_name, operation, status, error_type, http_status,
  finish_reason, attempt, streamed, duration_ms, ttft_ms, tpot_ms,
  input_tokens, cached_input_tokens, output_tokens, toFloat64(cost_usd) as cost_usd, cost_source`

/** Of a row, in the order of a file of them; what time it was stands before. */
export const requestRowColumns = [
  'trace_id',
  'span_id',
  'model',
  'provider',
  'endpoint',
  'service',
  'environment',
  'team',
  'feature',
  'user_id',
  'session_id',
  'region',
  'instance',
  'prompt_name',
  'operation',
  'status',
  'error_type',
  'http_status',
  'finish_reason',
  'attempt',
  'streamed',
  'duration_ms',
  'ttft_ms',
  'tpot_ms',
  'input_tokens',
  'cached_input_tokens',
  'output_tokens',
  'cost_usd',
  'cost_source',
] as const satisfies (keyof RequestRow)[]

/** Where a page ended: the next one starts after it. */
export type Cursor = Pick<RequestRow, 'timestamp_us' | 'trace_id' | 'span_id'>

export interface RequestPage {
  requests: RequestRow[]
  /** Null on the last page. */
  next: Cursor | null
  /** Epoch ms, when the page is not full: there is none after it until then, and what is before was not looked at yet. */
  searched_from: number | null
}

const hour = 3_600_000
const day = 24 * hour
/** Looked at one after the other, then twice as much each time: on a busy system the last minutes hold a page. */
const windowsMs = [5 * 60_000, 2 * hour, day]

export interface PageOptions {
  /** Epoch ms. */
  now?: () => number
  /** A filter that hardly anything fulfils reads very many rows: after so many ms the page ends where it got to. */
  enough_ms?: number
}

/** At most `limit` requests, those after the cursor of the page before. */
export async function latestRequests(
  db: Db,
  filter: Filter,
  range: TimeRange,
  limit: number,
  after: Cursor | null = null,
  { now = Date.now, enough_ms = 4000 }: PageOptions = {},
): Promise<RequestPage> {
  const to = after ? Math.min(range.to, Math.floor(after.timestamp_us / 1000) + 1) : range.to
  const began = now()
  const rows: RequestRow[] = []
  let searched = to
  for (let step = 0; searched > range.from && rows.length <= limit; step += 1) {
    if (step > 0 && now() - began >= enough_ms) break
    const from = Math.max(range.from, to - (windowsMs[step] ?? day * 2 ** (step - 1)))
    rows.push(...(await newest(db, filter, { from, to: searched }, limit + 1 - rows.length, after)))
    searched = from
  }
  const requests = rows.slice(0, limit)
  const last = requests.at(-1)
  if (rows.length > limit && last) return { requests, next: cursorOf(last), searched_from: null }
  if (searched <= range.from) return { requests, next: null, searched_from: null }
  return { requests, next: { timestamp_us: searched * 1000, trace_id: '', span_id: '' }, searched_from: searched }
}

function newest(db: Db, filter: Filter, range: TimeRange, limit: number, after: Cursor | null): Promise<RequestRow[]> {
  const { sql, params } = where(filter, range)
  const position = after
    ? `and (timestamp, trace_id, span_id) <
      (fromUnixTimestamp64Micro({after_us:Int64}, 'UTC'), {after_trace:String}, {after_span:String})`
    : ''
  return db.query<RequestRow>(
    `select ${columns} from requests as r where ${sql} ${position}
    order by timestamp desc, trace_id desc, span_id desc limit {limit:UInt32}`,
    {
      ...params,
      limit,
      ...(after && { after_us: after.timestamp_us, after_trace: after.trace_id, after_span: after.span_id }),
    },
  )
}

function cursorOf({ timestamp_us, trace_id, span_id }: RequestRow): Cursor {
  return { timestamp_us, trace_id, span_id }
}

export interface RequestDetail extends RequestRow {
  parent_span_id: string
  request_id: string
  requested_model: string
  model_version: string
  api_key: string
  variant: string
  prompt_version: string
  queue_ms: number | null
  prefill_ms: number | null
  decode_ms: number | null
  cache_write_tokens: number | null
  reasoning_tokens: number | null
  max_tokens: number | null
  context_window: number | null
  cache_hit: boolean
  input_cost_usd: number | null
  output_cost_usd: number | null
  cache_savings_usd: number | null
  reported_cost_usd: number | null
  price_id: string
  price_version: string
  input: string
  output: string
  dialect: string
  role: CallRole
  /** Spans that report this call, its own among them, and their dialects; empty when there is but one. */
  merged_span_ids: string[]
  merged_dialects: string[]
  /** Fields that the spans around the call say, not the call itself. */
  inherited_fields: string[]
  input_token_basis: 'inclusive' | 'exclusive' | ''
  usage_source: 'reported' | 'estimated' | ''
  service_tier: string
  attributes: Record<string, string>
}

/** Every field of the request that a span is, or was merged into; null when there is none by these ids. */
export async function requestDetail(db: Db, traceId: string, spanId: string): Promise<RequestDetail | null> {
  const [request] = await findInTrace(db, traceId, (times) =>
    db.query<RequestDetail>(
      `select ${columns},
      parent_span_id, request_id, requested_model, model_version, api_key, variant, prompt_version, queue_ms, prefill_ms,
      decode_ms, cache_write_tokens, reasoning_tokens, max_tokens, context_window, cache_hit,
      toFloat64(input_cost_usd) as input_cost_usd, toFloat64(output_cost_usd) as output_cost_usd,
      toFloat64(cache_savings_usd) as cache_savings_usd, toFloat64(reported_cost_usd) as reported_cost_usd,
      price_id, price_version, input, output, dialect, role, merged_span_ids, merged_dialects, inherited_fields,
      input_token_basis, usage_source, service_tier, attributes
    from requests as r
    where ${times.sql} and trace_id = {trace_id:String} and (span_id = {span_id:String} or has(r.merged_span_ids, {span_id:String}))
    order by span_id = {span_id:String} desc, timestamp desc limit 1`,
      { ...times.params, trace_id: traceId, span_id: spanId },
    ),
  )
  return request ?? null
}

/** How many of the range were stored after `since` (epoch ms): those that a list read then does not have. Reads `requests`. */
export async function newRequests(db: Db, filter: Filter, range: TimeRange, since: number): Promise<number> {
  const { sql, params } = where(filter, range)
  const [row] = await db.query<{ requests: number }>(
    `select count() as requests from requests as r
    where ${sql} and r.inserted_at > fromUnixTimestamp64Milli({since:Int64}, 'UTC')`,
    { ...params, since },
  )
  return row?.requests ?? 0
}
