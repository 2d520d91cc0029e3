import { counter, hasAny, secondsHistogram, type InferenceServer } from '../server.ts'

/** KServe's Python model servers; with vLLM behind them its series stand on the same page. https://kserve.github.io/website/ */
export const kserve: InferenceServer = {
  name: 'kserve',
  role: 'engine',
  version: [{ path: '/v2', field: 'version' }],
  detect: hasAny('request_predict_seconds', 'request_preprocess_seconds'),
  modelLabels: ['model_name'],
  wraps: true,
  measures: {
    requests: counter('request_predict_seconds_count'),
    e2e_ms: secondsHistogram('request_predict_seconds'),
  },
  otherwise: { reason: 'written after the first request', fix: 'send a request' },
}
