/** The spans of a trace as a tree on one time axis: order, depth, what is wrong with it, and which spans it waited for. */

export interface SpanLike {
  span_id: string
  parent_span_id: string
  timestamp_us: number
  duration_ms: number
}

export interface Node<Span> {
  span: Span
  /** Steps from its root. */
  depth: number
  /** Position of the parent in the list; -1 for a root. */
  parent: number
  /** Position behind its last descendant: those of a node are the nodes from its own position on until there. */
  end: number
  children: number
  /** How much earlier it begins than its parent, in ms: clocks of two machines differ. 0 when it does not. */
  early_ms: number
  /** missing: its parent is not stored · loop: it is its own ancestor, or one id names two spans. */
  broken: 'missing' | 'loop' | null
  /** Of the spans that the end of the trace waited for. */
  critical: boolean
}

export interface TraceTree<Span> {
  /** Parents before children, earliest first. */
  nodes: Node<Span>[]
  /** Epoch microseconds. */
  from_us: number
  to_us: number
}

const endOf = (span: SpanLike) => span.timestamp_us + span.duration_ms * 1000

/** Every span once, whatever the parents say. Without recursion: a trace may be 10,000 spans deep. */
export function traceTree<Span extends SpanLike>(spans: readonly Span[]): TraceTree<Span> {
  const sorted = spans.toSorted((a, b) => a.timestamp_us - b.timestamp_us)
  const stored = new Set(sorted.map(({ span_id }) => span_id))
  const children = Map.groupBy(sorted, ({ parent_span_id }) => (stored.has(parent_span_id) ? parent_span_id : ''))
  const nodes: Node<Span>[] = []
  const placed = new Set<Span>()
  const opened = new Set<string>()

  const place = (root: Span, broken: Node<Span>['broken']) => {
    const waiting = [{ span: root, parent: -1, broken }]
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { span, parent } = next
      if (placed.has(span)) continue
      placed.add(span)
      const above = nodes[parent]
      const position = nodes.length
      nodes.push({
        span,
        depth: above ? above.depth + 1 : 0,
        parent,
        end: position + 1,
        children: 0,
        early_ms: above ? Math.max(above.span.timestamp_us - span.timestamp_us, 0) / 1000 : 0,
        broken: next.broken,
        critical: false,
      })
      if (above) above.children += 1
      // Of two spans with one id the first has the children.
      if (opened.has(span.span_id)) continue
      opened.add(span.span_id)
      for (const child of (children.get(span.span_id) ?? []).toReversed())
        waiting.push({ span: child, parent: position, broken: null })
    }
  }
  for (const root of children.get('') ?? []) place(root, root.parent_span_id === '' ? null : 'missing')
  for (const span of sorted) if (!placed.has(span)) place(span, 'loop')

  for (let position = nodes.length - 1; position >= 0; position -= 1) {
    const node = nodes[position] as Node<Span>
    const above = nodes[node.parent]
    if (above) above.end = Math.max(above.end, node.end)
  }
  markCritical(nodes)
  const from_us = sorted[0]?.timestamp_us ?? 0
  return { nodes, from_us, to_us: sorted.reduce((latest, span) => Math.max(latest, endOf(span)), from_us) }
}

/**
 * From the end of the root that ends last backwards: what it waited for is the child that ended last, before that the one that had
 * ended when this one began, and so on. Children that outlive their parent did not hold it up: they count until its end.
 */
function markCritical<Span extends SpanLike>(nodes: Node<Span>[]): void {
  const below = Map.groupBy(nodes.keys(), (position) => (nodes[position] as Node<Span>).parent)
  const at = (position: number) => nodes[position] as Node<Span>
  const last = (below.get(-1) ?? []).reduce<number | null>(
    (best, position) => (best === null || endOf(at(position).span) > endOf(at(best).span) ? position : best),
    null,
  )
  const waiting = last === null ? [] : [{ position: last, until: endOf(at(last).span) }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const node = at(next.position)
    node.critical = true
    let { until } = next
    const byEnd = (below.get(next.position) ?? []).toSorted((a, b) => endOf(at(b).span) - endOf(at(a).span))
    for (const position of byEnd) {
      const { span } = at(position)
      // What began after the others were waited for ran beside them.
      if (span.timestamp_us >= until || (endOf(span) > until && until < next.until)) continue
      waiting.push({ position, until: Math.min(endOf(span), until) })
      until = span.timestamp_us
    }
  }
}

export interface Row<Span> {
  node: Node<Span>
  /** In the tree's list. */
  position: number
  /** Steps from the nearest shown ancestor that has none itself. */
  depth: number
  /** Whether anything shown is below it, were it expanded. */
  opens: boolean
}

/** What is shown: everything that `keep` keeps, but for what is below collapsed spans; depth counts kept ancestors only. */
export function visibleRows<Span extends SpanLike>(
  { nodes }: TraceTree<Span>,
  collapsed: ReadonlySet<string>,
  keep: ((span: Span) => boolean) | null,
): Row<Span>[] {
  const rows: Row<Span>[] = []
  const depths: number[] = []
  const kept = (node: Node<Span>) => keep === null || keep(node.span)
  let hiddenUntil = 0
  // How many are kept before each position: whether a subtree holds any is a difference.
  const before = keep === null ? null : [0]
  if (before) for (const node of nodes) before.push((before.at(-1) ?? 0) + Number(kept(node)))
  nodes.forEach((node, position) => {
    const above = node.parent < 0 ? 0 : (depths[node.parent] ?? 0)
    const shown = kept(node)
    depths[position] = above + Number(shown)
    if (!shown || position < hiddenUntil) return
    const opens = before ? (before[node.end] ?? 0) > (before[position + 1] ?? 0) : node.children > 0
    rows.push({ node, position, depth: above, opens })
    if (opens && collapsed.has(node.span.span_id)) hiddenUntil = node.end
  })
  return rows
}

/** At most `count` round values that a time axis of `length_ms` names, from 0 on, in ms. */
export function axisTicks(length_ms: number, count: number): number[] {
  if (!(length_ms > 0)) return [0]
  const least = length_ms / count
  const power = 10 ** Math.floor(Math.log10(least))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= least) ?? 10 * power
  return Array.from({ length: Math.floor(length_ms / step) + 1 }, (_, index) => index * step)
}
