import { counter, gauge, hasAny, meanOfUs, msHistogram, only, product, type InferenceServer } from '../server.ts'

const requests = (request_type: string) => only('nv_trt_llm_request_metrics', { request_type })
const blocks = (kv_cache_block_type: string) => only('nv_trt_llm_kv_cache_block_metrics', { kv_cache_block_type })

const trtLlmOnly = {
  reason: 'only the TensorRT-LLM backend reports it',
  fix: '',
}

/**
 * Triton, any backend, and what its TensorRT-LLM backend adds. Its token metrics are of one iteration, so that none of them
 * is a count of tokens. https://github.com/triton-inference-server/server/blob/main/docs/user_guide/metrics.md
 */
export const triton: InferenceServer = {
  name: 'triton',
  role: 'engine',
  // https://github.com/triton-inference-server/server/tree/main/docs/protocol
  version: [
    {
      path: '/v2',
      field: 'version',
      named: { field: 'name', as: 'triton' },
      ports: { page: '8002', api: '8000' },
    },
  ],
  detect: hasAny('nv_inference_request_success', 'nv_inference_count', 'nv_trt_llm_request_metrics'),
  modelLabels: ['model'],
  wraps: true,
  measures: {
    running: gauge(requests('scheduled')),
    waiting: gauge(requests('waiting'), 'nv_inference_pending_request_count'),
    kv_cache_ratio: gauge(blocks('fraction')),
    kv_capacity_tokens: product(gauge(blocks('max')), gauge(blocks('tokens_per'))),
    max_concurrency: gauge(requests('max')),
    requests_ok: counter('nv_inference_request_success'),
    requests_failed: counter('nv_inference_request_failure'),
    // To the first response of a decoupled model: of one that streams, its first tokens.
    ttft_ms: msHistogram('nv_inference_first_response_histogram_ms'),
    e2e_ms: meanOfUs('nv_inference_request_duration_us', 'nv_inference_request_success'),
    queue_ms: meanOfUs('nv_inference_queue_duration_us', 'nv_inference_request_success'),
  },
  hints: {
    running: [trtLlmOnly],
    kv_cache_ratio: [trtLlmOnly],
    kv_capacity_tokens: [trtLlmOnly],
    max_concurrency: [trtLlmOnly],
    ttft_ms: [
      { reason: 'off by default', fix: 'start Triton with --metrics-config histogram_latencies=true (24.12 or later)' },
    ],
    output_tokens: [
      {
        reason: 'Triton reports the tokens of one iteration, not how many there were',
        fix: 'send requests through the proxy or as traces: those count tokens',
      },
    ],
  },
}
