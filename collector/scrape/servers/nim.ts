import { familyNamed } from '../families.ts'
import {
  counter,
  counterBy,
  gauge,
  hasAny,
  secondsHistogram,
  tokensHistogram,
  type InferenceServer,
} from '../server.ts'

/** What NIM has and no other server with names without a prefix. */
const own = hasAny('num_request_max', 'request_finish_total')

/** NVIDIA NIM, whose names have no prefix. https://docs.nvidia.com/nim/large-language-models/latest/observability.html */
export const nim: InferenceServer = {
  name: 'nim',
  role: 'engine',
  version: [{ path: '/v1/version', field: 'release' }],
  detect: (families) =>
    own(families) ||
    (familyNamed(families, 'num_requests_running') !== undefined &&
      familyNamed(families, 'gpu_cache_usage_perc') !== undefined),
  modelLabels: ['model_name'],
  measures: {
    running: gauge('num_requests_running'),
    waiting: gauge('num_requests_waiting'),
    kv_cache_ratio: gauge('gpu_cache_usage_perc'),
    max_concurrency: gauge('num_request_max'),
    input_tokens: counter('prompt_tokens_total'),
    output_tokens: counter('generation_tokens_total'),
    requests_ok: counter('request_success_total'),
    requests_failed: counter('request_failure_total'),
    finished: counterBy('finished_reason', 'request_finish_total'),
    ttft_ms: secondsHistogram('time_to_first_token_seconds'),
    // Observed for every token after the first, whatever the name says.
    itl_ms: secondsHistogram('time_per_output_token_seconds'),
    e2e_ms: secondsHistogram('e2e_request_latency_seconds'),
    request_input_tokens: tokensHistogram('request_prompt_tokens'),
    request_output_tokens: tokensHistogram('request_generation_tokens'),
  },
  hints: { queue_ms: [{ reason: 'NIM does not measure it', fix: '' }] },
  otherwise: { reason: 'not on the page of this NIM', fix: 'upgrade the NIM container' },
}
