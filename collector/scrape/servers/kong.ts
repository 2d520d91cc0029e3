import { counter, hasAny, msHistogram, only, type InferenceServer } from '../server.ts'

const tokens = (token_type: string) => only('kong_ai_llm_tokens_total', { token_type })

/** Kong AI Gateway, which measures in milliseconds. https://developer.konghq.com/ai-gateway/monitor-ai-llm-metrics/ */
export const kong: InferenceServer = {
  name: 'kong',
  role: 'gateway',
  detect: hasAny('kong_ai_llm_requests_total', 'kong_ai_llm_tokens_total', 'kong_ai_llm_provider_latency_ms'),
  modelLabels: ['ai_model'],
  measures: {
    // Its third type, total_tokens, repeats these two.
    input_tokens: counter(tokens('prompt_tokens')),
    output_tokens: counter(tokens('completion_tokens')),
    requests: counter('kong_ai_llm_requests_total'),
    http_4xx: counter(only('kong_http_requests_total', { code: /^4/ })),
    http_5xx: counter(only('kong_http_requests_total', { code: /^5/ })),
    ttft_ms: msHistogram('kong_ai_llm_ttft_latency_ms'),
    tpot_ms: msHistogram('kong_ai_llm_tpot_latency_ms'),
    e2e_ms: msHistogram('kong_ai_llm_provider_latency_ms'),
  },
  optional: ['http_4xx', 'http_5xx'],
  hints: {
    ttft_ms: [{ reason: 'measured for streamed answers only, since 3.13', fix: 'upgrade Kong, and stream' }],
    tpot_ms: [{ reason: 'measured for streamed answers only, since 3.13', fix: 'upgrade Kong, and stream' }],
  },
  otherwise: { reason: 'off by default', fix: "set ai_metrics: true in Kong's prometheus plugin" },
}
