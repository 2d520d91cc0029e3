import { counter, gauge, hasAny, secondsHistogram, tokensHistogram, type InferenceServer } from '../server.ts'

/** LMDeploy, with its own prefix before vLLM's names. https://lmdeploy.readthedocs.io/en/latest/advance/metrics.html */
export const lmdeploy: InferenceServer = {
  name: 'lmdeploy',
  role: 'engine',
  detect: hasAny('lmdeploy:num_requests_running', 'lmdeploy:prompt_tokens_total', 'lmdeploy:gpu_cache_usage_perc'),
  modelLabels: ['model_name'],
  measures: {
    running: gauge('lmdeploy:num_requests_running'),
    waiting: gauge('lmdeploy:num_requests_waiting'),
    kv_cache_ratio: gauge('lmdeploy:gpu_cache_usage_perc'),
    input_tokens: counter('lmdeploy:prompt_tokens_total'),
    // Its counter of generated tokens counts them twice in some versions; lengths of ended requests don't.
    output_tokens: counter('lmdeploy:request_generation_tokens_sum', 'lmdeploy:generation_tokens_total'),
    ttft_ms: secondsHistogram('lmdeploy:time_to_first_token_seconds'),
    itl_ms: secondsHistogram('lmdeploy:time_per_output_token_seconds'),
    e2e_ms: secondsHistogram('lmdeploy:e2e_request_latency_seconds'),
    queue_ms: secondsHistogram('lmdeploy:request_queue_time_seconds'),
    prefill_ms: secondsHistogram('lmdeploy:request_prefill_time_seconds'),
    decode_ms: secondsHistogram('lmdeploy:request_decode_time_seconds'),
    request_input_tokens: tokensHistogram('lmdeploy:request_prompt_tokens'),
    request_output_tokens: tokensHistogram('lmdeploy:request_generation_tokens'),
  },
  optional: ['request_input_tokens', 'request_output_tokens'],
  hints: { requests_ok: [{ reason: 'LMDeploy does not export it', fix: '' }] },
  otherwise: { reason: 'not on the page of this version', fix: 'start LMDeploy with --enable-metrics, or upgrade it' },
}
