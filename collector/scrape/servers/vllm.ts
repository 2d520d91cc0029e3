import { counter, counterBy, counterWhere, gauge, secondsHistogram, type InferenceServer } from '../server.ts'

const failures = new Set(['abort', 'error'])

/** vLLM, engines V0 (to 0.8) and V1. https://docs.vllm.ai/en/latest/usage/metrics.html */
export const vllm: InferenceServer = {
  name: 'vllm',
  detect: (families) => families.has('vllm:num_requests_running'),
  modelLabel: 'model_name',
  measures: {
    running: gauge('vllm:num_requests_running'),
    waiting: gauge('vllm:num_requests_waiting'),
    // Renamed in vLLM's V1 engine; older servers still send the second name.
    kv_cache_ratio: gauge('vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'),
    input_tokens: counter('vllm:prompt_tokens_total'),
    output_tokens: counter('vllm:generation_tokens_total'),
    // Named "success" but counts every end of a request; the label says which were none.
    requests_ok: counterWhere('finished_reason', (reason) => !failures.has(reason), 'vllm:request_success_total'),
    requests_failed: counterWhere('finished_reason', (reason) => failures.has(reason), 'vllm:request_success_total'),
    finished: counterBy('finished_reason', 'vllm:request_success_total'),
    preemptions: counter('vllm:num_preemptions_total'),
    prefix_hits: counter('vllm:prefix_cache_hits_total', 'vllm:gpu_prefix_cache_hits_total'),
    prefix_queries: counter('vllm:prefix_cache_queries_total', 'vllm:gpu_prefix_cache_queries_total'),
    ttft_ms: secondsHistogram('vllm:time_to_first_token_seconds'),
    // V0 called it "per output token", but observes every token as V1 does.
    itl_ms: secondsHistogram('vllm:inter_token_latency_seconds', 'vllm:time_per_output_token_seconds'),
    tpot_ms: secondsHistogram('vllm:request_time_per_output_token_seconds'),
    e2e_ms: secondsHistogram('vllm:e2e_request_latency_seconds'),
    queue_ms: secondsHistogram('vllm:request_queue_time_seconds'),
    prefill_ms: secondsHistogram('vllm:request_prefill_time_seconds'),
    decode_ms: secondsHistogram('vllm:request_decode_time_seconds'),
  },
}
