/** Test helpers: reports of calls, and a table of rows that replace each other as ClickHouse's do. */
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import type { LogEvent } from '../../records/log-event.ts'
import type { Span } from '../../records/span.ts'
import type { CallContext } from '../attribution.ts'
import { attributesSpan } from '../otlp/attributes-span.ts'
import { resolveTraces, type Resolution } from './resolve.ts'

export const trace = 'a'.repeat(32)
export const start = 1_760_000_000_000_000

/** A report of a call by the span `id`, below the span `parent`. */
export function report(id: string, parent: string, more: Partial<LlmRequest> = {}): LlmRequest {
  return {
    ...emptyRequest(),
    timestamp: start,
    duration_ms: 1_000,
    trace_id: trace,
    span_id: id,
    parent_span_id: parent,
    operation: 'chat',
    model: 'gpt-4o',
    dialect: id,
    ...more,
  }
}

/** The span under a report, or one that is no call. */
export function spanOf(
  known: Pick<LlmRequest, 'trace_id' | 'span_id' | 'parent_span_id' | 'timestamp' | 'duration_ms'>,
): Span {
  const { trace_id, span_id, parent_span_id, timestamp, duration_ms } = known
  return attributesSpan(new Map(), { trace_id, span_id, parent_span_id, timestamp, duration_ms: duration_ms ?? 0 })
}

/** What comes in: a span, as a call or with a context for calls below it. */
export interface Item {
  span: Span
  part: LlmRequest | null
  context: CallContext | null
}

export const called = (part: LlmRequest): Item => ({ span: spanOf(part), part, context: null })
export const around = (id: string, parent: string, context: CallContext | null = null, trace_id = trace): Item => ({
  span: {
    ...spanOf({ trace_id, span_id: id, parent_span_id: parent, timestamp: start, duration_ms: 2_000 }),
    attributes: new Map(Object.entries(context ?? {}).map(([field, value]) => [`inferwatch.${field}`, value])),
  },
  part: null,
  context,
})

/** A message that came as a log record of a span. */
export function logged(span_id: string, event_name: string, content: string, trace_id = trace): LogEvent {
  return {
    timestamp: start,
    trace_id,
    span_id,
    event_name,
    event_id: `${event_name} ${content}`,
    severity_number: 9,
    service: '',
    environment: '',
    scope_name: '',
    body: JSON.stringify({ content }),
    attributes: new Map(),
    resource_attributes: new Map(),
    version: 0,
  }
}

/** Rows by identity, the highest version of each; those taken back do not show. */
export class ReplacingRows {
  private readonly rows = new Map<string, LlmRequest>()

  add(rows: readonly LlmRequest[]): void {
    for (const row of rows) {
      const key = `${row.timestamp} ${row.trace_id} ${row.span_id}`
      const before = this.rows.get(key)
      if (!before || row.version >= before.version) this.rows.set(key, row)
    }
  }

  /** Every row, those taken back among them. */
  all(): LlmRequest[] {
    return [...this.rows.values()]
  }

  live(): LlmRequest[] {
    return this.all().filter((row) => !row.is_deleted)
  }
}

/** Rows without what depends on when they were made, in a fixed order. */
export function comparable(rows: readonly LlmRequest[]): object[] {
  return rows
    .map(({ version: _version, attributes, ...row }) => ({ ...row, attributes: Object.fromEntries(attributes) }))
    .toSorted((a, b) => (a.trace_id + a.span_id < b.trace_id + b.span_id ? -1 : 1))
}

/** Up to three traces; ids of the provider may connect them. `name` keeps those of different calls apart: hex digits. */
export function randomTraces(next: () => number, name: string): Item[] {
  return Array.from({ length: 1 + Math.floor(next() * 3) }, (_, n) => randomTrace(next, `${n}${name}`)).flat()
}

const spanId = (name: string, index: number) => `${name}${index}`.padStart(16, 'e')

/** A tree of spans, some of them calls, some with a context; ids of the provider may connect two traces. */
function randomTrace(next: () => number, name: string): Item[] {
  const traceId = name.padStart(32, 'f')
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T
  return Array.from({ length: 1 + Math.floor(next() * 7) }, (_, index) => {
    const id = spanId(name, index)
    const parent =
      index === 0 ? pick(['', 'lost']) : pick([spanId(name, Math.floor(next() * index)), spanId(name, index - 1)])
    if (next() < 0.4)
      return around(id, parent, next() < 0.5 ? { user_id: `u${id}`, team: pick(['', 't']) } : null, traceId)
    return called(
      report(id, parent, {
        trace_id: traceId,
        timestamp: start + Math.floor(next() * 1e6),
        role: pick(['client', 'framework', 'gateway', 'engine']),
        status: pick(['ok', 'ok', 'error', 'rate_limited']),
        operation: pick(['chat', 'chat', 'chat', 'embeddings']),
        output_tokens: pick([null, 10, 500]),
        usage_source: pick(['reported', 'estimated']),
        request_id: pick(['', `chatcmpl-${name.slice(1)}-shared`, `chatcmpl-${id}-only`]),
        user_id: pick(['', '', 'own']),
        queue_ms: pick([null, 5]),
        attempt: 1,
      }),
    )
  })
}

export function shuffled<T>(values: readonly T[], next: () => number): T[] {
  return values
    .map((value) => ({ value, at: next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value)
}

/** What the rows should be, from all the spans at once. */
export function resolveItems(items: readonly Item[]): Resolution {
  const spans = new Map(items.map((item) => [item.span.trace_id + item.span.span_id, item]))
  return resolveTraces({
    parts: items.flatMap(({ part }) => part ?? []),
    parentOf: (traceId, id) => spans.get(traceId + id)?.span.parent_span_id,
    contextOf: (traceId, id) => spans.get(traceId + id)?.context ?? undefined,
  })
}
