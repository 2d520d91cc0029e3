/** From decoded spans to durable rows: every span to `spans`, each model call once to `requests`, priced and redacted. */
import { clientName } from '../records/ingest-issue.ts'
import { tpotMs, type LlmRequest } from '../records/llm-request.ts'
import type { Span } from '../records/span.ts'
import type { Attribution } from './attribution.ts'
import type { EndpointConfig } from './config.ts'
import type { Inbox } from './inbox.ts'
import type { About, IssueLog } from './issues.ts'
import type { Merger } from './merge/index.ts'
import type { DecodedTraces } from './otlp/validate.ts'
import type { KeyUse } from './proxy/keys/use.ts'
import type { AcceptEvents } from './otlp/logs/store.ts'
import { evaluationsOfSpan } from './otlp/evaluations.ts'
import type { Batch, Spool } from './spool/index.ts'

const source = 'pipeline'
/** No model reads or writes a billion tokens in one call: such a count is a mistake, and would ruin every sum. */
const mostTokens = 1e9

const tokenFields = [
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'max_tokens',
  'context_window',
] as const
const timeFields = ['ttfb_ms', 'ttft_ms', 'last_token_ms', 'queue_ms', 'prefill_ms', 'decode_ms'] as const

export interface PipelineOptions {
  spool: Spool
  issues: IssueLog
  inbox: Inbox
  endpoints: readonly EndpointConfig[]
  /** Null: the span is no model call. */
  requestOf: (span: Span) => LlmRequest | null
  attribution: Attribution
  /** Fills the costs in place. */
  price: (request: LlmRequest) => void
  redactor: { request(request: LlmRequest): void; span(span: Span, endpoint: string): Span }
  /** Outlives the pipeline: what it remembers does not depend on the configuration. */
  merger: Pick<Merger, 'add' | 'addLog' | 'take' | 'newCalls' | 'pending' | 'forget' | 'failed'>
  /** Told of each call once, when its first row is durable; corrections of it are not told. */
  countCall: (request: LlmRequest) => void
  /** Makes log events durable. */
  storeLogs: AcceptEvents
  /** Rises with every call. */
  nextVersion: () => number
}

/** Resolves once every span is durable; rejects with SpoolFull. */
export type Accept = (decoded: Pick<DecodedTraces, 'spans'>) => Promise<void>

/** A call that was seen itself: the span is that of the call, and nothing has to be read out of it. */
export interface SeenCall {
  span: Span
  request: LlmRequest
  /** The virtual key of the proxy that it was made with. */
  key?: KeyUse | undefined
}

/** Resolves once every call is durable; rejects with SpoolFull. Takes the records over. */
export type AcceptCalls = (calls: readonly SeenCall[]) => Promise<void>

export interface Pipeline {
  spans: Accept
  calls: AcceptCalls
  /** GenAI events that came as logs: stored, and joined to the calls of their spans. */
  logs: AcceptEvents
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const {
    storeLogs,
    spool,
    issues,
    inbox,
    requestOf,
    attribution,
    price,
    redactor,
    endpoints,
    merger,
    nextVersion,
    countCall,
  } = options
  const endpointOf = endpointFinder(endpoints)

  return {
    async spans({ spans }) {
      const stored = spans.map((span) => {
        const { request, stored } = take(span, requestOf)
        inbox.observe(span, request)
        return stored
      })
      // Explanations are content, so they are taken from what is stored.
      await append({ spans: stored, evaluations: stored.flatMap(evaluationsOfSpan) })
    },

    async calls(calls) {
      const stored = calls.map(({ span, request, key }) => {
        const taken = take(span, () => request, key)
        key?.settle(taken.request)
        return taken.stored
      })
      await append({ spans: stored })
    },

    async logs(events) {
      await storeLogs(events)
      for (const event of events) merger.addLog(event)
      await append({})
    },
  }

  /** Gives a span to the merger, and back as it is stored. */
  function take(
    span: Span,
    requestOf: PipelineOptions['requestOf'],
    key?: KeyUse,
  ): { request: LlmRequest | null; stored: Span } {
    span.version = nextVersion()
    // Dialects read model, stream and ids out of content that is not stored: redaction comes after.
    const request = toRequest(span, requestOf, key)
    merger.add(span, request, request ? null : attribution.contextOf(span))
    return { request, stored: redactor.span(span, request?.endpoint ?? '') }
  }

  /** Stores rows together with what the merger makes of what it was just given. */
  async function append(batch: Batch): Promise<void> {
    const traces = merger.pending()
    const rows = merger.take()
    const calls = merger.newCalls()
    const durable = spool.append({ ...batch, ...rows })
    merger.forget()
    try {
      await durable
    } catch (error) {
      merger.failed(traces, rows.unsettled_traces, calls)
      throw error
    }
    for (const row of calls.rows) countCall(row)
  }

  /** A dialect or a price that fails costs the request row, never the span. */
  function toRequest(span: Span, requestOf: PipelineOptions['requestOf'], key?: KeyUse): LlmRequest | null {
    try {
      const request = requestOf(span)
      if (!request) return null
      request.version = span.version
      if (!plausible(request))
        issues.add(source, 'absurd_value', 1, `${request.dialect} span of ${request.model}`, about(span))
      attribution.complete(span, request)
      if (key) Object.assign(request, key.who)
      if (request.endpoint === '') request.endpoint = endpointOf(span)
      price(request)
      redactor.request(request)
      return request
    } catch (error) {
      issues.add(source, 'dialect_failed', 1, (error as Error).message, about(span))
      return null
    }
  }
}

const about = (span: Span): About => ({ subject: clientName(span.scope_name, span.scope_version), span })

/** Makes impossible counts and times unknown. False when there were any. */
function plausible(request: LlmRequest): boolean {
  let fine = true
  for (const field of tokenFields) {
    const tokens = request[field]
    if (tokens === null || (tokens >= 0 && tokens <= mostTokens)) continue
    request[field] = null
    fine = false
  }
  for (const field of timeFields) {
    const time = request[field]
    if (time === null || (time >= 0 && Number.isFinite(time))) continue
    request[field] = null
    fine = false
  }
  const { duration_ms, ttft_ms, output_tokens } = request
  if (!fine) request.tpot_ms = duration_ms === null ? null : tpotMs(duration_ms, ttft_ms, output_tokens)
  return fine
}

/** The configured endpoint whose upstream the client called: host and port as the span names them. */
function endpointFinder(endpoints: readonly EndpointConfig[]): (span: Span) => string {
  const byHost = new Map<string, string>()
  for (const { name, upstream } of endpoints) {
    if (upstream === undefined) continue
    const { hostname, port, protocol } = new URL(upstream)
    const host = hostname.toLowerCase()
    byHost.set(`${host}:${port || (protocol === 'https:' ? '443' : '80')}`, name)
    // Clients may leave the port out; the first endpoint of a host then stands for it.
    if (!byHost.has(host)) byHost.set(host, name)
  }
  if (byHost.size === 0) return () => ''
  return ({ attributes }) => {
    const host = attributes.get('server.address')
    if (typeof host !== 'string') return ''
    const port = attributes.get('server.port')
    const known = typeof port === 'number' || typeof port === 'string' ? `${host}:${port}` : host
    return byHost.get(known.toLowerCase()) ?? ''
  }
}
