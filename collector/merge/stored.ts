/** What storage holds of some traces, read back as the records that were written. */
import type { LlmRequest } from '../../records/llm-request.ts'
import type { LogEvent } from '../../records/log-event.ts'
import type { Attributes, EpochMicros, Span } from '../../records/span.ts'
import type { Db } from '../../storage/client.ts'
import { tables } from '../../storage/tables.ts'

export interface TimeSpan {
  from: EpochMicros
  to: EpochMicros
}

const fields = tables.requests.columns.map(({ name }) => name).filter((name) => name !== 'timestamp')
const within = `timestamp >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') AND timestamp <= fromUnixTimestamp64Micro({to:Int64}, 'UTC')`

/** The newest row of each span, those that were taken back among them. Reads `requests`. */
export function storedRows(db: Db, traces: readonly string[], time: TimeSpan): Promise<LlmRequest[]> {
  return requestsOf(
    db,
    `SELECT toUnixTimestamp64Micro(timestamp) AS timestamp_us, ${fields.join(', ')} FROM requests
    WHERE trace_id IN {traces:Array(String)} AND ${within}
    ORDER BY version DESC LIMIT 1 BY timestamp, trace_id, span_id`,
    { traces, ...time },
    0,
  )
}

/** What each span of merged calls said. Reads `request_parts`. */
export function storedParts(db: Db, traces: readonly string[]): Promise<LlmRequest[]> {
  return requestsOf(
    db,
    `SELECT toUnixTimestamp64Micro(timestamp) AS timestamp_us, ${fields.join(', ')} FROM request_parts
    WHERE trace_id IN {traces:Array(String)}`,
    { traces },
    1,
  )
}

async function requestsOf(db: Db, sql: string, params: Record<string, unknown>, final: number): Promise<LlmRequest[]> {
  type Row = Omit<LlmRequest, 'timestamp' | 'is_deleted' | 'attributes'> & {
    timestamp_us: number
    is_deleted: number
    attributes: Record<string, string>
  }
  const rows = await db.query<Row>(sql, params, { settings: { final } })
  return rows.map(({ timestamp_us, ...row }) =>
    Object.assign(row, {
      timestamp: timestamp_us,
      is_deleted: row.is_deleted === 1,
      attributes: new Map(Object.entries(row.attributes)),
    }),
  )
}

/** Spans with what links and describes them; attributes are texts, as stored. Reads `spans`. */
export type StoredSpan = Pick<Span, 'trace_id' | 'span_id' | 'parent_span_id' | 'attributes' | 'resource_attributes'>

/** A trace of more spans has no calls that only the ones beyond would connect. */
const mostSpans = 20_000

export async function storedSpans(db: Db, traces: readonly string[], time: TimeSpan): Promise<StoredSpan[]> {
  type Row = Omit<StoredSpan, 'attributes' | 'resource_attributes'> & {
    attributes: object
    resource_attributes: object
  }
  const rows = await db.query<Row>(
    `SELECT trace_id, span_id, parent_span_id, attributes, resource_attributes FROM spans
    WHERE trace_id IN {traces:Array(String)} AND ${within} LIMIT ${mostSpans} BY trace_id`,
    { traces, ...time },
  )
  return rows.map((row) =>
    Object.assign(row, {
      attributes: new Map(Object.entries(row.attributes)) as Attributes,
      resource_attributes: new Map(Object.entries(row.resource_attributes)) as Attributes,
    }),
  )
}

/** Events of the spans of some traces; content is what was stored of it. Reads `log_events`. */
export async function storedLogs(db: Db, traces: readonly string[], time: TimeSpan): Promise<LogEvent[]> {
  type Row = Omit<LogEvent, 'timestamp' | 'attributes' | 'resource_attributes'> & {
    timestamp_us: number
    attributes: Record<string, string>
    content: Record<string, string>
    resource_attributes: Record<string, string>
  }
  const rows = await db.query<Row>(
    `SELECT toUnixTimestamp64Micro(timestamp) AS timestamp_us, trace_id, span_id, event_name, event_id, severity_number,
      service, environment, scope_name, body, attributes, content, resource_attributes, version
    FROM log_events WHERE trace_id IN {traces:Array(String)} AND span_id != '' AND ${within} LIMIT ${mostSpans} BY trace_id`,
    { traces, ...time },
  )
  return rows.map(({ timestamp_us, content, ...row }) =>
    Object.assign(row, {
      timestamp: timestamp_us,
      attributes: new Map(Object.entries({ ...row.attributes, ...content })),
      resource_attributes: new Map(Object.entries(row.resource_attributes)),
    }),
  )
}

export interface Mark {
  trace_id: string
  request_ids: string[]
  first_us: EpochMicros
  last_us: EpochMicros
  /** Another one when it is named again. */
  named: string
}

/** Where a slice of `limit` marks ends that begins at `sinceMs`; `untilMs` when there are fewer. */
export async function sliceEnd(db: Db, sinceMs: number, untilMs: number, limit: number): Promise<number> {
  const rows = await db.query<{ at: number }>(
    `SELECT toUnixTimestamp64Milli(inserted_at) AS at FROM unsettled_traces
    WHERE inserted_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND inserted_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    ORDER BY inserted_at LIMIT 1 OFFSET {limit:UInt32}`,
    { since: sinceMs, until: untilMs, limit },
    { settings: { final: 0 } },
  )
  // Rows that were stored together have one time, and stay together.
  return Math.min((rows[0]?.at ?? untilMs) + 1, untilMs)
}

/** Traces that wait to be settled, by their time. Reads `unsettled_traces`. */
export function marks(db: Db, sinceMs: number, untilMs: number): Promise<Mark[]> {
  return db.query<Mark>(
    `SELECT trace_id, groupUniqArrayIf(request_id, request_id != '') AS request_ids,
      toUnixTimestamp64Micro(min(timestamp)) AS first_us, toUnixTimestamp64Micro(max(greatest(timestamp, end_timestamp))) AS last_us,
      toString(sum(cityHash64(timestamp, request_id, reason, inserted_at))) AS named
    FROM unsettled_traces
    WHERE inserted_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND inserted_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    GROUP BY trace_id ORDER BY first_us, trace_id`,
    { since: sinceMs, until: untilMs },
    { settings: { final: 0 } },
  )
}

/** A trace of more calls is left as it came: it would have to be read whole, again and again. */
const mostCalls = 5_000

/** Traces that are to be read together, and how much that is. */
export interface Worth {
  traces: string[]
  calls: number
  /** Of prompts and answers. */
  content_bytes: number
}

/** Of these traces the ones in which something may be merged, each with those that share an id of the provider with it. */
export async function worthALook(db: Db, waiting: readonly Mark[], time: TimeSpan): Promise<Worth[]> {
  const traces = waiting.map(({ trace_id }) => trace_id)
  const ask = <Row>(sql: string, params: object) => db.query<Row>(sql, { ...params, ...time })
  // A part that another trace took in has no row that is seen: it is found beside.
  const kept = await ask<{ id: string }>(
    `SELECT DISTINCT request_id AS id FROM request_parts WHERE trace_id IN {traces:Array(String)} AND request_id != ''`,
    { traces },
  )
  const ids = [...new Set([...waiting.flatMap(({ request_ids }) => request_ids), ...kept.map(({ id }) => id)])]
  const withId = (table: string) =>
    `SELECT trace_id, request_id FROM ${table} WHERE request_id IN {ids:Array(String)} AND ${within}`
  const [alone, linked] = await Promise.all([
    ask<{ trace_id: string }>(
      `SELECT trace_id FROM requests WHERE trace_id IN {traces:Array(String)} AND ${within}
      GROUP BY trace_id HAVING count() > 1 OR countIf(parent_span_id != '' OR notEmpty(merged_span_ids)) > 0
      UNION DISTINCT SELECT trace_id FROM log_events WHERE trace_id IN {traces:Array(String)} AND ${within}
      UNION DISTINCT SELECT trace_id FROM request_parts WHERE trace_id IN {traces:Array(String)}`,
      { traces },
    ),
    ask<{ together: string[] }>(
      `SELECT groupUniqArray(5)(trace_id) AS together FROM (${withId('requests')} UNION ALL ${withId('request_parts')})
      GROUP BY request_id HAVING length(together) BETWEEN 2 AND 4`,
      { ids },
    ),
  ])
  const groups = joined([...alone.map(({ trace_id }) => [trace_id]), ...linked.map(({ together }) => together)])
  const sizes = await ask<{ trace_id: string; calls: number; content_bytes: number }>(
    `SELECT trace_id, count() AS calls, sum(length(input) + length(output)) AS content_bytes FROM requests
    WHERE trace_id IN {found:Array(String)} AND ${within} GROUP BY trace_id`,
    { found: groups.flat() },
  )
  const sizeOf = new Map(sizes.map((size) => [size.trace_id, size]))
  const total = (group: readonly string[], field: 'calls' | 'content_bytes') =>
    group.reduce((sum, trace) => sum + (sizeOf.get(trace)?.[field] ?? 0), 0)
  return groups
    .map((group) => ({ traces: group, calls: total(group, 'calls'), content_bytes: total(group, 'content_bytes') }))
    .filter(({ calls }) => calls <= mostCalls)
}

/** Groups that share a trace become one. */
export function joined(groups: readonly (readonly string[])[]): string[][] {
  const groupOf = new Map<string, Set<string>>()
  for (const group of groups) {
    const known = [...new Set(group.flatMap((trace) => groupOf.get(trace) ?? []))]
    const all = known[0] ?? new Set<string>()
    for (const other of known.slice(1)) for (const trace of other) all.add(trace)
    for (const trace of group) all.add(trace)
    for (const trace of all) groupOf.set(trace, all)
  }
  return [...new Set(groupOf.values())].map((group) => Array.from(group))
}
