import { useState } from 'react'
import type { TraceSpan } from '../data/requests.ts'
import { formatMs } from '../lib/format.ts'
import { waterfall } from '../lib/waterfall.ts'

/** The spans of a trace on one time axis; a click shows a span's attributes. */
export function Waterfall({ spans, current }: { spans: readonly TraceSpan[]; current: string }) {
  const [open, setOpen] = useState<string | null>(null)
  return (
    <ol className="waterfall">
      {waterfall(spans).map(({ span, depth, start, width }) => (
        <li key={span.span_id} data-current={span.span_id === current} data-error={span.status === 'error'}>
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
          {open === span.span_id && <SpanFields span={span} />}
        </li>
      ))}
    </ol>
  )
}

function SpanFields({ span }: { span: TraceSpan }) {
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
