import {
  counter,
  counterBy,
  gauge,
  hasAny,
  labelProduct,
  newestLabel,
  newestList,
  only,
  secondsHistogram,
  tokensHistogram,
  type Hint,
  type InferenceServer,
} from '../server.ts'

const failed = /^(abort|error)$/
const well = /^(?!(abort|error)$)/

const v1: Hint = {
  reason: 'the V0 engine does not measure it',
  fix: 'upgrade vLLM: the V1 engine, the only one since 0.11, does',
}

/** vLLM, engines V0 (to 0.8) and V1. https://docs.vllm.ai/en/latest/usage/metrics.html */
export const vllm: InferenceServer = {
  name: 'vllm',
  role: 'engine',
  version: [{ path: '/version', field: 'version' }],
  detect: hasAny(
    'vllm:num_requests_running',
    'vllm:prompt_tokens_total',
    'vllm:generation_tokens_total',
    'vllm:e2e_request_latency_seconds',
  ),
  // Triton's vLLM backend puts its own label.
  modelLabels: ['model_name', 'model'],
  measures: {
    running: gauge('vllm:num_requests_running'),
    waiting: gauge('vllm:num_requests_waiting'),
    // Renamed in vLLM's V1 engine; older servers still send the second name.
    kv_cache_ratio: gauge('vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'),
    kv_capacity_tokens: labelProduct('vllm:cache_config_info', 'num_gpu_blocks', 'block_size'),
    input_tokens: counter('vllm:prompt_tokens_total'),
    output_tokens: counter('vllm:generation_tokens_total'),
    // Named "success" but counts every end of a request; the label says which were none.
    requests_ok: counter(only('vllm:request_success_total', { finished_reason: well })),
    requests_failed: counter(only('vllm:request_success_total', { finished_reason: failed })),
    finished: counterBy('finished_reason', 'vllm:request_success_total'),
    preemptions: counter('vllm:num_preemptions_total'),
    prefix_hits: counter('vllm:prefix_cache_hits_total', 'vllm:gpu_prefix_cache_hits_total'),
    prefix_queries: counter('vllm:prefix_cache_queries_total', 'vllm:gpu_prefix_cache_queries_total'),
    prefix_hit_ratio: gauge('vllm:gpu_prefix_cache_hit_rate'),
    // A histogram, whatever its name says: one observation a step.
    steps: counter('vllm:iteration_tokens_total_count'),
    step_tokens: counter('vllm:iteration_tokens_total_sum'),
    draft_tokens: counter('vllm:spec_decode_num_draft_tokens_total'),
    accepted_tokens: counter('vllm:spec_decode_num_accepted_tokens_total'),
    lora_active: newestList('vllm:lora_requests_info', 'running_lora_adapters'),
    lora_max: newestLabel('vllm:lora_requests_info', 'max_lora'),
    lora_adapters: newestList('vllm:lora_requests_info', 'running_lora_adapters'),
    http_4xx: counter(only('http_requests_total', { status: /^4/ })),
    http_5xx: counter(only('http_requests_total', { status: /^5/ })),
    ttft_ms: secondsHistogram('vllm:time_to_first_token_seconds'),
    // V0 called it "per output token", but observes every token as V1 does.
    itl_ms: secondsHistogram('vllm:inter_token_latency_seconds', 'vllm:time_per_output_token_seconds'),
    tpot_ms: secondsHistogram('vllm:request_time_per_output_token_seconds'),
    e2e_ms: secondsHistogram('vllm:e2e_request_latency_seconds'),
    queue_ms: secondsHistogram('vllm:request_queue_time_seconds'),
    prefill_ms: secondsHistogram('vllm:request_prefill_time_seconds'),
    decode_ms: secondsHistogram('vllm:request_decode_time_seconds'),
    request_input_tokens: tokensHistogram('vllm:request_prompt_tokens'),
    request_output_tokens: tokensHistogram('vllm:request_generation_tokens'),
  },
  optional: [
    'prefix_hit_ratio',
    'draft_tokens',
    'accepted_tokens',
    'lora_active',
    'lora_max',
    'lora_adapters',
    'http_4xx',
    'http_5xx',
  ],
  hints: {
    tpot_ms: [{ reason: 'added to the V1 engine in 2025', fix: 'upgrade vLLM' }],
    prefix_hits: [
      { reason: 'the V0 engine says only a hit rate, read as prefix_hit_ratio', fix: 'upgrade vLLM to the V1 engine' },
    ],
    prefix_queries: [
      { reason: 'the V0 engine says only a hit rate, read as prefix_hit_ratio', fix: 'upgrade vLLM to the V1 engine' },
    ],
    steps: [v1],
    step_tokens: [v1],
    queue_ms: [{ reason: 'added in vLLM 0.6', fix: 'upgrade vLLM' }],
    prefill_ms: [{ reason: 'added in vLLM 0.6', fix: 'upgrade vLLM' }],
    decode_ms: [{ reason: 'added in vLLM 0.6', fix: 'upgrade vLLM' }],
  },
  otherwise: {
    reason: 'not on the page of this version',
    fix: 'if a newer vLLM dropped the name, --show-hidden-metrics-for-version brings it back for one version',
  },
  silent: {
    when: hasAny('http_request_duration_highr_seconds'),
    reason: 'the page has metrics of an HTTP server only, as vLLM writes them when its engine says nothing',
    fix: 'start vLLM without --disable-log-stats',
  },
}
