import {
  counter,
  gauge,
  hasAny,
  only,
  positiveGauge,
  secondsHistogram,
  tokensHistogram,
  type InferenceServer,
} from '../server.ts'

/** With priorities the series without one is the sum of the others. */
const everyPriority = (name: string) => [only(name, { priority: '' }), { name }]

/**
 * SGLang. Gauges come from its schedulers, at most every 40 decode steps or 30 s.
 * https://docs.sglang.ai/references/production_metrics.html
 */
export const sglang: InferenceServer = {
  name: 'sglang',
  role: 'engine',
  version: [
    { path: '/server_info', field: 'version' },
    { path: '/get_server_info', field: 'version' },
  ],
  detect: hasAny('sglang:num_running_reqs', 'sglang:prompt_tokens_total', 'sglang:token_usage'),
  modelLabels: ['model_name'],
  // With --enable-metrics-for-all-schedulers each of them reports the same batch; data-parallel ranks have their own.
  repeatedOver: ['tp_rank', 'pp_rank', 'moe_ep_rank'],
  measures: {
    running: gauge(...everyPriority('sglang:num_running_reqs')),
    waiting: gauge(...everyPriority('sglang:num_queue_reqs')),
    kv_cache_ratio: gauge('sglang:token_usage'),
    kv_capacity_tokens: gauge('sglang:max_total_num_tokens'),
    input_tokens: counter('sglang:prompt_tokens_total'),
    output_tokens: counter('sglang:generation_tokens_total'),
    requests: counter('sglang:num_requests_total'),
    requests_failed: counter('sglang:num_aborted_requests_total'),
    preemptions: counter('sglang:num_retracted_requests_total'),
    // The gauge cache_hit_rate is 0 while decoding: these tell the truth.
    prefix_hits: counter('sglang:cached_tokens_total'),
    prefix_queries: counter('sglang:prompt_tokens_total'),
    draft_acceptance_ratio: positiveGauge('sglang:spec_accept_rate'),
    lora_active: gauge('sglang:lora_pool_slots_used'),
    lora_max: gauge('sglang:lora_pool_slots_total'),
    http_4xx: counter(only('sglang:http_responses_total', { status_code: /^4/ })),
    http_5xx: counter(only('sglang:http_responses_total', { status_code: /^5/ })),
    ttft_ms: secondsHistogram('sglang:time_to_first_token_seconds'),
    // Per token under both names; renamed in 0.5.
    itl_ms: secondsHistogram('sglang:inter_token_latency_seconds', 'sglang:time_per_output_token_seconds'),
    e2e_ms: secondsHistogram('sglang:e2e_request_latency_seconds'),
    queue_ms: secondsHistogram('sglang:queue_time_seconds'),
    prefill_ms: secondsHistogram(only('sglang:per_stage_req_latency_seconds', { stage: 'prefill_forward' })),
    request_input_tokens: tokensHistogram('sglang:prompt_tokens_histogram'),
    request_output_tokens: tokensHistogram('sglang:generation_tokens_histogram'),
  },
  optional: ['draft_acceptance_ratio', 'lora_active', 'lora_max', 'http_4xx', 'http_5xx', 'preemptions'],
  hints: {
    requests_ok: [{ reason: 'SGLang counts ended requests, not which of them ended well', fix: 'read requests' }],
    request_input_tokens: [{ reason: 'off by default', fix: 'start SGLang with --collect-tokens-histogram' }],
    request_output_tokens: [{ reason: 'off by default', fix: 'start SGLang with --collect-tokens-histogram' }],
  },
  otherwise: { reason: 'added in SGLang 0.5, or seen only after the first request', fix: 'upgrade SGLang' },
  silent: {
    when: hasAny('sglang_num_running_reqs', 'sglang_num_queue_reqs', 'sglang_token_usage'),
    reason: 'the page is the load report of SGLang (/v1/loads), which has no counters',
    fix: "start SGLang with --enable-metrics and write its /metrics as the target's url",
  },
}
