import { hasAny, renamedMeasures, type InferenceServer } from '../server.ts'
import { vllm } from './vllm.ts'

/** Counters of Ray appear with their first increase: a page of an idle replica may have gauges only. */
const signs = ['num_requests_running', 'kv_cache_usage_perc', 'gpu_cache_usage_perc', 'e2e_request_latency_seconds']

/** vLLM's metrics as a node of Ray Serve exports them for its replicas. */
const exportedAs = (prefix: string): InferenceServer => ({
  ...vllm,
  name: 'ray-vllm',
  // The page is the node's, not vLLM's.
  version: [],
  detect: hasAny(...signs.map((sign) => prefix + sign)),
  measures: renamedMeasures(vllm, (metric) => metric.replace(/^vllm:/, prefix)),
  optional: [...(vllm.optional ?? []), 'kv_capacity_tokens'],
  otherwise: { reason: 'Ray writes a counter with its first increase', fix: 'send a request' },
  silent: {
    when: hasAny('ray_node_cpu_utilization', 'ray_serve_num_http_requests_total', 'ray_serve_num_http_requests'),
    reason: "the page has Ray's own metrics but no vLLM",
    fix: 'set log_engine_metrics: true in the LLMConfig, and scrape the nodes that run replicas',
  },
})

export const rayVllm = exportedAs('ray_vllm:')
/** Since Ray allows no colon in names. */
export const rayVllmUnderscored = exportedAs('ray_vllm_')
