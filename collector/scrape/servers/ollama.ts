import { counter, gauge, hasAny, secondsHistogram, type InferenceServer } from '../server.ts'

/**
 * Ollama, which has no metrics of its own, through exporters beside it. Each names things differently: for one that is not
 * read here write `scrape.targets[].mapping`. https://github.com/NorskHelsenett/ollama-metrics
 */
export const ollama: InferenceServer = {
  name: 'ollama',
  role: 'engine',
  version: [{ path: '/api/version', field: 'version' }],
  detect: hasAny('ollama_prompt_tokens_total', 'ollama_generated_tokens_total', 'ollama_request_duration_seconds'),
  modelLabels: ['model', 'model_name'],
  measures: {
    running: gauge('ollama_requests_running', 'ollama_in_flight_requests'),
    input_tokens: counter('ollama_prompt_tokens_total'),
    output_tokens: counter('ollama_generated_tokens_total'),
    requests: counter('ollama_requests_total', 'ollama_request_duration_seconds_count'),
    itl_ms: secondsHistogram('ollama_time_per_token_seconds'),
    e2e_ms: secondsHistogram('ollama_request_duration_seconds'),
  },
  optional: ['running'],
  otherwise: {
    reason: 'exporters of Ollama name things differently',
    fix: 'name the series in scrape.targets[].mapping',
  },
}
