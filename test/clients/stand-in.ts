/**
 * An endpoint that speaks OpenAI's and Anthropic's API and always answers the same, but for the ids of its answers. The
 * first step of a path says who calls, `<client>-<scenario>`: calls of `…err429` are refused; in the midst of a stream,
 * `…drop` loses its connection and `…abort` is kept waiting.
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  readJson,
  sendEvent,
  sendJson,
  serveLocal,
  startEvents,
  type LocalServer,
} from '../../collector/demo/stand-ins/http.ts'
import { wantsUsage } from '../../collector/demo/stand-ins/vllm.ts'

export interface StandIn extends LocalServer {
  /** What `<client>-<scenario>` asked for and got. */
  served(scenario: string): Served
}

export interface Served {
  calls: number
  /** Ids of the answers, in order. */
  ids: string[]
}

const firstEventMs = 120
const nextEventMs = 30
/** Events of a stream that is cut: with them, both vendors have sent two words and more. */
const cutAfter = 4
const words = ['Paris', ' is', ' the', ' capital', '.']
const tool = { name: 'get_weather', input: { city: 'Paris' } }
/** Names that OpenAI answers with, for those that it is asked with. */
const snapshots: Record<string, string> = { 'gpt-4o': 'gpt-4o-2024-08-06' }

/** Of the 23 tokens 10 are cached, of the 7 there are 2 of reasoning. */
const openAiUsage = {
  prompt_tokens: 23,
  completion_tokens: 7,
  total_tokens: 30,
  prompt_tokens_details: { cached_tokens: 10, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 2, audio_tokens: 0 },
}
/** 23 tokens too: Anthropic's input_tokens leave out what was written to and read from the cache. */
const anthropicUsage = {
  input_tokens: 13,
  cache_creation_input_tokens: 4,
  cache_read_input_tokens: 6,
  output_tokens: 7,
}

interface Call {
  cut: 'dropped' | 'held' | null
  id: (prefix: string) => string
  body: Record<string, unknown>
  response: ServerResponse
}

export async function startStandIn(): Promise<StandIn> {
  const scenarios = new Map<string, Served>()
  const served = (scenario: string) => scenarios.get(scenario) ?? { calls: 0, ids: [] }
  const server = await serveLocal(async (request, response) => {
    const [, scenario = '', path = ''] = /^\/([\w-]+)(\/.*)$/.exec(request.url ?? '') ?? []
    const body = await readJson(request)
    const log = served(scenario)
    scenarios.set(scenario, log)
    log.calls++
    const id = (prefix: string) => {
      const next = `${prefix}${scenario}-${log.calls}`
      log.ids.push(next)
      return next
    }
    const call: Call = { cut: cutOf(scenario), id, body, response }
    const answer = routes[path]
    if (request.method !== 'POST' || !answer) return refuse(path, 404, 'not_found_error', response)
    if (!hasKey(path, request.headers)) return refuse(path, 401, 'authentication_error', response)
    if (scenario.endsWith('-err429')) return refuse(path, 429, 'rate_limit_error', response)
    await answer(call)
  })
  return { ...server, served }
}

function hasKey(path: string, headers: IncomingHttpHeaders): boolean {
  const bearer = /^Bearer ./.test(headers.authorization ?? '')
  if (path !== '/v1/messages') return bearer
  return headers['anthropic-version'] !== undefined && (bearer || headers['x-api-key'] !== undefined)
}

function cutOf(scenario: string): Call['cut'] {
  if (scenario.endsWith('-drop')) return 'dropped'
  return scenario.endsWith('-abort') ? 'held' : null
}

const routes: Record<string, (call: Call) => void | Promise<void>> = {
  '/v1/chat/completions': chatCompletion,
  '/v1/responses': responses,
  '/v1/embeddings': embeddings,
  '/v1/messages': message,
}

function refuse(path: string, status: number, type: string, response: ServerResponse): void {
  const text = status === 429 ? 'Rate limit reached' : status === 401 ? 'No key' : `No such path: ${path}`
  if (path === '/v1/messages') return sendJson(response, status, { type: 'error', error: { type, message: text } })
  const error = { message: text, type: 'requests', param: null, code: status === 429 ? 'rate_limit_exceeded' : null }
  sendJson(response, status, { error })
}

async function chatCompletion({ cut, id, body, response }: Call): Promise<void> {
  const asked = String(body['model'])
  const head = { id: id('chatcmpl-'), created: 1_760_000_000, model: snapshots[asked] ?? asked }
  const callsTool = wantsTool(body)
  const tool_calls = [
    { index: 0, id: 'call_1', type: 'function', function: { name: tool.name, arguments: JSON.stringify(tool.input) } },
  ]
  const finish_reason = callsTool ? 'tool_calls' : 'stop'
  if (body['stream'] !== true) {
    const message = callsTool
      ? { role: 'assistant', content: null, tool_calls }
      : { role: 'assistant', content: words.join('') }
    const choices = [{ index: 0, message, finish_reason }]
    return sendJson(response, 200, { ...head, object: 'chat.completion', choices, usage: openAiUsage })
  }
  const chunk = (choices: object[], more: object = {}) => ({
    data: { ...head, object: 'chat.completion.chunk', choices, ...more },
  })
  const delta = (delta: object) => chunk([{ index: 0, delta, finish_reason: null }])
  await stream(response, cut, [
    delta({ role: 'assistant', content: '' }),
    ...(callsTool ? [delta({ tool_calls })] : words.map((content) => delta({ content }))),
    chunk([{ index: 0, delta: {}, finish_reason }]),
    ...(wantsUsage(body) ? [chunk([], { usage: openAiUsage })] : []),
    { data: '[DONE]' },
  ])
}

async function responses({ cut, id, body, response }: Call): Promise<void> {
  const asked = String(body['model'])
  const text = words.join('')
  const { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details, completion_tokens_details } =
    openAiUsage
  const usage = {
    input_tokens: prompt_tokens,
    input_tokens_details: prompt_tokens_details,
    output_tokens: completion_tokens,
    output_tokens_details: completion_tokens_details,
    total_tokens,
  }
  const head = { id: id('resp_'), object: 'response', created_at: 1_760_000_000, model: snapshots[asked] ?? asked }
  const part = (text: string) => ({ type: 'output_text', text, annotations: [] })
  const item = (status: string, content: object[]) => ({
    id: 'msg_1',
    type: 'message',
    status,
    role: 'assistant',
    content,
  })
  const done = { ...head, status: 'completed', output: [item('completed', [part(text)])], usage }
  if (body['stream'] !== true) return sendJson(response, 200, done)
  const event = (type: string, more: object) => ({
    name: type,
    data: { type, output_index: 0, item_id: 'msg_1', ...more },
  })
  await stream(response, cut, [
    event('response.created', { response: { ...head, status: 'in_progress', output: [], usage: null } }),
    event('response.output_item.added', { item: item('in_progress', []) }),
    event('response.content_part.added', { content_index: 0, part: part('') }),
    ...words.map((delta) => event('response.output_text.delta', { content_index: 0, delta })),
    event('response.output_text.done', { content_index: 0, text }),
    event('response.content_part.done', { content_index: 0, part: part(text) }),
    event('response.output_item.done', { item: item('completed', [part(text)]) }),
    event('response.completed', { response: done }),
  ])
}

/** Embeddings have no id. */
function embeddings({ body, response }: Call): void {
  const data = [{ object: 'embedding', index: 0, embedding: [0.1, 0.2, 0.3] }]
  const usage = { prompt_tokens: 5, total_tokens: 5 }
  sendJson(response, 200, { object: 'list', model: body['model'], data, usage })
}

async function message({ cut, id, body, response }: Call): Promise<void> {
  const callsTool = wantsTool(body)
  const stop_reason = callsTool ? 'tool_use' : 'end_turn'
  const head = { id: id('msg_'), type: 'message', role: 'assistant', model: body['model'], stop_sequence: null }
  if (body['stream'] !== true) {
    const content = callsTool
      ? [{ type: 'tool_use', id: 'toolu_1', name: tool.name, input: tool.input }]
      : [{ type: 'text', text: words.join('') }]
    return sendJson(response, 200, { ...head, content, stop_reason, usage: anthropicUsage })
  }
  const event = (type: string, more: object) => ({ name: type, data: { type, ...more } })
  const usage = { ...anthropicUsage, output_tokens: 1 }
  await stream(response, cut, [
    event('message_start', { message: { ...head, content: [], stop_reason: null, usage } }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...words.map((text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
    event('content_block_stop', { index: 0 }),
    event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 7 } }),
    event('message_stop', {}),
  ])
}

async function stream(
  response: ServerResponse,
  cut: Call['cut'],
  events: readonly { name?: string; data: object | '[DONE]' }[],
): Promise<void> {
  startEvents(response)
  response.flushHeaders()
  for (const [at, { name, data }] of events.entries()) {
    await sleep(at === 0 ? firstEventMs : nextEventMs)
    if (response.destroyed) return
    if (cut !== null && at === cutAfter) {
      if (cut === 'dropped') response.destroy()
      return
    }
    sendEvent(response, data, name)
  }
  response.end()
}

/** A tool is called once: not again when its result is there. */
function wantsTool({ tools, messages }: Record<string, unknown>): boolean {
  const result = (message: unknown) => (message as { role?: string }).role === 'tool'
  return Array.isArray(tools) && Array.isArray(messages) && !messages.some(result)
}
