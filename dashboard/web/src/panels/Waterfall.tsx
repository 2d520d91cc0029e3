import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import type { TraceSpan } from '../data/requests.ts'
import { useSpan } from '../data/traces.ts'
import { inTrace } from '../lib/elsewhere.ts'
import { formatCounted, formatMs } from '../lib/format.ts'
import { traceTree, visibleRows, type Node } from '../lib/trace-tree.ts'
import { Failure, PanelSkeleton } from './states.tsx'

interface WaterfallProps {
  trace_id: string
  spans: readonly TraceSpan[]
  /** The span whose request is open. */
  current: string
}

/** Beside a request there is no room for more. */
const mostRows = 60
const none = new Set<string>()

/** The spans of a trace on one time axis; a click shows a span's attributes. Of a large trace those around the current one. */
export function Waterfall({ trace_id, spans, current }: WaterfallProps) {
  const [open, setOpen] = useState<string | null>(null)
  const tree = useMemo(() => traceTree(spans), [spans])
  const rows = useMemo(
    () => visibleRows(tree, none, spans.length > mostRows ? around(tree.nodes, current) : null).slice(0, mostRows),
    [tree, spans, current],
  )
  const whole = Math.max(tree.to_us - tree.from_us, 1)
  return (
    <>
      <ol className="waterfall">
        {rows.map(({ node: { span }, position, depth }) => {
          const start = (span.timestamp_us - tree.from_us) / whole
          const width = Math.min((span.duration_ms * 1000) / whole, 1 - start)
          return (
            <li key={position} data-current={span.span_id === current} data-error={span.status === 'error'}>
              <button
                type="button"
                aria-expanded={open === span.span_id}
                onClick={() => setOpen(open === span.span_id ? null : span.span_id)}
              >
                <span
                  className="waterfall-name"
                  style={{ paddingLeft: Math.min(depth, 8) * 10 }}
                  title={`${span.service} ${span.name}`}
                >
                  {span.name}
                </span>
                <span className="waterfall-track">
                  <i style={{ left: `${start * 100}%`, width: `${Math.max(width * 100, 0.6)}%` }} />
                </span>
                <span className="waterfall-time">{formatMs(span.duration_ms)}</span>
              </button>
              {open === span.span_id && <SpanFields trace_id={trace_id} span_id={span.span_id} />}
            </li>
          )
        })}
      </ol>
      <p>
        <Link to="/traces/$trace_id" params={{ trace_id }} search={inTrace(current) as never} className="panel-link">
          {rows.length < spans.length
            ? `Open the trace: ${formatCounted(spans.length - rows.length, 'span')} more`
            : 'Open the trace'}
        </Link>
      </p>
    </>
  )
}

/** Its ancestors, itself, and what is right below it and beside it. */
function around(nodes: readonly Node<TraceSpan>[], current: string): (span: TraceSpan) => boolean {
  const at = nodes.findIndex(({ span }) => span.span_id === current)
  const kept = new Set<TraceSpan>()
  for (let position = at; position >= 0; position = nodes[position]?.parent ?? -1) {
    const node = nodes[position]
    if (node) kept.add(node.span)
  }
  const parent = nodes[at]?.parent ?? -1
  for (const node of nodes) if (node.parent === at || (parent >= 0 && node.parent === parent)) kept.add(node.span)
  return (span) => kept.has(span)
}

function SpanFields({ trace_id, span_id }: { trace_id: string; span_id: string }) {
  const { data, error, isPending, refetch } = useSpan(trace_id, span_id)
  if (isPending) return <PanelSkeleton height={60} />
  if (error) return <Failure error={error} retry={() => void refetch()} height={60} />
  const { span } = data
  const fields = [
    ['service', span.service],
    ['kind', span.kind],
    ['status', [span.status, span.status_message].filter(Boolean).join(': ')],
    ...Object.entries(span.attributes),
  ]
  return (
    <dl className="fields">
      {fields.map(([name = '', value = '']) => (
        <div key={name}>
          <dt className="mono">{name}</dt>
          <dd className="mono">{value.length > 300 ? `${value.slice(0, 300)}…` : value}</dd>
        </div>
      ))}
    </dl>
  )
}
