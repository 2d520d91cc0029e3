/** The calls of a trace on its spans. */
import type { TraceCall, TraceSpan, WholeTrace } from '../data/traces.ts'

/** Calls by the ids of all spans that report them. */
export function callsBySpan(calls: readonly TraceCall[]): Map<string, TraceCall> {
  const known = new Map<string, TraceCall>()
  for (const call of calls) for (const id of call.merged_span_ids) known.set(id, call)
  // A span's own call before one that it only takes part in.
  for (const call of calls) known.set(call.span_id, call)
  return known
}

/** The spans, and one for each call that was stored without any, as imports and proxies store them. */
export function spansWithCalls({ spans, requests }: Pick<WholeTrace, 'spans' | 'requests'>): TraceSpan[] {
  const stored = new Set(spans.map(({ span_id }) => span_id))
  const alone = requests.filter((call) => ![call.span_id, ...call.merged_span_ids].some((id) => stored.has(id)))
  return [...spans, ...alone.map(spanOf)]
}

function spanOf(call: TraceCall): TraceSpan {
  return {
    timestamp_us: call.timestamp_us,
    duration_ms: call.duration_ms ?? 0,
    span_id: call.span_id,
    parent_span_id: call.parent_span_id,
    name: [call.operation, call.model].filter((word) => word !== '').join(' ') || 'call',
    kind: 'client',
    service: '',
    status: call.error_type === '' ? 'unset' : 'error',
    status_message: '',
  }
}

/** By its span or by its call; what the caller cancelled did not fail. */
export const isFailed = (span: TraceSpan, call: TraceCall | undefined) =>
  span.status === 'error' || (call !== undefined && call.status !== 'ok' && call.status !== 'cancelled')

export interface TraceSums {
  input_tokens: number | null
  output_tokens: number | null
  cost_usd: number | null
  /** Calls whose cost is unknown: the sum leaves them out. */
  unpriced: number
}

/** Null where no call tells; each call once, however many spans report it. */
export function sumsOf(calls: readonly TraceCall[]): TraceSums {
  const sum = (values: (number | null)[]) => {
    const known = values.filter((value) => value !== null)
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
  }
  return {
    input_tokens: sum(calls.map((call) => call.input_tokens)),
    output_tokens: sum(calls.map((call) => call.output_tokens)),
    cost_usd: sum(calls.map((call) => call.cost_usd)),
    unpriced: calls.filter((call) => call.cost_usd === null).length,
  }
}
