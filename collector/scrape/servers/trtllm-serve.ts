import {
  counter,
  counterBy,
  gauge,
  hasAny,
  product,
  renamedMeasures,
  secondsHistogram,
  type Hint,
  type InferenceServer,
} from '../server.ts'
import { nim } from './nim.ts'

const perfMetrics: Hint = {
  reason: 'the engine reports it only when told to',
  fix: 'set return_perf_metrics: true in the options file of trtllm-serve',
}
const iterations: Hint = {
  reason: 'the engine reports its iterations only when told to',
  fix: 'set enable_iter_perf_stats: true and return_perf_metrics: true in the options file of trtllm-serve',
}

/** TensorRT-LLM's own server. https://nvidia.github.io/TensorRT-LLM/commands/trtllm-serve/trtllm-serve.html */
export const trtllmServe: InferenceServer = {
  name: 'trtllm-serve',
  role: 'engine',
  version: [{ path: '/version', field: 'version' }],
  detect: hasAny(
    'trtllm_request_success_total',
    'trtllm_e2e_request_latency_seconds',
    'trtllm_time_to_first_token_seconds',
    'trtllm_num_requests_running',
    'trtllm_num_active_requests',
    'trtllm_kv_cache_utilization',
  ),
  modelLabels: ['model_name'],
  measures: {
    running: gauge('trtllm_num_requests_running', 'trtllm_num_active_requests'),
    waiting: gauge('trtllm_num_requests_waiting', 'trtllm_server_queue_length'),
    kv_cache_ratio: gauge('trtllm_kv_cache_utilization'),
    kv_capacity_tokens: product(gauge('trtllm_kv_cache_max_blocks'), gauge('trtllm_kv_cache_tokens_per_block')),
    max_concurrency: gauge('trtllm_max_num_active_requests', 'trtllm_max_batch_size_runtime'),
    batch_size: gauge('trtllm_num_scheduled_requests'),
    input_tokens: counter('trtllm_prompt_tokens_total'),
    output_tokens: counter('trtllm_generation_tokens_total'),
    requests_ok: counter('trtllm_request_success_total', 'trtllm_num_requests_completed_total'),
    requests_failed: counter('trtllm_request_error_total'),
    finished: counterBy('finished_reason', 'trtllm_request_success_total'),
    prefix_hit_ratio: gauge('trtllm_kv_cache_hit_rate'),
    draft_tokens: counter('trtllm_spec_decode_num_draft_tokens_total'),
    accepted_tokens: counter('trtllm_spec_decode_num_accepted_tokens_total'),
    ttft_ms: secondsHistogram('trtllm_time_to_first_token_seconds'),
    tpot_ms: secondsHistogram('trtllm_time_per_output_token_seconds'),
    e2e_ms: secondsHistogram('trtllm_e2e_request_latency_seconds'),
    queue_ms: secondsHistogram('trtllm_request_queue_time_seconds'),
    prefill_ms: secondsHistogram('trtllm_request_prefill_time_seconds'),
    decode_ms: secondsHistogram('trtllm_request_decode_time_seconds'),
  },
  optional: ['draft_tokens', 'accepted_tokens', 'max_concurrency', 'prefill_ms', 'decode_ms', 'requests_failed'],
  hints: {
    running: [iterations],
    waiting: [iterations],
    kv_cache_ratio: [iterations],
    kv_capacity_tokens: [iterations],
    batch_size: [iterations],
    prefix_hit_ratio: [iterations],
    ttft_ms: [perfMetrics],
    tpot_ms: [perfMetrics],
    e2e_ms: [perfMetrics],
    queue_ms: [perfMetrics],
  },
  otherwise: { reason: 'not on the page of this version', fix: 'upgrade TensorRT-LLM' },
}

const requestsOnly: Hint = { reason: 'this version reports requests only', fix: 'upgrade TensorRT-LLM' }

/** To about 1.1 it had five families and no prefix: NIM's names, but NIM has more. */
export const trtllmServeEarly: InferenceServer = {
  ...trtllmServe,
  detect: (families) =>
    hasAny('e2e_request_latency_seconds', 'request_queue_time_seconds')(families) && !nim.detect(families),
  measures: renamedMeasures(trtllmServe, (metric) => metric.replace(/^trtllm_/, '')),
  hints: { ...trtllmServe.hints, running: [requestsOnly], waiting: [requestsOnly], kv_cache_ratio: [requestsOnly] },
  otherwise: requestsOnly,
}
