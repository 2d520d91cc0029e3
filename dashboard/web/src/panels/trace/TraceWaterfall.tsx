/** The spans of a trace as a tree of bars on one time axis, of any size: only the rows in sight are there. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import type { TraceCall, TraceSpan } from '../../data/traces.ts'
import { allFolded, foldedOf, withFolded } from '../../lib/folded.ts'
import { formatCount, formatMs, formatPart } from '../../lib/format.ts'
import { useSetting, useSwitch } from '../../lib/use-choice.ts'
import { useSearch } from '../../lib/use-search.ts'
import { isFailed } from '../../lib/trace-calls.ts'
import { axisTicks, traceTree, visibleRows, type Row, type TraceTree } from '../../lib/trace-tree.ts'
import { SpanRow, type Bounds } from './SpanRow.tsx'

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
  const [search, change] = useSearch()
  // What is typed is not what a slow navigation says it was.
  const [text, setText] = useState(search.find ?? '')
  const [onlyCalls, setOnlyCalls] = useSwitch('only-calls')
  const [marked, setMarked] = useState<string | null>(open ?? null)
  const parents = useMemo(
    () => tree.nodes.filter(({ children }) => children > 0).map(({ span }) => span.span_id),
    [tree],
  )
  const collapsed = useMemo(() => foldedOf(search.folded ?? [], parents), [search.folded, parents])
  const rows = useMemo(
    () => visibleRows(tree, collapsed, keeping(text, onlyCalls, calls)),
    [tree, collapsed, text, onlyCalls, calls],
  )
  const failed = useMemo(
    () => rows.flatMap(({ node }, index) => (isFailed(node.span, calls.get(node.span.span_id)) ? [index] : [])),
    [rows, calls],
  )
  const [zoom, setZoom] = useSetting('zoom', 'none')
  const zoomed = useMemo(() => spans.find(({ span_id }) => span_id === zoom) ?? null, [spans, zoom])
  const shown = useMemo(() => boundsOf(tree, zoomed), [tree, zoomed])
  const at = rows.findIndex(({ node }) => node.span.span_id === marked)

  const find = (wanted: string) => {
    setText(wanted)
    change(({ find: _find, ...rest }) => (wanted === '' ? rest : { ...rest, find: wanted }), { replace: true })
  }
  const mark = (index: number) => {
    const id = rows[Math.max(0, Math.min(index, rows.length - 1))]?.node.span.span_id
    if (id === undefined) return
    setMarked(id)
    if (open !== undefined) onOpen(id)
  }
  const fold = (next: (folded: readonly string[]) => readonly string[]) =>
    change(({ folded = [], ...rest }) => ({ ...rest, folded: [...next(folded)] }), { replace: true })
  const toggle = (id: string, close?: boolean) => fold((folded) => withFolded(folded, id, close))

  return (
    <>
      <div className="trace-tools">
        <input
          type="search"
          className="control"
          placeholder="Find spans"
          aria-label="Find spans"
          value={text}
          maxLength={300}
          onChange={(event) => find(event.currentTarget.value)}
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
        <button type="button" className="control" onClick={() => fold(() => (collapsed.size > 0 ? [] : allFolded))}>
          {collapsed.size > 0 ? 'Expand all' : 'Collapse all'}
        </button>
        <button
          type="button"
          className="control"
          disabled={at < 0 && zoomed === null}
          title="Makes the marked span as wide as the axis"
          onClick={() => setZoom(zoomed === null ? (rows[at]?.node.span.span_id ?? 'none') : 'none')}
        >
          {zoomed === null ? 'Zoom to span' : 'Whole trace'}
        </button>
        <span className="dim" role="status">
          {rows.length === tree.nodes.length ? '' : `${formatPart(rows.length, tree.nodes.length, 'span')} shown`}
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
