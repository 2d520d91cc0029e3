/** Spans of a trace in the order of a waterfall, with their depth and place on the time axis. */

export interface SpanLike {
  span_id: string
  parent_span_id: string
  timestamp_us: number
  duration_ms: number
}

export interface Bar<Span> {
  span: Span
  depth: number
  /** Start and width as shares of the whole trace, 0–1. */
  start: number
  width: number
}

/** Parents before children, earliest first. A span whose parent is missing, or that is its own ancestor, is a root. */
export function waterfall<Span extends SpanLike>(spans: readonly Span[]): Bar<Span>[] {
  const from = Math.min(...spans.map((span) => span.timestamp_us))
  const to = Math.max(...spans.map((span) => span.timestamp_us + span.duration_ms * 1000))
  const whole = Math.max(to - from, 1)
  const byId = new Map(spans.map((span) => [span.span_id, span]))
  const children = Map.groupBy(spans, (span) => (byId.has(span.parent_span_id) ? span.parent_span_id : ''))
  const bars: Bar<Span>[] = []
  const placed = new Set<string>()

  const place = (span: Span, depth: number) => {
    if (placed.has(span.span_id)) return
    placed.add(span.span_id)
    const start = (span.timestamp_us - from) / whole
    bars.push({ span, depth, start, width: Math.min((span.duration_ms * 1000) / whole, 1 - start) })
    for (const child of early(children.get(span.span_id) ?? [])) place(child, depth + 1)
  }
  for (const root of early(children.get('') ?? [])) place(root, 0)
  for (const span of early(spans)) place(span, 0)
  return bars
}

const early = <Span extends SpanLike>(spans: readonly Span[]) =>
  spans.toSorted((a, b) => a.timestamp_us - b.timestamp_us)
