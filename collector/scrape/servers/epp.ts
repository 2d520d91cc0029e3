import { counter, gauge, secondsHistogram, tokensHistogram, type InferenceServer } from '../server.ts'

/** `inference_model_` to 1.0, `inference_objective_` since 1.1. */
const both = (name: string) => [`inference_objective_${name}`, `inference_model_${name}`]

/**
 * The endpoint picker of the Gateway API Inference Extension, in front of a pool of engines. Values of the pool are read where
 * it serves one model. https://gateway-api-inference-extension.sigs.k8s.io/guides/metrics-and-observability/
 */
export const epp: InferenceServer = {
  name: 'epp',
  role: 'gateway',
  detect: (families) => [...families.keys()].some((name) => /^inference_(objective|model|pool|extension)_/.test(name)),
  modelLabels: ['model_name', 'target_model_name'],
  measures: {
    running: gauge(...both('running_requests')),
    waiting: gauge('inference_pool_per_pod_queue_size'),
    // The average over the pool's servers.
    kv_cache_ratio: gauge('inference_pool_average_kv_cache_utilization'),
    input_tokens: counter(...both('input_tokens_sum')),
    output_tokens: counter(...both('output_tokens_sum')),
    requests: counter(...both('request_total')),
    requests_failed: counter(...both('request_error_total')),
    prefix_hits: counter(...both('prompt_cached_tokens_sum')),
    prefix_queries: counter(...both('input_tokens_sum')),
    ttft_ms: secondsHistogram(...both('request_ttft_seconds')),
    tpot_ms: secondsHistogram(...both('request_tpot_seconds')),
    e2e_ms: secondsHistogram(...both('request_duration_seconds')),
    request_input_tokens: tokensHistogram(...both('input_tokens')),
    request_output_tokens: tokensHistogram(...both('output_tokens')),
  },
  optional: ['prefix_hits', 'prefix_queries', 'requests_failed'],
  hints: {
    ttft_ms: [{ reason: 'measured for streamed answers only', fix: 'stream' }],
    tpot_ms: [{ reason: 'measured for streamed answers only', fix: 'stream' }],
  },
  otherwise: { reason: 'written after the first request', fix: 'send a request' },
}
