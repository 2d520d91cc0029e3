import { counter, gauge, hasAny, secondsHistogram, tokensHistogram, type InferenceServer } from '../server.ts'

/** Text Embeddings Inference: one model, which the page does not name. https://github.com/huggingface/text-embeddings-inference */
export const tei: InferenceServer = {
  name: 'tei',
  role: 'engine',
  version: [{ path: '/info', field: 'version' }],
  detect: hasAny('te_request_count', 'te_request_success', 'te_queue_size', 'te_embed_count'),
  modelLabels: [],
  measures: {
    waiting: gauge('te_queue_size'),
    input_tokens: counter('te_request_input_length_sum'),
    // Counted by method, and again under te_embed_ and te_predict_.
    requests_ok: counter('te_request_success', 'te_embed_success'),
    requests_failed: counter('te_request_failure'),
    steps: counter('te_batch_next_tokens_count'),
    step_tokens: counter('te_batch_next_tokens_sum'),
    e2e_ms: secondsHistogram('te_request_duration', 'te_embed_duration'),
    queue_ms: secondsHistogram('te_request_queue_duration', 'te_embed_queue_duration'),
    request_input_tokens: tokensHistogram('te_request_input_length'),
  },
  hints: { requests_failed: [{ reason: 'TEI writes it after the first failure', fix: '' }] },
  otherwise: { reason: 'TEI writes it after the first request', fix: 'send a request' },
}
