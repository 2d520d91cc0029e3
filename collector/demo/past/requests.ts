/** The requests of one minute of the past: the same each time they are asked for. */
import { emptyRequest, tpotMs, type LlmRequest } from '../../../records/llm-request.ts'
import { modelName } from '../../../records/model-name.ts'
import { seeded, type Random } from '../random.ts'
import { demoEnvironment, demoService, drawCall, pastFault, requestRate, type Call, type Fault } from '../scenario.ts'
import { anthropicPace } from '../stand-ins/anthropic.ts'
import { openAiPace } from '../stand-ins/openai.ts'

const minuteMs = 60_000

export interface PastPlaces {
  /** host:port of the vLLM stand-in. */
  vllm_instance: string
}

/** `minute` counts from 1970. */
export function pastRequests(minute: number, { vllm_instance }: PastPlaces): LlmRequest[] {
  const random = seeded(Math.imul(minute, 2_654_435_761))
  const startMs = minute * minuteMs
  const fault = pastFault(startMs)
  const calls = Array.from({ length: random.poisson(requestRate(startMs) * 60) }, () => {
    const call = drawCall(random)
    const request = requestOf(call, random)
    request.timestamp = startMs * 1000 + random.below(minuteMs * 1000)
    request.version = request.timestamp
    if (call.app.api === 'vllm') request.instance = vllm_instance
    answer(request, call, { random, fault, faultMinutes: minutesInto(fault, minute) })
    return request
  })
  return calls.sort((a, b) => a.timestamp - b.timestamp)
}

interface Conditions {
  random: Random
  fault: Fault | null
  faultMinutes: number
}

function requestOf({ app, user_id, session_id }: Call, random: Random): LlmRequest {
  const request = emptyRequest()
  const { model, version } = modelName(app.model)
  request.trace_id = random.hex(32)
  request.span_id = random.hex(16)
  request.parent_span_id = random.hex(16)
  request.service = demoService
  request.environment = demoEnvironment
  request.region = 'eu-central-1'
  request.provider = app.provider
  request.endpoint = app.endpoint
  request.model = model
  request.model_version = version
  request.requested_model = app.model
  request.operation = 'chat'
  request.user_id = user_id
  request.session_id = session_id
  request.team = app.team
  request.feature = app.feature
  request.max_tokens = app.max_tokens
  request.streamed = app.streamed
  request.dialect = 'gen_ai'
  return request
}

function answer(request: LlmRequest, call: Call, conditions: Conditions): void {
  const { random, fault } = conditions
  const { app, answer_tokens } = call
  if (fault === 'rate_limit' && app.api === 'openai' && random.next() < 0.45)
    return fail(request, 'rate_limited', 'RateLimitError', 429, random.lognormal(60, 0.3))
  if (random.next() < 0.004) return fail(request, 'error', 'InternalServerError', 500, random.lognormal(400, 0.6))
  const { ttft, perToken, queue } = app.api === 'vllm' ? selfHosted(call, conditions) : hosted(call, conditions)
  request.duration_ms = ttft + (answer_tokens - 1) * perToken
  request.ttft_ms = app.streamed ? ttft : null
  request.queue_ms = queue
  request.input_tokens = call.prompt_tokens
  request.output_tokens = answer_tokens
  request.finish_reason = answer_tokens >= app.max_tokens ? 'length' : 'stop'
  request.request_id = `${app.api === 'anthropic' ? 'msg_' : 'chatcmpl-'}${random.hex(24)}`
  // Now and then a system prompt has dropped out of the provider's cache.
  const inCache = random.next() < 0.97
  if (app.api === 'openai')
    request.cached_input_tokens = inCache && app.shared_tokens >= 1024 ? Math.floor(app.shared_tokens / 128) * 128 : 0
  if (app.api === 'anthropic') {
    request.cached_input_tokens = inCache ? app.shared_tokens : 0
    request.cache_write_tokens = inCache ? 0 : app.shared_tokens
  }
  request.tpot_ms = tpotMs(request.duration_ms, request.ttft_ms, request.output_tokens)
}

function fail(request: LlmRequest, status: LlmRequest['status'], type: string, code: number, ms: number): void {
  request.status = status
  request.error_type = type
  request.http_status = code
  request.duration_ms = ms
  request.finish_reason = 'error'
}

function hosted({ app }: Call, { random }: Conditions) {
  const { ttft_ms, tokens_per_second } = app.api === 'anthropic' ? anthropicPace : openAiPace(app.model)
  const speed = tokens_per_second * random.lognormal(1, 0.15)
  return { ttft: ttft_ms * random.lognormal(1, 0.35), perToken: 1000 / speed, queue: null }
}

/** As the simulated engine does it at the load of that hour. */
function selfHosted({ prompt_tokens, app }: Call, { random, fault, faultMinutes }: Conditions) {
  const slowdown = fault === 'gpu_throttling' ? 2.4 : 1
  const batch = fault === 'queue_saturation' ? 24 : 4
  // A queue that fills over ten minutes and then stays full.
  const queue =
    fault === 'queue_saturation'
      ? Math.min(2 + faultMinutes * 3, 34) * 1000 * random.lognormal(1, 0.25)
      : 15 * random.next()
  const prefill = 20 + ((prompt_tokens - app.shared_tokens) / 14) * slowdown
  return {
    ttft: queue + prefill * random.lognormal(1, 0.2),
    perToken: (14 + 0.55 * batch) * slowdown * random.lognormal(1, 0.06),
    queue: null,
  }
}

function minutesInto(fault: Fault | null, minute: number): number {
  for (let minutes = 0; ; minutes++)
    if (fault === null || pastFault((minute - minutes - 1) * minuteMs) !== fault) return minutes
}
