import {
  counter,
  gauge,
  hasAny,
  only,
  product,
  secondsHistogram,
  tokensHistogram,
  type InferenceServer,
} from '../server.ts'

const frontend = (name: string) => `dynamo_frontend_${name}`

/** NVIDIA Dynamo's frontend; its workers' own engines are scraped beside it. https://docs.nvidia.com/dynamo/ */
export const dynamo: InferenceServer = {
  name: 'dynamo',
  role: 'gateway',
  detect: hasAny(frontend('requests_total'), frontend('inflight_requests'), frontend('request_duration_seconds')),
  modelLabels: ['model'],
  measures: {
    running: gauge(frontend('inflight_requests')),
    waiting: gauge(frontend('queued_requests')),
    max_concurrency: gauge(frontend('model_max_num_seqs')),
    kv_capacity_tokens: product(gauge(frontend('model_total_kv_blocks')), gauge(frontend('model_kv_cache_block_size'))),
    input_tokens: counter(frontend('input_sequence_tokens_sum')),
    output_tokens: counter(frontend('output_tokens_total'), frontend('output_sequence_tokens_sum')),
    requests_ok: counter(only(frontend('requests_total'), { status: 'success' })),
    requests_failed: counter(only(frontend('requests_total'), { status: /^(?!success$)/ })),
    prefix_hits: counter(frontend('cached_tokens_sum')),
    prefix_queries: counter(frontend('input_sequence_tokens_sum')),
    ttft_ms: secondsHistogram(frontend('time_to_first_token_seconds')),
    itl_ms: secondsHistogram(frontend('inter_token_latency_seconds')),
    e2e_ms: secondsHistogram(frontend('request_duration_seconds')),
    request_input_tokens: tokensHistogram(frontend('input_sequence_tokens')),
    request_output_tokens: tokensHistogram(frontend('output_sequence_tokens')),
  },
  optional: ['max_concurrency', 'kv_capacity_tokens', 'prefix_hits'],
  otherwise: { reason: 'written after the first request', fix: 'send a request, or upgrade Dynamo' },
}
