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

export interface ServerSample {
  timestamp: EpochMicros
  /** Since the sample before; null on the first. */
  interval_ms: number | null
  /** vllm, sglang, … */
  server: string
  /** host:port of the target. */
  instance: string
  /** The endpoint the target was configured for; empty when unknown. */
  endpoint: string
  /** As the server names it, normalised like LlmRequest.model. */
  model: string
  running: number | null
  waiting: number | null
  kv_cache_ratio: number | null
  input_tokens: number | null
  output_tokens: number | null
  requests_ok: number | null
  requests_failed: number | null
  preemptions: number | null
  /** In tokens. */
  prefix_hits: number | null
  prefix_queries: number | null
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
  /** True when a counter went backwards since the sample before: the server restarted. */
  restarted: boolean
}

/** Any other scraped series; table `metric_samples`. */
export interface MetricSample {
  timestamp: EpochMicros
  target: string
  name: string
  labels: Map<string, string>
  value: number
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
  /** `static`, or the name of the provider that discovered it. */
  source: string
  /** Labels put on its samples. */
  labels: Readonly<Record<string, string>>
  state: TargetState
  duration_ms: number | null
  series: number | null
  samples: number | null
  /** What is wrong and what to do; empty when up. */
  error: string
}
