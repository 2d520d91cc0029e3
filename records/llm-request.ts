/** One call of a model; table `requests`. Field = column = API key = chart key. Unknown is null, never 0. */
import type { EpochMicros } from './span.ts'

export const requestStatuses = ['ok', 'error', 'rate_limited', 'timeout', 'cancelled', 'filtered'] as const
export type RequestStatus = (typeof requestStatuses)[number]

/**
 * reported: the client said so · catalogue: price list or override · provisioned: a share of throughput that is paid by the
 * hour, null when its capacity is unknown · gpu: from GPU hours · unknown: cost is null.
 */
const costSources = ['reported', 'catalogue', 'provisioned', 'gpu', 'unknown'] as const
export type CostSource = (typeof costSources)[number]

/** Who reported a call: an SDK's instrumentation, a framework around it, a gateway in between, the inference server. */
export const callRoles = ['client', 'framework', 'gateway', 'engine'] as const
export type CallRole = (typeof callRoles)[number]

export interface LlmRequest {
  timestamp: EpochMicros
  /** Null when the source knows none, as imported logs may: an unknown duration must not drag percentiles to 0. */
  duration_ms: number | null
  ttft_ms: number | null
  /** (duration − TTFT) / (output_tokens − 1); null unless all three are known and output_tokens > 1. */
  tpot_ms: number | null
  queue_ms: number | null
  prefill_ms: number | null
  decode_ms: number | null
  streamed: boolean

  trace_id: string
  span_id: string
  parent_span_id: string
  request_id: string

  service: string
  environment: string
  provider: string
  endpoint: string
  region: string
  instance: string
  /** Normalised: `gpt-4o-2024-08-06` → `gpt-4o`, the rest in model_version. */
  model: string
  requested_model: string
  model_version: string
  /** chat, text_completion, embeddings, generate_content, … (OTel's gen_ai.operation.name). */
  operation: string

  user_id: string
  team: string
  feature: string
  session_id: string
  /** A hash or a name, never the key. */
  api_key: string

  variant: string
  prompt_name: string
  prompt_version: string

  /** Total, with cached and cache-written tokens in it. */
  input_tokens: number | null
  cached_input_tokens: number | null
  cache_write_tokens: number | null
  /** Total, with reasoning tokens in it. */
  output_tokens: number | null
  reasoning_tokens: number | null
  max_tokens: number | null
  context_window: number | null
  /** How the client counted input: with cached tokens in it, or without (they were added here). Empty without cached tokens. */
  input_token_basis: 'inclusive' | 'exclusive' | ''
  /** Whether token counts are the server's or somebody's estimate; empty when there are none. */
  usage_source: 'reported' | 'estimated' | ''
  /** batch, flex, priority or the vendor's own word; empty for the usual tier. */
  service_tier: string

  status: RequestStatus
  error_type: string
  http_status: number | null
  /** stop, length, tool_calls, content_filter, error or the vendor's own word. */
  finish_reason: string
  attempt: number
  cache_hit: boolean

  cost_usd: number | null
  input_cost_usd: number | null
  output_cost_usd: number | null
  cost_source: CostSource
  /** What prompt caching saved against the uncached rate; null when unknown. */
  cache_savings_usd: number | null
  /** What the client or gateway said it cost, kept beside ours. */
  reported_cost_usd: number | null
  /** Which price matched: `<provider>/<price id>` or `override/<name>`; empty when unknown. */
  price_id: string
  /** Catalogue and its version: `genai-prices@0.1.8`; empty when unknown. */
  price_version: string

  /** Content: empty, redacted or full as configured. JSON of messages when the client sent messages. */
  input: string
  output: string
  /** The dialect that read the span, `import` or `proxy`. */
  dialect: string
  role: CallRole
  /** Spans that report this call, its own among them, and their dialects; empty when there is but one. */
  merged_span_ids: string[]
  merged_dialects: string[]
  /** Fields that the spans around the call say, not the call itself. */
  inherited_fields: string[]
  /** What stands in no other column, as strings. */
  attributes: Map<string, string>
  /** The higher version of one (timestamp, trace_id, span_id) wins; the time of receipt in microseconds. */
  version: number
  /** Taken back: its span turned out to be part of another row. */
  is_deleted: boolean
}

/** A request with nothing known yet: dialects fill in what their span says. */
export function emptyRequest(): LlmRequest {
  return {
    timestamp: 0,
    duration_ms: null,
    ttft_ms: null,
    tpot_ms: null,
    queue_ms: null,
    prefill_ms: null,
    decode_ms: null,
    streamed: false,
    trace_id: '',
    span_id: '',
    parent_span_id: '',
    request_id: '',
    service: '',
    environment: '',
    provider: '',
    endpoint: '',
    region: '',
    instance: '',
    model: '',
    requested_model: '',
    model_version: '',
    operation: '',
    user_id: '',
    team: '',
    feature: '',
    session_id: '',
    api_key: '',
    variant: '',
    prompt_name: '',
    prompt_version: '',
    input_tokens: null,
    cached_input_tokens: null,
    cache_write_tokens: null,
    output_tokens: null,
    reasoning_tokens: null,
    max_tokens: null,
    context_window: null,
    input_token_basis: '',
    usage_source: '',
    service_tier: '',
    status: 'ok',
    error_type: '',
    http_status: null,
    finish_reason: '',
    attempt: 1,
    cache_hit: false,
    cost_usd: null,
    input_cost_usd: null,
    output_cost_usd: null,
    cost_source: 'unknown',
    cache_savings_usd: null,
    reported_cost_usd: null,
    price_id: '',
    price_version: '',
    input: '',
    output: '',
    dialect: '',
    role: 'client',
    merged_span_ids: [],
    merged_dialects: [],
    inherited_fields: [],
    attributes: new Map(),
    version: 0,
    is_deleted: false,
  }
}

/** Time per output token; Microsoft's and vLLM's definition: the first token is TTFT's, the rest share the remainder. */
export function tpotMs(durationMs: number | null, ttftMs: number | null, outputTokens: number | null): number | null {
  if (durationMs === null || ttftMs === null || outputTokens === null || outputTokens <= 1 || durationMs < ttftMs)
    return null
  return (durationMs - ttftMs) / (outputTokens - 1)
}
