import { Link } from '@tanstack/react-router'
import { useRequest, useTrace, type RequestAnswer, type RequestDetail } from '../data/requests.ts'
import { ApiFailure } from '../lib/api.ts'
import { elsewhere } from '../lib/elsewhere.ts'
import { formatCount, formatDateTime, formatExact, formatIso, formatMs, formatUsd, unknown } from '../lib/format.ts'
import { filterColumns, filterLabels, toggleFilter } from '../lib/search.ts'
import { segmentOf } from '../lib/segment.ts'
import { useSearch } from '../lib/use-search.ts'
import { Content } from './Content.tsx'
import { CostLines } from './CostLines.tsx'
import { EndpointLink, ModelLink } from './NameLink.tsx'
import { RanOn } from './RanOn.tsx'
import { Fact, SideSection } from './Side.tsx'
import { Failure, PanelSkeleton } from './states.tsx'
import { RequestStatus } from './Status.tsx'
import { Waterfall } from './Waterfall.tsx'

/** One request whole: what it was, what it cost, what it ran on, its trace and what was said. `id`: trace_id.span_id. */
export default function OpenRequest({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useRequest(id)
  if (isPending) return <PanelSkeleton height={320} />
  if (error instanceof ApiFailure && error.status === 404) return <SpanAlone id={id} />
  if (error) return <Failure error={error} retry={() => void refetch()} height={240} />
  return <Detail answer={data} />
}

/** A span that is no request has its trace all the same. */
function SpanAlone({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useTrace(id)
  if (isPending) return <PanelSkeleton height={320} />
  if (error) return <Failure error={error} retry={() => void refetch()} height={240} />
  return (
    <div className="request">
      <p className="dim">This span is not counted as a request; a click on it shows what it says.</p>
      <SideSection title="Trace">
        <Waterfall trace_id={id.split('.')[0] ?? ''} spans={data.spans} current={id.split('.')[1] ?? ''} />
      </SideSection>
    </div>
  )
}

function Detail({ answer: { request, spans } }: { answer: RequestAnswer }) {
  return (
    <div className="request">
      <header className="request-head">
        <h2>
          <ModelLink name={request.model} />
        </h2>
        <RequestStatus status={request.status} />
        {request.endpoint !== '' && <EndpointLink name={request.endpoint} />}
        <span className="dim" title={formatIso(request.timestamp_us / 1000)}>
          {formatDateTime(request.timestamp_us / 1000)}
        </span>
      </header>
      {request.error_type !== '' && (
        <p className="request-error">{[request.http_status, request.error_type].filter(Boolean).join(' · ')}</p>
      )}
      <Belongs request={request} />
      <Timing request={request} />
      <Tokens request={request} />
      <RanOn request={request} />
      <SideSection title="Trace">
        {spans.length > 0 ? (
          <Waterfall trace_id={request.trace_id} spans={spans} current={request.span_id} />
        ) : (
          <p className="dim">
            This request was stored without spans.{' '}
            <Link
              to="/traces/$trace_id"
              params={{ trace_id: request.trace_id }}
              search={elsewhere as never}
              className="panel-link"
            >
              Open the trace
            </Link>
          </p>
        )}
        <Sources request={request} />
      </SideSection>
      <Content request={request} />
      <Fields request={request} />
    </div>
  )
}

/** The conversation that it is part of, and for whom it was made. */
function Belongs({ request: { session_id, user_id } }: { request: RequestDetail }) {
  if (session_id === '' && user_id === '') return null
  return (
    <p className="belongs">
      {session_id !== '' && (
        <Link to="/sessions/$session_id" params={{ session_id }} search={elsewhere as never} className="panel-link">
          Session {session_id}
        </Link>
      )}
      {user_id !== '' && (
        <Link
          to="/users/$user_id"
          params={{ user_id: segmentOf(user_id) }}
          search={elsewhere as never}
          className="panel-link"
        >
          User {user_id}
        </Link>
      )}
    </p>
  )
}

function Timing({ request }: { request: RequestDetail }) {
  return (
    <dl className="facts">
      <Fact name="Latency" value={formatMs(request.duration_ms)} title={exactMs(request.duration_ms)} />
      <Fact
        name="TTFT"
        value={formatMs(request.ttft_ms)}
        title={
          request.ttft_ms === null
            ? request.streamed
              ? 'the client does not measure it'
              : 'not streamed'
            : exactMs(request.ttft_ms)
        }
      />
      <Fact
        name="TPOT"
        value={formatMs(request.tpot_ms)}
        title={request.tpot_ms === null ? 'needs TTFT and output tokens' : exactMs(request.tpot_ms)}
      />
      <Fact name="Finish" value={request.finish_reason || unknown} />
      <Fact name="Attempt" value={String(request.attempt)} />
      {request.queue_ms !== null && <Fact name="Queue" value={formatMs(request.queue_ms)} />}
      {request.prefill_ms !== null && <Fact name="Prefill" value={formatMs(request.prefill_ms)} />}
      {request.decode_ms !== null && <Fact name="Decode" value={formatMs(request.decode_ms)} />}
    </dl>
  )
}

const exactMs = (ms: number | null) => (ms === null ? 'the client did not tell' : `${formatExact(ms)} ms`)

/** What was counted, and what it cost: the parts beside the sum. */
function Tokens({ request }: { request: RequestDetail }) {
  const rows = [
    ['Input', request.input_tokens, request.input_cost_usd],
    ['of which cached', request.cached_input_tokens, null],
    ['of which written to the cache', request.cache_write_tokens, null],
    ['Output', request.output_tokens, request.output_cost_usd],
    ['of which reasoning', request.reasoning_tokens, null],
  ] as const
  const note = priceNote(request)
  const shown = rows.filter(([name, tokens]) => !name.startsWith('of') || tokens !== null)
  return (
    <SideSection title="Tokens and cost">
      <table className="table breakdown">
        <thead>
          <tr>
            <th />
            <th className="number">Tokens</th>
            <th className="number">Cost</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(([name, tokens, cost]) => (
            <tr key={name} data-part={name.startsWith('of')}>
              <td>{name}</td>
              <td className="number" title={tokens === null ? 'the client did not tell' : undefined}>
                {tokens === null ? unknown : formatExact(tokens)}
              </td>
              <td className="number">{name.startsWith('of') ? '' : formatUsd(cost)}</td>
            </tr>
          ))}
          <tr className="sum">
            <td>Total</td>
            <td className="number">
              {request.input_tokens === null || request.output_tokens === null
                ? unknown
                : formatExact(request.input_tokens + request.output_tokens)}
            </td>
            <td
              className="number"
              title={
                request.cost_usd === null ? 'no price is known, or no tokens' : `$${formatExact(request.cost_usd)}`
              }
            >
              {formatUsd(request.cost_usd)}
            </td>
          </tr>
        </tbody>
      </table>
      {note !== '' && <p className="dim">{note}</p>}
      <CostLines request={request} />
    </SideSection>
  )
}

/** Where the fields come from, when it is more than one span. */
function Sources({ request }: { request: RequestDetail }) {
  const { merged_dialects, inherited_fields, usage_source } = request
  const notes = [
    merged_dialects.length > 0 ? `one call, reported by ${merged_dialects.join(', ')}` : '',
    inherited_fields.length > 0
      ? `from the spans around it: ${inherited_fields.map((field) => field.replaceAll('_', ' ')).join(', ')}`
      : '',
    usage_source === 'estimated' ? 'token counts are an estimate of the client' : '',
  ].filter((note) => note !== '')
  return notes.length === 0 ? null : <p className="dim">{notes.join('; ')}</p>
}

/** Why there is no cost is said below, where it would add up. */
function priceNote(request: RequestDetail): string {
  const { cost_usd, cache_savings_usd, reported_cost_usd, price_id, price_version, cost_source } = request
  const notes = [
    cost_usd === null ? '' : `Price ${price_id || cost_source} ${price_version && `(${price_version})`}`.trim(),
    cache_savings_usd ? `caching saved ${formatUsd(cache_savings_usd)}` : '',
    reported_cost_usd === null ? '' : `the client reported ${formatUsd(reported_cost_usd)}`,
  ]
  return notes.filter((note) => note !== '').join('; ')
}

const described = [
  'requested_model',
  'model_version',
  'variant',
  'prompt_name',
  'prompt_version',
  'max_tokens',
  'context_window',
  'http_status',
  'request_id',
  'trace_id',
  'span_id',
  'parent_span_id',
  'dialect',
  'role',
  'service_tier',
  'input_token_basis',
] as const satisfies (keyof RequestDetail)[]

/** Everything else that is known: filter columns as buttons that filter by their value. */
function Fields({ request }: { request: RequestDetail }) {
  const [, change] = useSearch()
  const filters = filterColumns.filter((column) => (request as Partial<Record<string, unknown>>)[column])
  return (
    <SideSection title="Fields">
      <dl className="fields">
        {filters.map((column) => {
          const value = String((request as unknown as Record<string, unknown>)[column])
          return (
            <div key={column}>
              <dt>{filterLabels[column]}</dt>
              <dd>
                <button
                  type="button"
                  title="Filter by this"
                  onClick={() => change((search) => toggleFilter(search, column, value))}
                >
                  {value}
                </button>
              </dd>
            </div>
          )
        })}
        {described
          .filter((key) => request[key] !== '' && request[key] !== null)
          .map((key) => (
            <div key={key}>
              <dt>{key.replaceAll('_', ' ')}</dt>
              <dd className="mono">{String(request[key])}</dd>
            </div>
          ))}
        {Object.entries(request.attributes).map(([key, value]) => (
          <div key={`attribute ${key}`}>
            <dt className="mono">{key}</dt>
            <dd className="mono">{formatAttribute(value)}</dd>
          </div>
        ))}
      </dl>
    </SideSection>
  )
}

const formatAttribute = (value: string) =>
  value.length > 400 ? `${value.slice(0, 400)}… (${formatCount(value.length)} characters)` : value
