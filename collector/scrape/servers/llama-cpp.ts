import { counter, gauge, hasAny, type InferenceServer } from '../server.ts'

/** llama.cpp's server: one model, which the page does not name. https://github.com/ggml-org/llama.cpp/tree/master/tools/server */
export const llamaCpp: InferenceServer = {
  name: 'llama-cpp',
  role: 'engine',
  version: [{ path: '/props', field: 'build_info' }],
  detect: hasAny('llamacpp:requests_processing', 'llamacpp:prompt_tokens_total', 'llamacpp:tokens_predicted_total'),
  modelLabels: [],
  measures: {
    running: gauge('llamacpp:requests_processing'),
    waiting: gauge('llamacpp:requests_deferred'),
    kv_cache_ratio: gauge('llamacpp:kv_cache_usage_ratio'),
    batch_size: gauge('llamacpp:n_busy_slots_per_decode'),
    input_tokens: counter('llamacpp:prompt_tokens_total'),
    output_tokens: counter('llamacpp:tokens_predicted_total'),
    steps: counter('llamacpp:n_decode_total'),
    draft_tokens: counter('llamacpp:spec_decode_num_draft_tokens_total'),
    accepted_tokens: counter('llamacpp:spec_decode_num_accepted_tokens_total'),
  },
  optional: ['draft_tokens', 'accepted_tokens'],
  hints: {
    kv_cache_ratio: [{ reason: 'newer builds of llama.cpp dropped it', fix: '' }],
    ttft_ms: [
      {
        reason: 'llama.cpp has no histograms',
        fix: 'send requests through the proxy or as traces: those have it',
      },
    ],
    requests_ok: [{ reason: 'llama.cpp does not count requests', fix: '' }],
  },
  otherwise: { reason: 'not on the page of this build', fix: 'update llama.cpp' },
}
