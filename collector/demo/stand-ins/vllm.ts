/** A vLLM server: OpenAI-compatible chat over the simulated engine, and its page of metrics. */
import type { ServerResponse } from 'node:http'
import { demoPath, vllmModel } from '../scenario.ts'
import { Page } from './exposition.ts'
import { readJson, sendEvent, sendJson, sendText, serveLocal, startEvents, type LocalServer } from './http.ts'
import { answerTokens, promptOf, PromptCache, textOf, tokensOf } from './tokens.ts'
import { blockTokens, kvBlocks, VllmEngine } from './vllm-engine.ts'
import type { EngineCall } from './vllm-traces.ts'

export interface VllmServer extends LocalServer {
  engine: VllmEngine
  metricsUrl: string
}

const tickMs = 40
const metricsPath = `${demoPath}vllm/metrics`
const versionPath = `${demoPath}vllm/version`
/** Of the page below. */
const version = '0.17.0'

/** `onCall` is told of each request that was answered. */
export async function startVllm(
  onCall: (call: EngineCall) => void = () => undefined,
  now: () => number = Date.now,
): Promise<VllmServer> {
  const engine = new VllmEngine()
  const cache = new PromptCache(64, 10 * 60_000)
  const startedS = now() / 1000
  let last = now()
  let created = 0
  const timer = setInterval(() => {
    const at = now()
    engine.advance(at, at - last)
    last = at
  }, tickMs)
  const server = await serveLocal(async (request, response) => {
    if (request.url === metricsPath) return sendText(response, metricsPage(engine, startedS))
    if (request.url === versionPath) return sendJson(response, 200, { version })
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions')
      return sendJson(response, 404, { error: { message: 'Not Found', type: 'NotFoundError', code: 404 } })
    const body = await readJson(request)
    chat({ engine, cache, onCall, now }, body, response, `chatcmpl-${(++created).toString(16).padStart(12, '0')}`)
  })
  return {
    ...server,
    engine,
    metricsUrl: `${server.url}${metricsPath}`,
    close() {
      clearInterval(timer)
      return server.close()
    },
  }
}

interface Serving {
  engine: VllmEngine
  cache: PromptCache
  onCall: (call: EngineCall) => void
  now: () => number
}

function chat(
  { engine, cache, onCall, now }: Serving,
  body: Record<string, unknown>,
  response: ServerResponse,
  id: string,
): void {
  const { system, rest } = promptOf(body)
  const limit = Number(body['max_tokens'] ?? 512)
  const completion_tokens = answerTokens(rest, limit)
  const prompt_tokens = tokensOf(system) + tokensOf(rest)
  const cached_tokens = Math.floor(cache.look(system, now()).read / 16) * 16
  const finish_reason = completion_tokens >= limit ? 'length' : 'stop'
  const streamed = body['stream'] === true
  const head = { id, created: Math.floor(now() / 1000), model: vllmModel }
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
  const chunk = (choices: object[], more: object = {}) =>
    sendEvent(response, { ...head, object: 'chat.completion.chunk', choices, ...more })
  if (streamed) startEvents(response)
  let answer = ''
  const leave = engine.submit(
    {
      prompt_tokens,
      cached_tokens,
      answer_tokens: completion_tokens,
      finish_reason,
      onTokens(tokens) {
        const content = textOf(tokens, '')
        answer += content
        if (streamed) chunk([{ index: 0, delta: { content }, finish_reason: null }])
      },
      onEnd(timing) {
        onCall({ ...timing, id, prompt_tokens, cached_tokens, answer_tokens: completion_tokens, finish_reason })
        if (!streamed) {
          const message = { role: 'assistant', content: answer }
          sendJson(response, 200, {
            ...head,
            object: 'chat.completion',
            choices: [{ index: 0, message, finish_reason }],
            usage,
          })
          return
        }
        chunk([{ index: 0, delta: {}, finish_reason }])
        if (wantsUsage(body)) chunk([], { usage })
        sendEvent(response, '[DONE]')
        response.end()
      },
    },
    now(),
  )
  response.once('close', leave)
}

export function wantsUsage(body: Record<string, unknown>): boolean {
  const options = body['stream_options']
  return options !== null && typeof options === 'object' && 'include_usage' in options && options.include_usage === true
}

/** Names and bounds of vLLM's V1 engine, as of March 2026. */
function metricsPage(engine: VllmEngine, startedS: number): string {
  const page = new Page({ engine: '0', model_name: vllmModel })
  const finished = Object.entries(engine.finished).map(
    ([reason, count]) => [{ finished_reason: reason }, count] as const,
  )
  const process = new Page({}).metric(
    'gauge',
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
    [[{}, startedS]],
  )
  page
    .metric('gauge', 'vllm:num_requests_running', 'Number of requests in model execution batches.', [
      [{}, engine.running],
    ])
    .metric('gauge', 'vllm:num_requests_waiting', 'Number of requests waiting to be processed.', [[{}, engine.waiting]])
    .metric('gauge', 'vllm:kv_cache_usage_perc', 'KV-cache usage. 1 means 100 percent usage.', [[{}, engine.kvUsage]])
    .metric('gauge', 'vllm:cache_config_info', 'Information of the LLMEngine CacheConfig', [
      [{ block_size: String(blockTokens), num_gpu_blocks: String(kvBlocks) }, 1],
    ])
    .metric(
      'counter',
      'vllm:prefix_cache_queries_total',
      'Prefix cache queries, in terms of number of queried tokens.',
      [[{}, engine.prefixQueries]],
    )
    .metric('counter', 'vllm:prefix_cache_hits_total', 'Prefix cache hits, in terms of number of cached tokens.', [
      [{}, engine.prefixHits],
    ])
    .metric('counter', 'vllm:num_preemptions_total', 'Cumulative number of preemption from the engine.', [
      [{}, engine.preemptions],
    ])
    .metric('counter', 'vllm:prompt_tokens_total', 'Number of prefill tokens processed.', [[{}, engine.promptTokens]])
    .metric('counter', 'vllm:generation_tokens_total', 'Number of generation tokens processed.', [
      [{}, engine.generationTokens],
    ])
    .metric('counter', 'vllm:request_success_total', 'Count of successfully processed requests.', finished)
    .histogram('vllm:iteration_tokens_total', 'Histogram of number of tokens per engine_step.', engine.iteration)
    .histogram('vllm:request_prompt_tokens', 'Number of prefill tokens processed.', engine.promptLength)
    .histogram('vllm:request_generation_tokens', 'Number of generation tokens processed.', engine.answerLength)
    .histogram('vllm:time_to_first_token_seconds', 'Histogram of time to first token in seconds.', engine.ttft)
    .histogram('vllm:inter_token_latency_seconds', 'Histogram of inter-token latency in seconds.', engine.itl)
    .histogram(
      'vllm:request_time_per_output_token_seconds',
      'Histogram of time_per_output_token_seconds per request.',
      engine.tpot,
    )
    .histogram('vllm:e2e_request_latency_seconds', 'Histogram of e2e request latency in seconds.', engine.e2e)
    .histogram('vllm:request_queue_time_seconds', 'Histogram of time spent in WAITING phase for request.', engine.queue)
    .histogram(
      'vllm:request_prefill_time_seconds',
      'Histogram of time spent in PREFILL phase for request.',
      engine.prefill,
    )
    .histogram(
      'vllm:request_decode_time_seconds',
      'Histogram of time spent in DECODE phase for request.',
      engine.decode,
    )
  return page.text() + process.text()
}
