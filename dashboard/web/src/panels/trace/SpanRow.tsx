/** One span of a trace as a row: its name in the tree, what marks it, and its bar on the time axis. */
import {
  IconAlertCircle,
  IconChevronDown,
  IconChevronRight,
  IconClockExclamation,
  IconUnlink,
} from '@tabler/icons-react'
import type { TraceCall, TraceSpan } from '../../data/traces.ts'
import { formatCount, formatMs, formatUsd } from '../../lib/format.ts'
import { isFailed } from '../../lib/trace-calls.ts'
import type { Row } from '../../lib/trace-tree.ts'

/** What the axis shows, epoch microseconds. */
export interface Bounds {
  from_us: number
  to_us: number
}

interface SpanRowProps {
  index: number
  top: number
  row: Row<TraceSpan>
  call: TraceCall | undefined
  shown: Bounds
  marked: boolean
  isOpen: boolean
  collapsed: boolean
  onToggle: () => void
  onOpen: () => void
}

/** Deeper rows are not moved further to the right. */
const deepest = 14

export function SpanRow({ index, top, row, call, shown, marked, isOpen, collapsed, onToggle, onOpen }: SpanRowProps) {
  const { node, depth, opens } = row
  const { span } = node
  const failed = isFailed(span, call)
  return (
    <div
      id={`span-row-${index}`}
      role="treeitem"
      aria-level={depth + 1}
      aria-selected={marked}
      {...(opens && { 'aria-expanded': !collapsed })}
      className="trace-row"
      data-open={isOpen}
      data-marked={marked}
      data-call={call !== undefined}
      data-error={failed}
      data-critical={node.critical}
      style={{ transform: `translateY(${top}px)` }}
      onClick={onOpen}
    >
      <span
        className="trace-name"
        style={{ paddingLeft: Math.min(depth, deepest) * 12 }}
        title={[span.service, span.name].filter(Boolean).join(' · ')}
      >
        {opens ? (
          <button
            type="button"
            tabIndex={-1}
            className="trace-caret"
            aria-label={`${collapsed ? 'Expand' : 'Collapse'} ${span.name}`}
            onClick={(event) => {
              event.stopPropagation()
              onToggle()
            }}
          >
            {collapsed ? <IconChevronRight size={14} /> : <IconChevronDown size={14} />}
          </button>
        ) : (
          <i className="trace-caret" />
        )}
        <b>{span.name || 'no name'}</b>
        {collapsed && opens && <span className="dim">{formatCount(node.end - row.position - 1)} below</span>}
        <Marks row={row} failed={failed} message={span.status_message || call?.error_type || ''} />
      </span>
      <span className="trace-call dim">{call && callWords(call)}</span>
      <Bar span={node.span} shown={shown} call={call} />
      <span className="trace-time">{formatMs(span.duration_ms)}</span>
    </div>
  )
}

function Marks({ row: { node }, failed, message }: { row: Row<TraceSpan>; failed: boolean; message: string }) {
  return (
    <>
      {failed && (
        <span className="trace-mark" data-level="critical" title={message || 'failed'}>
          <IconAlertCircle size={13} aria-hidden />
          error
        </span>
      )}
      {node.early_ms > 0 && (
        <span
          className="trace-mark"
          data-level="warning"
          title={`Begins ${formatMs(node.early_ms)} before its parent: the clocks of their machines differ`}
        >
          <IconClockExclamation size={13} aria-hidden />
          clock
        </span>
      )}
      {node.broken !== null && (
        <span
          className="trace-mark"
          data-level="unknown"
          title={
            node.broken === 'missing'
              ? `Its parent ${node.span.parent_span_id} is not stored: it was not sampled, not sent, or is still open`
              : 'It is its own ancestor: its client gave two spans one id'
          }
        >
          <IconUnlink size={13} aria-hidden />
          {node.broken === 'missing' ? 'no parent' : 'loop'}
        </span>
      )}
    </>
  )
}

function callWords(call: TraceCall): string {
  const words = [
    call.model || 'no model name',
    `${formatCount(call.input_tokens)} → ${formatCount(call.output_tokens)}`,
    formatUsd(call.cost_usd),
    call.attempt > 1 ? `attempt ${call.attempt}` : '',
  ]
  return words.filter((word) => word !== '').join(' · ')
}

interface BarProps {
  span: TraceSpan
  shown: Bounds
  call: TraceCall | undefined
}

function Bar({ span, shown, call }: BarProps) {
  const whole = Math.max(shown.to_us - shown.from_us, 1)
  const share = (at_us: number) => (at_us - shown.from_us) / whole
  const left = share(span.timestamp_us)
  const right = share(span.timestamp_us + span.duration_ms * 1000)
  const first = call && call.ttft_ms !== null ? share(call.timestamp_us + call.ttft_ms * 1000) : null
  // Far outside of what is shown there is nothing to draw, and numbers of any size to draw it with.
  const seen = right >= 0 && left <= 1
  const [from, to] = [Math.max(left, -0.01), Math.min(right, 1.01)]
  return (
    <span className="trace-track">
      {seen && <i style={{ left: `${from * 100}%`, width: `max(2px, ${(to - from) * 100}%)` }} />}
      {first !== null && first >= 0 && first <= 1 && (
        <u style={{ left: `${first * 100}%` }} title={`First token after ${formatMs(call?.ttft_ms)}`} />
      )}
    </span>
  )
}
