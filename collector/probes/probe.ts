/** One probe: asks, measures as the proxy measures any call, judges, prices. */
import type { LlmRequest, RequestStatus } from '../../records/llm-request.ts'
import type { Probe } from '../../records/probe.ts'
import { durationMs } from '../../records/duration.ts'
import { attributionConfig, type EndpointConfig } from '../config.ts'
import type { SeenCall } from '../pipeline.ts'
import { createObserver } from '../proxy/observe/index.ts'
import { call, type CallOutcome } from './call.ts'
import { coldStart } from './cold-start.ts'
import type { ProbeConfig } from './config.ts'
import { probeRequest, type ProbeRequest } from './request.ts'

export type ProbedEndpoint = EndpointConfig & { upstream: string }

export interface ProbeServices {
  /** Epoch ms. */
  now: () => number
  /** Fills the costs in place. */
  price: (request: LlmRequest) => void
  signal: AbortSignal
}

/** Of the end of an answer; what says that a model was loaded stands there. */
const tailBytes = 4_096
const defaultObjective = 0.999

/** `usual`: TTFT of former probes, in ms. Never rejects. */
export async function runProbe(
  endpoint: ProbedEndpoint,
  probe: ProbeConfig,
  usual: readonly number[],
  { now, price, signal }: ProbeServices,
): Promise<Probe> {
  const startedMs = now()
  const ask = probeRequest(endpoint, probe)
  const watch = watcher(endpoint, ask, startedMs)
  const chunks: Buffer[] = []
  let ttfb_ms: number | null = null
  const outcome = await call(ask, {
    upstream: endpoint.upstream,
    ca_file: endpoint.ca_file,
    timeoutMs: durationMs(probe.timeout),
    signal,
    onhead: (status, headers, atMs) => watch.observation?.responseHead(status, headers, startedMs + atMs),
    onchunk(chunk, atMs) {
      ttfb_ms ??= atMs
      chunks.push(chunk)
      watch.observation?.responseChunk(chunk, startedMs + atMs)
    },
  })
  const request = (await watch.end(outcome))?.request ?? null
  if (request) price(request)
  const answer = Buffer.concat(chunks)
  const text = answer.subarray(-tailBytes).toString()
  const said = request && request.output !== '' ? request.output : answer.toString()
  const judged = judge(probe, outcome, request, said)
  const ttft_ms = request?.ttft_ms ?? null
  return {
    timestamp: Math.round(startedMs * 1000),
    endpoint: endpoint.name,
    probe: nameOf(probe),
    type: probe.type,
    model: request?.model || (probe.model ?? ''),
    ok: judged.error === '',
    ...judged,
    http_status: outcome.status,
    interval_ms: durationMs(probe.interval),
    connect_ms: outcome.connect_ms,
    ttfb_ms,
    ttft_ms,
    duration_ms: outcome.duration_ms,
    input_tokens: request?.input_tokens ?? null,
    output_tokens: request?.output_tokens ?? null,
    tokens_per_second: request ? tokensPerSecond(request) : null,
    cost_usd: request?.cost_usd ?? null,
    certificate_days: outcome.certificate_days,
    cold_start: coldStart({ status: outcome.status, text, ttft_ms }, usual),
    objective_ratio: endpoint.uptime_objective ?? defaultObjective,
  }
}

export const nameOf = ({ name, type }: ProbeConfig): string => name ?? type

/** The observation of the proxy for this one call; nothing of it is stored as a request. */
function watcher(endpoint: ProbedEndpoint, { method, path, headers, body }: ProbeRequest, startedMs: number) {
  const seen: SeenCall[] = []
  const observer = createObserver({
    endpoints: [endpoint],
    content: 'full',
    attribution: attributionConfig.parse({}),
    acceptCalls: (calls) => Promise.resolve(void seen.push(...calls)),
    appendSamples: () => Promise.resolve(),
    issues: { add: () => undefined },
  })
  const observation = observer.begin({ endpoint: endpoint.name, method, path, headers, startedMs })
  const bytes = Buffer.from(body ?? '')
  observation?.requestChunk(bytes)
  return {
    observation,
    async end({ how, duration_ms }: CallOutcome): Promise<SeenCall | null> {
      observation?.end({
        how: ends[how],
        atMs: startedMs + duration_ms,
        requestBytes: bytes.length,
        responseBytes: 0,
      })
      await observer.stop()
      return seen[0] ?? null
    },
  }
}

const ends = {
  complete: 'complete',
  timeout: 'timeout',
  unreachable: 'upstream_unreachable',
  cut_off: 'upstream_aborted',
} as const

/** An empty error is a good answer. */
function judge(
  probe: ProbeConfig,
  { how, status, error }: CallOutcome,
  request: LlmRequest | null,
  said: string,
): { status: RequestStatus; error: string } {
  if (how === 'timeout') return { status: 'timeout', error: `${error}: see whether it is overloaded, or raise timeout` }
  if (how === 'unreachable') return { status: 'error', error: `not reachable: ${reach[error] ?? error}` }
  if (how === 'cut_off') return { status: 'error', error }
  if (!isExpected(probe, status)) {
    const advice = status === null ? '' : (refusals[status] ?? '')
    const failed = request && request.status !== 'ok' ? request.status : status === 429 ? 'rate_limited' : 'error'
    return { status: failed, error: `answered ${status}${advice && `: ${advice}`}` }
  }
  if (probe.type === 'completion') {
    if (!request)
      return { status: 'error', error: 'what it answers is not understood as a completion: see path, or use type http' }
    if (request.status !== 'ok' && request.status !== 'filtered' && (status ?? 0) < 400)
      return { status: request.status, error: `the answer ended with ${request.error_type || request.status}` }
    if ((status ?? 0) < 300 && request.output === '' && !request.output_tokens)
      return { status: 'error', error: 'the answer has no tokens: see model and max_tokens' }
  }
  if (probe.expect_text !== undefined && !said.includes(probe.expect_text))
    return { status: 'error', error: 'the answer lacks the text of expect_text' }
  return { status: 'ok', error: '' }
}

function isExpected({ expect_status: expected }: ProbeConfig, status: number | null): boolean {
  if (status === null) return false
  if (expected === undefined) return status >= 200 && status < 300
  return Array.isArray(expected) ? expected.includes(status) : expected === status
}

const refusals: Record<number, string> = {
  401: 'it wants a key; set api_key of the endpoint, or headers, with ${ENV} for the secret',
  403: 'the key may not do this',
  404: 'it does not know the path or the model; see model and path',
  400: 'it does not take this request; see model and body',
  422: 'it does not take this request; see model and body',
  429: 'its limit is reached, or the quota is used up',
  503: 'it is overloaded, or still starting',
}

const reach: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED); see whether it runs, and its port',
  ENOTFOUND: 'its name is not known (ENOTFOUND); see upstream',
  EAI_AGAIN: 'its name cannot be looked up now (EAI_AGAIN); see the DNS of this machine',
  ECONNRESET: 'it closed the connection (ECONNRESET)',
  EHOSTUNREACH: 'there is no way to its network (EHOSTUNREACH)',
  ENETUNREACH: 'there is no way to its network (ENETUNREACH)',
  CERT_HAS_EXPIRED: 'its certificate has expired (CERT_HAS_EXPIRED)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT); name it as ca_file',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not known (SELF_SIGNED_CERT_IN_CHAIN); name it as ca_file',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not known (UNABLE_TO_VERIFY_LEAF_SIGNATURE); name it as ca_file',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its authority is not known (UNABLE_TO_GET_ISSUER_CERT_LOCALLY); name it as ca_file',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for other names (ERR_TLS_CERT_ALTNAME_INVALID); see upstream',
}

/** Null where the time between two tokens is not known. */
function tokensPerSecond({ streamed, ttft_ms, last_token_ms, output_tokens }: LlmRequest): number | null {
  if (!streamed || ttft_ms === null || last_token_ms === null || output_tokens === null) return null
  const seconds = (last_token_ms - ttft_ms) / 1000
  return output_tokens > 1 && seconds > 0 ? (output_tokens - 1) / seconds : null
}
