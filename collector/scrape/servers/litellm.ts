import { counter, gauge, hasAny, only, secondsHistogram, type Hint, type InferenceServer } from '../server.ts'

const seenFirst: Hint = {
  reason: 'LiteLLM writes a series after its first use',
  fix: 'send a request; if it stays away, add the metric to litellm_settings.prometheus_metrics_config',
}

/** LiteLLM's proxy; models as clients ask for them. https://docs.litellm.ai/docs/proxy/prometheus */
export const litellm: InferenceServer = {
  name: 'litellm',
  role: 'gateway',
  version: [{ path: '/health/readiness', field: 'litellm_version' }],
  detect: hasAny(
    'litellm_proxy_total_requests_metric_total',
    'litellm_proxy_failed_requests_metric_total',
    'litellm_requests_metric_total',
    'litellm_total_tokens_metric_total',
    'litellm_deployment_state',
  ),
  modelLabels: ['requested_model', 'model', 'litellm_model_name'],
  measures: {
    running: gauge('litellm_in_flight_requests'),
    input_tokens: counter('litellm_input_tokens_metric_total', 'litellm_input_tokens_total'),
    output_tokens: counter('litellm_output_tokens_metric_total', 'litellm_output_tokens_total'),
    requests_ok: counter(only('litellm_proxy_total_requests_metric_total', { status_code: /^[23]/ })),
    requests_failed: counter(only('litellm_proxy_total_requests_metric_total', { status_code: /^(?![23])/ })),
    http_4xx: counter(only('litellm_proxy_total_requests_metric_total', { status_code: /^4/ })),
    http_5xx: counter(only('litellm_proxy_total_requests_metric_total', { status_code: /^5/ })),
    ttft_ms: secondsHistogram('litellm_llm_api_time_to_first_token_metric'),
    tpot_ms: secondsHistogram('litellm_deployment_latency_per_output_token'),
    e2e_ms: secondsHistogram('litellm_request_total_latency_metric'),
    queue_ms: secondsHistogram('litellm_request_queue_time_seconds'),
  },
  optional: ['running', 'queue_ms'],
  hints: { ttft_ms: [{ reason: 'LiteLLM measures it for streamed answers only', fix: 'stream' }] },
  otherwise: seenFirst,
}
