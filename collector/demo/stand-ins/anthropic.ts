/** An endpoint that speaks Anthropic's messages. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readJson, sendEvent, sendJson, serveLocal, startEvents, type LocalServer } from './http.ts'
import { Provider } from './provider.ts'
import { answerTokens, promptOf, PromptCache, textOf, tokensOf } from './tokens.ts'

export interface AnthropicServer extends LocalServer {
  provider: Provider
}

export const anthropicPace = { ttft_ms: 680, tokens_per_second: 70 }

export async function startAnthropic(): Promise<AnthropicServer> {
  const provider = new Provider(() => anthropicPace)
  const cache = new PromptCache(1024, 5 * 60_000)
  const server = await serveLocal((request, response) => answer(provider, cache, request, response))
  return { ...server, provider }
}

async function answer(
  provider: Provider,
  cache: PromptCache,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const fail = (status: number, type: string, message: string) =>
    sendJson(response, status, { type: 'error', error: { type, message } }, { 'request-id': provider.nextId('req_') })
  if (request.method !== 'POST' || !request.url?.startsWith('/v1/messages'))
    return fail(404, 'not_found_error', 'Not found')
  const body = await readJson(request)
  if (provider.refuses())
    return fail(429, 'rate_limit_error', 'This request would exceed your organization’s rate limit.')
  const { system, rest } = promptOf(body)
  const limit = Number(body['max_tokens'] ?? 1024)
  const output_tokens = answerTokens(rest, limit)
  const cached = isCached(body) ? cache.look(system, Date.now()) : { read: 0, written: 0 }
  // Anthropic's input_tokens leave out what was read from and written to the cache.
  const usage = {
    input_tokens: tokensOf(system) + tokensOf(rest) - cached.read - cached.written,
    cache_creation_input_tokens: cached.written,
    cache_read_input_tokens: cached.read,
  }
  const stop_reason = output_tokens >= limit ? 'max_tokens' : 'end_turn'
  const head = { id: provider.nextId('msg_'), type: 'message', role: 'assistant', model: body['model'] }
  const streamed = body['stream'] === true
  const event = (data: { type: string; [key: string]: unknown }) => sendEvent(response, data, data.type)
  let text = ''
  const begin = () => {
    const message = {
      ...head,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...usage, output_tokens: 1 },
    }
    event({ type: 'message_start', message })
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
  }
  if (streamed) startEvents(response)
  const stop = provider.generate(
    'claude',
    output_tokens,
    (tokens) => {
      const piece = textOf(tokens, '')
      if (streamed && text === '') begin()
      text += piece
      if (streamed) event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } })
    },
    () => {
      if (!streamed) {
        const content = [{ type: 'text', text }]
        return sendJson(response, 200, {
          ...head,
          content,
          stop_reason,
          stop_sequence: null,
          usage: { ...usage, output_tokens },
        })
      }
      event({ type: 'content_block_stop', index: 0 })
      event({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { ...usage, output_tokens } })
      event({ type: 'message_stop' })
      response.end()
    },
  )
  response.once('close', stop)
}

/** Only a prompt marked for it is cached. */
function isCached(body: Record<string, unknown>): boolean {
  return Array.isArray(body['system']) && (body['system'] as object[]).some((part) => 'cache_control' in part)
}
