import { Link, useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useWholeTrace, type WholeTrace } from '../data/traces.ts'
import { elsewhere } from '../lib/elsewhere.ts'
import {
  formatExactly,
  formatCount,
  formatDateTime,
  formatExact,
  formatIso,
  formatMs,
  formatUsd,
} from '../lib/format.ts'
import { callsBySpan, isFailed, spansWithCalls, sumsOf } from '../lib/trace-calls.ts'
import { useSearch } from '../lib/use-search.ts'
import { Panel } from '../panels/Panel.tsx'
import { Fact } from '../panels/Side.tsx'
import { ConversationPanel } from '../panels/trace/ConversationPanel.tsx'
import { SpanSide } from '../panels/trace/SpanSide.tsx'
import { TraceWaterfall } from '../panels/trace/TraceWaterfall.tsx'
import { Panels } from '../panels/Panels.tsx'
import '../styles/trace.css'

/** One trace: its spans on a time axis with one of them open beside it, or what was said in it. */
export default function Trace() {
  const { trace_id = '' } = useParams({ strict: false })
  const asked = useWholeTrace(trace_id)
  const [search, change] = useSearch()
  const spans = useMemo(() => asked.data && spansWithCalls(asked.data), [asked.data])
  const calls = useMemo(() => callsBySpan(asked.data?.requests ?? []), [asked.data])
  const said = search.view === 'conversation'
  const open = said ? undefined : spans?.find(({ span_id }) => span_id === search.row)
  const onOpen = (span_id: string | undefined) =>
    change(({ row: _row, ...rest }) => (span_id === undefined ? rest : { ...rest, row: span_id }), {
      replace: search.row !== undefined,
    })
  const show = (view: string | undefined) =>
    change(({ view: _view, ...rest }) => (view === undefined ? rest : { ...rest, view }))
  return (
    <div className="trace" data-side={open !== undefined}>
      <Panels>
        <Panel
          title={`Trace ${trace_id}`}
          asked={asked}
          height={300}
          wide
          controls={
            <div className="toggles">
              <button type="button" aria-pressed={!said} onClick={() => show(undefined)}>
                Waterfall
              </button>
              <button type="button" aria-pressed={said} onClick={() => show('conversation')}>
                Conversation
              </button>
            </div>
          }
          table={(data) => ({
            columns: Object.keys(data.spans[0] ?? {}),
            rows: data.spans.map((span) => Object.values(span)),
          })}
        >
          {(data) => (
            <>
              <Summary trace={data} />
              {!said && spans && (
                <TraceWaterfall key={trace_id} spans={spans} calls={calls} open={open?.span_id} onOpen={onOpen} />
              )}
            </>
          )}
        </Panel>
        {said && <ConversationPanel group={{ trace_id }} of="this trace" />}
      </Panels>
      {open && (
        <SpanSide
          key={open.span_id}
          trace_id={trace_id}
          span={open}
          call={calls.get(open.span_id)}
          onClose={() => onOpen(undefined)}
        />
      )}
    </div>
  )
}

function Summary({ trace }: { trace: WholeTrace }) {
  const { spans, stored, limit, requests } = trace
  const sums = sumsOf(requests)
  const from = Math.min(spans[0]?.timestamp_us ?? Infinity, requests[0]?.timestamp_us ?? Infinity)
  const ends = [...spans, ...requests].map((one) => one.timestamp_us + (one.duration_ms ?? 0) * 1000)
  const to = ends.reduce((latest, end) => Math.max(latest, end), from)
  const calls = callsBySpan(requests)
  const failed = spansWithCalls(trace).filter((span) => isFailed(span, calls.get(span.span_id))).length
  const who = requests.find(({ session_id, user_id }) => session_id !== '' || user_id !== '')
  return (
    <div className="trace-summary">
      <dl className="facts">
        <Fact name="Start" value={formatDateTime(from / 1000)} title={formatIso(from / 1000)} />
        <Fact name="Length" value={formatMs((to - from) / 1000)} />
        <Fact name="Spans" value={formatExact(stored)} />
        <Fact name="Failed" value={formatExact(failed)} title="Spans whose status is error, and failed calls" />
        <Fact name="LLM calls" value={formatExact(requests.length)} />
        <Fact name="Tokens in" value={formatCount(sums.input_tokens)} title={formatExact(sums.input_tokens)} />
        <Fact name="Tokens out" value={formatCount(sums.output_tokens)} title={formatExact(sums.output_tokens)} />
        <Fact
          name="Cost"
          value={formatUsd(sums.cost_usd)}
          title={
            sums.unpriced > 0
              ? `without ${formatExactly(sums.unpriced, 'call')} whose cost is unknown`
              : `$${formatExact(sums.cost_usd)}`
          }
        />
      </dl>
      {who && (
        <p className="dim">
          {who.session_id !== '' && (
            <>
              Session{' '}
              <Link
                to="/sessions/$session_id"
                params={{ session_id: who.session_id }}
                search={elsewhere as never}
                className="panel-link"
              >
                {who.session_id}
              </Link>{' '}
            </>
          )}
          {who.user_id !== '' && (
            <>
              User{' '}
              <Link
                to="/users/$user_id"
                params={{ user_id: who.user_id }}
                search={elsewhere as never}
                className="panel-link"
              >
                {who.user_id}
              </Link>
            </>
          )}
        </p>
      )}
      {stored > limit && (
        <p className="request-error">
          Only the first {formatExact(limit)} of its {formatExactly(stored, 'span')} are shown; SQL has them all
        </p>
      )}
    </div>
  )
}
