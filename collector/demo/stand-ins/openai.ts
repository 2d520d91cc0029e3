/** An endpoint that speaks OpenAI's chat completions. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readJson, sendEvent, sendJson, serveLocal, startEvents, type LocalServer } from './http.ts'
import { Provider, type ProviderPace } from './provider.ts'
import { answerTokens, promptOf, PromptCache, textOf, tokensOf } from './tokens.ts'
import { wantsUsage } from './vllm.ts'

export interface OpenAiServer extends LocalServer {
  provider: Provider
}

export const openAiPace = (model: string): ProviderPace =>
  model.includes('mini') ? { ttft_ms: 330, tokens_per_second: 110 } : { ttft_ms: 520, tokens_per_second: 75 }

/** Names that OpenAI answers with, for those that it is asked with. */
const snapshots: Record<string, string> = { 'gpt-4o': 'gpt-4o-2024-08-06', 'gpt-4o-mini': 'gpt-4o-mini-2024-07-18' }
/** Prompts of 1,024 tokens and more are cached, in steps of 128. */
const cacheStep = 128

export async function startOpenAi(): Promise<OpenAiServer> {
  const provider = new Provider(openAiPace)
  const cache = new PromptCache(1024, 10 * 60_000)
  const server = await serveLocal((request, response) => answer(provider, cache, request, response))
  return { ...server, provider }
}

async function answer(
  provider: Provider,
  cache: PromptCache,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST' || request.url !== '/v1/chat/completions')
    return sendJson(response, 404, {
      error: { message: `Unknown request URL: ${request.url}`, type: 'invalid_request_error' },
    })
  const body = await readJson(request)
  const asked = typeof body['model'] === 'string' ? body['model'] : 'gpt-4o'
  if (provider.refuses()) {
    const message = `Rate limit reached for ${asked} in organization org-demo on tokens per min (TPM). Please try again in 1s.`
    const error = { message, type: 'tokens', param: null, code: 'rate_limit_exceeded' }
    return sendJson(response, 429, { error }, { 'retry-after': '1' })
  }
  const { system, rest } = promptOf(body)
  const limit = Number(body['max_completion_tokens'] ?? body['max_tokens'] ?? 4096)
  const completion_tokens = answerTokens(rest, limit)
  const prompt_tokens = tokensOf(system) + tokensOf(rest)
  const finish_reason = completion_tokens >= limit ? 'length' : 'stop'
  const cached_tokens = Math.floor(cache.look(system, Date.now()).read / cacheStep) * cacheStep
  const usage = {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  }
  const head = {
    id: provider.nextId('chatcmpl-'),
    created: Math.floor(Date.now() / 1000),
    model: snapshots[asked] ?? asked,
  }
  const streamed = body['stream'] === true
  const chunk = (choices: object[], more: object = {}) =>
    sendEvent(response, { ...head, object: 'chat.completion.chunk', choices, ...more })
  if (streamed) startEvents(response)
  let content = ''
  const stop = provider.generate(
    asked,
    completion_tokens,
    (tokens) => {
      const text = textOf(tokens, '')
      content += text
      if (streamed) chunk([{ index: 0, delta: { content: text }, finish_reason: null }])
    },
    () => {
      if (!streamed) {
        const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason }]
        return sendJson(response, 200, { ...head, object: 'chat.completion', choices, usage })
      }
      chunk([{ index: 0, delta: {}, finish_reason }])
      if (wantsUsage(body)) chunk([], { usage })
      sendEvent(response, '[DONE]')
      response.end()
    },
  )
  response.once('close', stop)
}
