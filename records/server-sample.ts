/**
 * One model on one inference server instance at one scrape; table `server_samples`.
 * Counters are reset-safe increases over interval_ms (null on the first scrape); histograms are bucket increases.
 */
import type { EpochMicros } from './span.ts'

/** A histogram's increase over the interval. `counts` has one more entry than `bounds_ms`: the last is +Inf. Not cumulative. */
export interface HistogramDelta {
  bounds_ms: number[]
  counts: number[]
  sum_ms: number
}

/** Tokens per request over the interval. `counts` has one more entry than `bounds`: the last is +Inf. Not cumulative. */
export interface TokenHistogram {
  bounds: number[]
  counts: number[]
  sum: number
}

/** An engine runs models; a gateway forwards to engines, so that adding the two up would count a request twice. */
export type ServerRole = 'engine' | 'gateway'

export interface ServerSample {
  timestamp: EpochMicros
  /** Since the sample before; null on the first. */
  interval_ms: number | null
  /** vllm, sglang, … */
  server: string
  role: ServerRole
  /** host:port of the target. */
  instance: string
  /** The endpoint the target was configured for; empty when unknown. */
  endpoint: string
  /** As the server names it, normalised like LlmRequest.model. */
  model: string
  running: number | null
  waiting: number | null
  kv_cache_ratio: number | null
  /** Requests that the server runs at once at most. */
  max_concurrency: number | null
  /** What the KV cache holds when full. */
  kv_capacity_tokens: number | null
  /** Sequences in the batch of the last step. */
  batch_size: number | null
  input_tokens: number | null
  output_tokens: number | null
  /** Ended in any way, `requests_failed` among them; null where good and failed ones are counted apart. */
  requests: number | null
  requests_ok: number | null
  requests_failed: number | null
  preemptions: number | null
  /** In tokens. */
  prefix_hits: number | null
  prefix_queries: number | null
  /** As the server says it, over a time of its choice; null where hits and queries are counted. */
  prefix_hit_ratio: number | null
  /** Steps of the engine, and the tokens that they processed: their quotient is the batch in tokens. */
  steps: number | null
  step_tokens: number | null
  /** Speculative decoding: tokens proposed, and those of them that were kept. */
  draft_tokens: number | null
  accepted_tokens: number | null
  /** As the server says it, over a time of its choice; null where drafts are counted. */
  draft_acceptance_ratio: number | null
  /** LoRA adapters in use, and how many fit at once. */
  lora_active: number | null
  lora_max: number | null
  /** Names of the adapters in use, where the server says them. */
  lora_adapters: string[]
  /** Answers of the HTTP server with these statuses. */
  http_4xx: number | null
  http_5xx: number | null
  /** Finish reason → requests. */
  finished: Map<string, number>
  ttft_ms: HistogramDelta | null
  /** Inter-token latency: one observation a token. */
  itl_ms: HistogramDelta | null
  /** One observation a request. */
  tpot_ms: HistogramDelta | null
  e2e_ms: HistogramDelta | null
  queue_ms: HistogramDelta | null
  prefill_ms: HistogramDelta | null
  decode_ms: HistogramDelta | null
  request_input_tokens: TokenHistogram | null
  request_output_tokens: TokenHistogram | null
  /** True when a counter went backwards since the sample before: the server restarted. */
  restarted: boolean
}

/** A sample that says nothing yet. */
export function emptyServerSample(): ServerSample {
  return {
    timestamp: 0,
    interval_ms: null,
    server: '',
    role: 'engine',
    instance: '',
    endpoint: '',
    model: '',
    running: null,
    waiting: null,
    kv_cache_ratio: null,
    max_concurrency: null,
    kv_capacity_tokens: null,
    batch_size: null,
    input_tokens: null,
    output_tokens: null,
    requests: null,
    requests_ok: null,
    requests_failed: null,
    preemptions: null,
    prefix_hits: null,
    prefix_queries: null,
    prefix_hit_ratio: null,
    steps: null,
    step_tokens: null,
    draft_tokens: null,
    accepted_tokens: null,
    draft_acceptance_ratio: null,
    lora_active: null,
    lora_max: null,
    lora_adapters: [],
    http_4xx: null,
    http_5xx: null,
    finished: new Map(),
    ttft_ms: null,
    itl_ms: null,
    tpot_ms: null,
    e2e_ms: null,
    queue_ms: null,
    prefill_ms: null,
    decode_ms: null,
    request_input_tokens: null,
    request_output_tokens: null,
    restarted: false,
  }
}

/** Any other scraped series; table `metric_samples`. */
export interface MetricSample {
  timestamp: EpochMicros
  target: string
  name: string
  labels: Map<string, string>
  value: number
}

/** A measure of a target's kind that its page does not have. */
export interface MissingMeasure {
  /** The field of `server_samples` that stays null because of it. */
  measure: string
  /** Series that were looked for, the newest name first. */
  names: string[]
  reason: string
  /** What to change, on the server or here; empty when nothing helps. */
  fix: string
}

export const targetStates = ['up', 'down', 'unknown'] as const
export type TargetState = (typeof targetStates)[number]

/** The health of one scrape target; table `targets`, the newest row of a url counts. */
export interface Target {
  timestamp: EpochMicros
  url: string
  /** vllm, dcgm, …; empty until a page was recognised. */
  kind: string
  endpoint: string
  state: TargetState
  duration_ms: number | null
  series: number | null
  samples: number | null
  /** What is wrong and what to do; empty when up. */
  error: string
  /** What the page should have and does not; empty until one was recognised. */
  missing: MissingMeasure[]
}
