import type { Families } from '../families.ts'
import {
  counter,
  hasAny,
  only,
  secondsHistogram,
  tokensHistogram,
  type InferenceServer,
  type Selector,
} from '../server.ts'

/** To December 2025 the unit stood in the name. */
const tokens = (gen_ai_token_type: string, part = ''): Selector[] =>
  ['gen_ai_client_token_usage', 'gen_ai_client_token_usage_token'].map((name) =>
    only(`${name}${part}`, { gen_ai_token_type }),
  )

const duration = 'gen_ai_server_request_duration_seconds'

const signs = hasAny(duration, 'gen_ai_client_token_usage', 'gen_ai_client_token_usage_token')

/** Any application may export OpenTelemetry's metrics; the scope says whose they are. */
function otherScope(families: Families): boolean {
  const scopes = [duration, 'gen_ai_client_token_usage', 'gen_ai_client_token_usage_token'].map(
    (name) => families.get(name)?.samples[0]?.series.labels.get('otel_scope_name') ?? '',
  )
  return scopes.some((scope) => scope !== '' && !scope.includes('ai-gateway'))
}

/** Envoy AI Gateway: OpenTelemetry's names as Prometheus writes them. https://aigateway.envoyproxy.io/docs/capabilities/observability/metrics */
export const envoyAiGateway: InferenceServer = {
  name: 'envoy-ai-gateway',
  role: 'gateway',
  detect: (families) => signs(families) && !otherScope(families),
  modelLabels: ['gen_ai_request_model', 'gen_ai_response_model'],
  measures: {
    // Other types are parts of these two.
    input_tokens: counter(...tokens('input', '_sum')),
    output_tokens: counter(...tokens('output', '_sum')),
    requests_ok: counter(only(`${duration}_count`, { error_type: '' })),
    requests_failed: counter(only(`${duration}_count`, { error_type: /./ })),
    ttft_ms: secondsHistogram('gen_ai_server_time_to_first_token_seconds'),
    tpot_ms: secondsHistogram('gen_ai_server_time_per_output_token_seconds'),
    e2e_ms: secondsHistogram(duration),
    request_input_tokens: tokensHistogram(...tokens('input')),
    request_output_tokens: tokensHistogram(...tokens('output')),
  },
  hints: {
    ttft_ms: [{ reason: 'measured for streamed answers only', fix: 'stream' }],
    tpot_ms: [{ reason: 'measured for streamed answers only', fix: 'stream' }],
  },
}
