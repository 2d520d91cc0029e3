/**
 * Inference servers that the scraper knows. To add one: a file beside this one, a line here, a page of it in
 * `../fixtures/` for the table test. A page is read by every server that detects itself on it.
 */
import { prefixed, type InferenceServer } from '../server.ts'
import { vllm } from './vllm.ts'

export const servers: readonly InferenceServer[] = [
  vllm,
  // Ray Serve exports its replicas' vLLM metrics under its own prefix, newer versions with `_` for `:`.
  prefixed(vllm, 'ray-vllm', (metric) => `ray_${metric}`),
  prefixed(vllm, 'ray-vllm', (metric) => `ray_${metric.replace(':', '_')}`),
]
