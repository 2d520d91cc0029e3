/** The spans of a trace as a tree of bars on one time axis, of any size: only the rows in sight are there. */
import { useVirtualizer } from '@tanstack/react-virtual'
import {
  IconAlertCircle,
  IconChevronDown,
  IconChevronRight,
  IconClockExclamation,
  IconUnlink,
} from '@tabler/icons-react'
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import type { TraceCall, TraceSpan } from '../../data/traces.ts'
import { formatCount, formatExact, formatMs, formatUsd } from '../../lib/format.ts'
import { isFailed } from '../../lib/trace-calls.ts'
import { axisTicks, traceTree, visibleRows, type Row, type TraceTree } from '../../lib/trace-tree.ts'

const rowHeight = 28

interface TraceWaterfallProps {
  spans: readonly TraceSpan[]
  calls: ReadonlyMap<string, TraceCall>
  /** The open span. */
  open: string | undefined
  onOpen: (span_id: string | undefined) => void
}

export function TraceWaterfall({ spans, calls, open, onOpen }: TraceWaterfallProps) {
  const tree = useMemo(() => traceTree(spans), [spans])
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set())
  const [text, setText] = useState('')
  const [onlyCalls, setOnlyCalls] = useState(false)
  const [marked, setMarked] = useState<string | null>(open ?? null)
  const rows = useMemo(
    () => visibleRows(tree, collapsed, keeping(text, onlyCalls, calls)),
    [tree, collapsed, text, onlyCalls, calls],
  )
  const failed = useMemo(
    () => rows.flatMap(({ node }, index) => (isFailed(node.span, calls.get(node.span.span_id)) ? [index] : [])),
    [rows, calls],
  )
  const parents = useMemo(
    () => tree.nodes.filter(({ children }) => children > 0).map(({ span }) => span.span_id),
    [tree],
  )
  const [zoomed, setZoomed] = useState<TraceSpan | null>(null)
  const shown = useMemo(() => boundsOf(tree, zoomed), [tree, zoomed])
  const at = rows.findIndex(({ node }) => node.span.span_id === marked)

  const mark = (index: number) => {
    const id = rows[Math.max(0, Math.min(index, rows.length - 1))]?.node.span.span_id
    if (id === undefined) return
    setMarked(id)
    if (open !== undefined) onOpen(id)
  }
  const toggle = (id: string, close?: boolean) =>
    setCollapsed((before) => {
      const after = new Set(before)
      if (close ?? !after.has(id)) after.add(id)
      else after.delete(id)
      return after
    })

  return (
    <>
      <div className="trace-tools">
        <input
          type="search"
          className="control"
          placeholder="Find spans"
          aria-label="Find spans"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <button type="button" className="control" aria-pressed={onlyCalls} onClick={() => setOnlyCalls(!onlyCalls)}>
          Only LLM steps
        </button>
        <button
          type="button"
          className="control"
          disabled={failed.length === 0}
          onClick={() => mark(failed.find((index) => index > at) ?? failed[0] ?? 0)}
        >
          Next error ({formatCount(failed.length)})
        </button>
        <button
          type="button"
          className="control"
          onClick={() => setCollapsed(collapsed.size > 0 ? new Set() : new Set(parents))}
        >
          {collapsed.size > 0 ? 'Expand all' : 'Collapse all'}
        </button>
        <button
          type="button"
          className="control"
          disabled={at < 0 && zoomed === null}
          title="Makes the marked span as wide as the axis"
          onClick={() => setZoomed(zoomed === null ? (rows[at]?.node.span ?? null) : null)}
        >
          {zoomed === null ? 'Zoom to span' : 'Whole trace'}
        </button>
        <span className="dim" role="status">
          {rows.length === tree.nodes.length
            ? ''
            : `${formatExact(rows.length)} of ${formatExact(tree.nodes.length)} spans shown`}
        </span>
      </div>
      <Tree
        from_us={tree.from_us}
        shown={shown}
        rows={rows}
        calls={calls}
        collapsed={collapsed}
        at={at}
        open={open}
        onMark={mark}
        onToggle={toggle}
        onOpen={onOpen}
      />
      <p className="trace-key dim">
        <i className="key-critical" /> what the end of the trace waited for <i className="key-ttft" /> first token
      </p>
    </>
  )
}

/** Null when everything is kept. */
function keeping(text: string, onlyCalls: boolean, calls: ReadonlyMap<string, TraceCall>) {
  const wanted = text.trim().toLowerCase()
  if (wanted === '' && !onlyCalls) return null
  return (span: TraceSpan) => {
    const call = calls.get(span.span_id)
    if (onlyCalls && !call) return false
    const words = [
      span.name,
      span.service,
      span.status_message,
      span.span_id,
      call?.model ?? '',
      call?.error_type ?? '',
    ]
    return wanted === '' || words.some((word) => word.toLowerCase().includes(wanted))
  }
}

/** What the axis shows, epoch microseconds. */
interface Bounds {
  from_us: number
  to_us: number
}

/** A span with some room beside it, or the whole trace. */
function boundsOf({ from_us, to_us }: TraceTree<TraceSpan>, zoomed: TraceSpan | null): Bounds {
  if (zoomed === null) return { from_us, to_us }
  const length = Math.max(zoomed.duration_ms * 1000, 10)
  return { from_us: zoomed.timestamp_us - length * 0.05, to_us: zoomed.timestamp_us + length * 1.05 }
}

interface TreeProps {
  /** Start of the trace, epoch microseconds. */
  from_us: number
  shown: Bounds
  rows: readonly Row<TraceSpan>[]
  calls: ReadonlyMap<string, TraceCall>
  collapsed: ReadonlySet<string>
  /** The marked row; -1 when it is not shown. */
  at: number
  open: string | undefined
  onMark: (index: number) => void
  onToggle: (span_id: string, close?: boolean) => void
  onOpen: (span_id: string | undefined) => void
}

function Tree({ from_us, shown, rows, calls, collapsed, at, open, onMark, onToggle, onOpen }: TreeProps) {
  const scroller = useRef<HTMLDivElement>(null)
  // It renders this component anew itself when rows come into sight.
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  })
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' })
  }, [at, virtual])

  const move = (event: KeyboardEvent) => {
    const row = rows[at]
    const page = Math.max(Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1, 1)
    const last = rows.length - 1
    const to = {
      j: at + 1,
      ArrowDown: at + 1,
      k: at - 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: last,
    }[event.key]
    if (to !== undefined) onMark(to)
    else if (event.key === 'ArrowRight' && row?.opens) {
      if (collapsed.has(row.node.span.span_id)) onToggle(row.node.span.span_id, false)
      else onMark(at + 1)
    } else if (event.key === 'ArrowLeft' && row) {
      if (row.opens && !collapsed.has(row.node.span.span_id)) onToggle(row.node.span.span_id, true)
      else onMark(rows.findLastIndex((other, index) => index < at && other.depth < row.depth))
    } else if (event.key === 'Enter' && row) onOpen(row.node.span.span_id)
    else if (event.key === 'Escape' && open !== undefined) onOpen(undefined)
    else return
    event.preventDefault()
  }

  return (
    <div className="trace-tree">
      <Axis shown={shown} from_us={from_us} />
      <div
        ref={scroller}
        className="trace-rows"
        style={{ height: Math.min(rows.length * rowHeight + 2, 640) }}
        role="tree"
        aria-label="Spans"
        tabIndex={0}
        aria-activedescendant={at >= 0 ? `span-row-${at}` : undefined}
        onKeyDown={move}
      >
        <div role="presentation" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const row = rows[index]
            return (
              row && (
                <SpanRow
                  key={`${row.position}`}
                  index={index}
                  top={start}
                  row={row}
                  call={calls.get(row.node.span.span_id)}
                  shown={shown}
                  marked={index === at}
                  isOpen={open === row.node.span.span_id}
                  collapsed={collapsed.has(row.node.span.span_id)}
                  onToggle={() => onToggle(row.node.span.span_id)}
                  onOpen={() => {
                    onMark(index)
                    onOpen(row.node.span.span_id)
                  }}
                />
              )
            )
          })}
        </div>
      </div>
    </div>
  )
}

/** Times since the start of the trace. */
function Axis({ shown, from_us }: { shown: Bounds; from_us: number }) {
  const length_ms = (shown.to_us - shown.from_us) / 1000
  const offset_ms = (shown.from_us - from_us) / 1000
  return (
    <div className="trace-axis" aria-hidden>
      <span className="trace-axis-track">
        {axisTicks(length_ms, 5).map((at) => (
          <i key={at} style={{ left: `${length_ms > 0 ? (at / length_ms) * 100 : 0}%` }}>
            {at + offset_ms === 0 ? '0' : formatMs(at + offset_ms)}
          </i>
        ))}
      </span>
    </div>
  )
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

function SpanRow({ index, top, row, call, shown, marked, isOpen, collapsed, onToggle, onOpen }: SpanRowProps) {
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
