/** What the database must hold in the end, worked out from what was acknowledged. */

export interface SentSpan {
  trace_id: string
  span_id: string
  /** Empty for a root. */
  parent_span_id: string
  /** Of the call that it reports; a span of another kind reports none. */
  call: { input_tokens: number; output_tokens: number } | null
}

export interface ExpectedRow {
  trace_id: string
  span_id: string
  input_tokens: number
  output_tokens: number
}

/** Rows of `requests`: one for each call, by the outermost of the spans that report it. */
export function expectedRequests(spans: readonly SentSpan[]): ExpectedRow[] {
  const calls = new Set(spans.filter(({ call }) => call).map(({ trace_id, span_id }) => trace_id + span_id))
  return spans.flatMap(({ trace_id, span_id, parent_span_id, call }) =>
    call && !calls.has(trace_id + parent_span_id) ? [{ trace_id, span_id, ...call }] : [],
  )
}
