/**
 * Inference servers that the scraper knows. To add one: a file beside this one, a line here, a page of it in
 * `../fixtures/` for the table test. A page is read by every server that detects itself on it.
 */
import type { InferenceServer } from '../server.ts'
import { dynamo } from './dynamo.ts'
import { envoyAiGateway } from './envoy-ai-gateway.ts'
import { epp } from './epp.ts'
import { kong } from './kong.ts'
import { kserve } from './kserve.ts'
import { litellm } from './litellm.ts'
import { llamaCpp } from './llama-cpp.ts'
import { lmdeploy } from './lmdeploy.ts'
import { nim } from './nim.ts'
import { ollama } from './ollama.ts'
import { rayVllm, rayVllmUnderscored } from './ray-vllm.ts'
import { sglang } from './sglang.ts'
import { tei } from './tei.ts'
import { tgi } from './tgi.ts'
import { triton } from './triton.ts'
import { trtllmServe, trtllmServeEarly } from './trtllm-serve.ts'
import { vllm } from './vllm.ts'

export const servers: readonly InferenceServer[] = [
  vllm,
  rayVllm,
  rayVllmUnderscored,
  sglang,
  tgi,
  tei,
  nim,
  trtllmServe,
  trtllmServeEarly,
  triton,
  lmdeploy,
  llamaCpp,
  ollama,
  kserve,
  litellm,
  envoyAiGateway,
  kong,
  epp,
  dynamo,
]
