import { counter, gauge, hasAny, secondsHistogram, tokensHistogram, type InferenceServer } from '../server.ts'

const unmeasured = { reason: 'TGI does not measure it', fix: '' }

/** Text Generation Inference: one model, which the page does not name. https://huggingface.co/docs/text-generation-inference/reference/metrics */
export const tgi: InferenceServer = {
  name: 'tgi',
  role: 'engine',
  version: [{ path: '/info', field: 'version' }],
  detect: hasAny('tgi_request_count', 'tgi_queue_size', 'tgi_batch_current_size', 'tgi_request_success'),
  modelLabels: [],
  measures: {
    running: gauge('tgi_batch_current_size'),
    waiting: gauge('tgi_queue_size'),
    batch_size: gauge('tgi_batch_current_size'),
    input_tokens: counter('tgi_request_input_length_sum'),
    output_tokens: counter('tgi_request_generated_tokens_sum'),
    // tgi_request_count repeats these two.
    requests_ok: counter('tgi_request_success'),
    requests_failed: counter('tgi_request_failure'),
    accepted_tokens: counter('tgi_request_skipped_tokens_sum'),
    // Its mean time per token has the prefill in it.
    tpot_ms: secondsHistogram('tgi_request_mean_time_per_token_duration'),
    e2e_ms: secondsHistogram('tgi_request_duration'),
    queue_ms: secondsHistogram('tgi_request_queue_duration'),
    request_input_tokens: tokensHistogram('tgi_request_input_length'),
    request_output_tokens: tokensHistogram('tgi_request_generated_tokens'),
  },
  optional: ['accepted_tokens'],
  hints: {
    ttft_ms: [{ ...unmeasured, fix: 'send requests through the proxy or as traces: those have it' }],
    kv_cache_ratio: [unmeasured],
    prefix_hits: [unmeasured],
    requests_failed: [{ reason: 'TGI writes it after the first failure', fix: '' }],
  },
  otherwise: { reason: 'TGI writes it after the first request', fix: 'send a request' },
}
