/** All that one span says, beside the waterfall; of a call also what was said, and what it ran on. */
import { CloseButton } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useRequest } from '../../data/requests.ts'
import { useSpan, type SpanDetail, type TraceCall, type TraceSpan } from '../../data/traces.ts'
import { ApiFailure } from '../../lib/api.ts'
import { inTrace } from '../../lib/elsewhere.ts'
import { formatExactly, formatCount, formatExact, formatIso, formatMs, formatUsd, unknown } from '../../lib/format.ts'
import { Content } from '../Content.tsx'
import { Fact, Fields, SideSection } from '../Side.tsx'
import { Failure, PanelSkeleton } from '../states.tsx'
import { RequestStatus } from '../Status.tsx'
import { UnderSpan } from './UnderSpan.tsx'

interface SpanSideProps {
  trace_id: string
  span: TraceSpan
  call: TraceCall | undefined
  onClose: () => void
}

export function SpanSide({ trace_id, span, call, onClose }: SpanSideProps) {
  return (
    <aside className="panel trace-side" aria-label="Span">
      <header className="request-head">
        <h2>{span.name || 'no name'}</h2>
        {call ? <RequestStatus status={call.status} /> : <span className="dim">{span.status}</span>}
        <CloseButton size="sm" aria-label="Close the span" onClick={onClose} />
      </header>
      {(span.status_message !== '' || (call?.error_type ?? '') !== '') && (
        <p className="request-error">
          {[call?.http_status, call?.error_type, span.status_message].filter(Boolean).join(' · ')}
        </p>
      )}
      <dl className="facts">
        <Fact name="Latency" value={formatMs(span.duration_ms)} title={`${formatExact(span.duration_ms)} ms`} />
        {call && <CallFacts call={call} />}
      </dl>
      {call && (
        <>
          <UnderSpan trace_id={trace_id} call={call} />
          <CallContent trace_id={trace_id} call={call} />
        </>
      )}
      <Said trace_id={trace_id} span={span} />
    </aside>
  )
}

function CallFacts({ call }: { call: TraceCall }) {
  return (
    <>
      <Fact
        name="TTFT"
        value={formatMs(call.ttft_ms)}
        title={call.ttft_ms === null ? (call.streamed ? 'the client does not measure it' : 'not streamed') : undefined}
      />
      <Fact name="TPOT" value={formatMs(call.tpot_ms)} title="Time per output token" />
      <Fact name="In" value={formatCount(call.input_tokens)} title={tokens(call.input_tokens)} />
      <Fact name="Out" value={formatCount(call.output_tokens)} title={tokens(call.output_tokens)} />
      <Fact
        name="Cost"
        value={formatUsd(call.cost_usd)}
        title={call.cost_usd === null ? 'no price is known, or no tokens' : `$${formatExact(call.cost_usd)}`}
      />
      <Fact name="Finish" value={call.finish_reason || unknown} />
      <Fact name="Attempt" value={String(call.attempt)} />
    </>
  )
}

const tokens = (count: number | null) => (count === null ? 'the client did not tell' : formatExactly(count, 'token'))

function CallContent({ trace_id, call }: { trace_id: string; call: TraceCall }) {
  const id = `${trace_id}.${call.span_id}`
  const { data, error, isPending, refetch } = useRequest(id)
  return (
    <>
      <p>
        <Link to="/requests" search={{ open: id } as never} className="panel-link">
          All fields of this request
        </Link>
      </p>
      {isPending && <PanelSkeleton height={120} />}
      {error && <Failure error={error} retry={() => void refetch()} height={80} />}
      {data && <Content request={data.request} />}
    </>
  )
}

function Said({ trace_id, span }: { trace_id: string; span: TraceSpan }) {
  const { data, error, isPending, refetch } = useSpan(trace_id, span.span_id)
  if (isPending) return <PanelSkeleton height={160} />
  if (error instanceof ApiFailure && error.status === 404)
    return <p className="dim">This call was stored without a span.</p>
  if (error) return <Failure error={error} retry={() => void refetch()} height={120} />
  return <Detail span={data.span} />
}

function Detail({ span }: { span: SpanDetail }) {
  const about = {
    span_id: span.span_id,
    parent_span_id: span.parent_span_id,
    start: formatIso(span.timestamp_us / 1000),
    kind: span.kind,
    service: span.service,
    environment: span.environment,
    library: [span.scope_name, span.scope_version].filter(Boolean).join(' '),
  }
  return (
    <>
      <Fields title="Span" fields={about} none="" />
      <Fields title="Attributes" fields={shortened(span.attributes)} none="It has none." />
      {span.events.length > 0 && (
        <SideSection title="Events">
          <ol className="trace-events">
            {span.events.map((event) => (
              <li key={`${event.timestamp_us} ${event.name} ${JSON.stringify(event.attributes).length}`}>
                <b>{event.name}</b>{' '}
                <span className="dim">{formatMs((event.timestamp_us - span.timestamp_us) / 1000)} after its start</span>
                <dl className="fields">
                  {Object.entries(shortened(event.attributes)).map(([name, value]) => (
                    <div key={name}>
                      <dt className="mono">{name}</dt>
                      <dd className="mono">{value}</dd>
                    </div>
                  ))}
                </dl>
              </li>
            ))}
          </ol>
        </SideSection>
      )}
      {span.links.length > 0 && (
        <SideSection title="Links">
          {span.links.map((link) => (
            <p key={`${link.trace_id} ${link.span_id}`}>
              <Link
                to="/traces/$trace_id"
                params={{ trace_id: link.trace_id }}
                search={inTrace(link.span_id) as never}
                className="panel-link mono"
              >
                {link.trace_id}
              </Link>
            </p>
          ))}
        </SideSection>
      )}
      <Fields title="Resource" fields={shortened(span.resource_attributes)} none="It has none." />
    </>
  )
}

const longest = 600

const shortened = (fields: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value.length > longest ? `${value.slice(0, longest)}… (${formatCount(value.length)} characters)` : value,
    ]),
  )
