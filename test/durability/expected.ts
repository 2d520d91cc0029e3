/** What the database must hold in the end, worked out from what was acknowledged. */

export interface SentSpan {
  trace_id: string
  span_id: string
  /** Of the call that it reports; a span of another kind reports none. */
  call: { input_tokens: number; output_tokens: number } | null
}

export interface ExpectedRow {
  trace_id: string
  span_id: string
  input_tokens: number
  output_tokens: number
}

/** Rows of `requests`: one for each span that reports a call. */
export function expectedRequests(spans: readonly SentSpan[]): ExpectedRow[] {
  return spans.flatMap(({ trace_id, span_id, call }) => (call ? [{ trace_id, span_id, ...call }] : []))
}
