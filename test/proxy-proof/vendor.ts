/**
 * A stand-in for two vendors whose bill is known: what call number n is asked and answered follows from n alone, so that its client
 * knows every byte to come, and its ledger what was used.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { random } from '../../collector/otlp/testing.ts'
import { diceOf } from '../fuzz/mutate.ts'

export interface Usage {
  /** All of them, whatever the vendor calls so. */
  input_tokens: number
  cached_input_tokens: number
  cache_write_tokens: number
  output_tokens: number
}

export interface Exchange {
  model: VendorModel
  path: string
  body: string
  status: number
  contentType: string
  /** Parts of the answer, each written on its own. */
  answer: string[]
  /** Asked for; a call that failed is answered at once all the same. */
  streamed: boolean
  /** Null for a call that failed. */
  usage: Usage | null
}

/** Dollars per million tokens. */
export const prices = {
  'ledger-small': { input_usd: 0.15, cached_input_usd: 0.075, cache_write_usd: 0.15, output_usd: 0.6 },
  'ledger-large': { input_usd: 2.5, cached_input_usd: 1.25, cache_write_usd: 2.5, output_usd: 10 },
  'ledger-claude': { input_usd: 3, cached_input_usd: 0.3, cache_write_usd: 3.75, output_usd: 15 },
  'ledger-embed': { input_usd: 0.02, cached_input_usd: 0.02, cache_write_usd: 0.02, output_usd: 0 },
} as const
export type VendorModel = keyof typeof prices

export const overrides = Object.entries(prices).map(([model, rates]) => Object.assign({ name: model, model }, rates))

const models = ['ledger-small', 'ledger-small', 'ledger-large', 'ledger-claude', 'ledger-embed'] as const

export function exchangeOf(n: number): Exchange {
  const dice = diceOf(random(n))
  const model = dice.pick(models)
  const streamed = model !== 'ledger-embed' && dice.next() < 0.5
  const failing = dice.next() < 0.04
  const input = 1 + dice.int(8_000)
  const cached = dice.next() < 0.5 ? dice.int(input) : 0
  const isClaude = model === 'ledger-claude'
  const written = isClaude && dice.next() < 0.3 ? dice.int(input - cached) : 0
  const usage = {
    input_tokens: input,
    cached_input_tokens: model === 'ledger-embed' ? 0 : cached,
    cache_write_tokens: written,
    output_tokens: model === 'ledger-embed' ? 0 : 1 + dice.int(2_000),
  }
  const ask = { model, ledger: n, stream: streamed, messages: [{ role: 'user', content: `call ${n}` }] }
  const words = Array.from({ length: 1 + dice.int(12) }, () => `${dice.pick(['lorem', 'ipsum', 'δ', '世界', '"'])} `)
  const path = isClaude ? '/v1/messages' : model === 'ledger-embed' ? '/v1/embeddings' : '/v1/chat/completions'
  const common = { model, path, streamed, body: JSON.stringify({ ...ask, ...askFor[model](streamed) }) }
  if (failing) {
    const status = dice.pick([429, 500, 503])
    const answer = [JSON.stringify({ error: { message: `refused ${n}`, type: 'server_error', code: null } })]
    return { ...common, status, contentType: 'application/json', answer, usage: null }
  }
  const answer = (isClaude ? claude : openai)({ n, model, words, usage, streamed })
  const contentType = streamed ? 'text/event-stream' : 'application/json'
  return { ...common, status: 200, contentType, answer, usage }
}

const usageAsked = (streamed: boolean) => (streamed ? { stream_options: { include_usage: true } } : {})
const askFor: Record<VendorModel, (streamed: boolean) => object> = {
  'ledger-small': usageAsked,
  'ledger-large': usageAsked,
  'ledger-claude': () => ({ max_tokens: 4_096 }),
  'ledger-embed': () => ({ input: 'one', messages: undefined, stream: undefined }),
}

interface Told {
  n: number
  model: string
  words: string[]
  usage: Usage
  streamed: boolean
}

function openai({ n, model, words, usage, streamed }: Told): string[] {
  const told = {
    prompt_tokens: usage.input_tokens,
    completion_tokens: usage.output_tokens,
    total_tokens: usage.input_tokens + usage.output_tokens,
    prompt_tokens_details: { cached_tokens: usage.cached_input_tokens },
  }
  if (model === 'ledger-embed') {
    const data = [{ object: 'embedding', index: 0, embedding: [0.5, n] }]
    const { input_tokens } = usage
    const used = { prompt_tokens: input_tokens, total_tokens: input_tokens }
    return [JSON.stringify({ object: 'list', model, data, usage: used })]
  }
  const base = { id: `chatcmpl-${n}`, created: 1_763_700_000, model }
  if (!streamed) {
    const message = { role: 'assistant', content: words.join('') }
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    return [JSON.stringify({ ...base, object: 'chat.completion', choices, usage: told })]
  }
  const chunk = (choices: object[], more: object = {}) =>
    `data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices, ...more })}\n\n`
  return [
    ...words.map((content) => chunk([{ index: 0, delta: { content }, finish_reason: null }])),
    chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
    `${chunk([], { usage: told })}data: [DONE]\n\n`,
  ]
}

function claude({ n, model, words, usage, streamed }: Told): string[] {
  const { input_tokens, cached_input_tokens, cache_write_tokens, output_tokens } = usage
  const used = {
    input_tokens: input_tokens - cached_input_tokens - cache_write_tokens,
    cache_read_input_tokens: cached_input_tokens,
    cache_creation_input_tokens: cache_write_tokens,
    output_tokens,
  }
  const message = { id: `msg_${n}`, type: 'message', role: 'assistant', model }
  if (!streamed) {
    const content = [{ type: 'text', text: words.join('') }]
    return [JSON.stringify({ ...message, content, stop_reason: 'end_turn', usage: used })]
  }
  const event = (data: { type: string; [key: string]: unknown }) =>
    `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
  return [
    event({ type: 'message_start', message: { ...message, content: [], usage: { ...used, output_tokens: 1 } } }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ...words.map((text) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    event({ type: 'content_block_stop', index: 0 }),
    event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens } }),
    event({ type: 'message_stop' }),
  ]
}

export interface Vendor {
  url: string
  /** Numbers of the calls answered, each as often as it came. */
  answered: number[]
  stop(): Promise<void>
}

export async function startVendor(): Promise<Vendor> {
  const answered: number[] = []
  const server = createServer((request, response) => {
    const body: Buffer[] = []
    request.on('data', (chunk: Buffer) => body.push(chunk))
    request.on('end', () => {
      const { ledger } = JSON.parse(Buffer.concat(body).toString()) as { ledger: number }
      const { status, contentType, answer } = exchangeOf(ledger)
      answered.push(ledger)
      response.writeHead(status, { 'content-type': contentType })
      const parts = [...answer]
      const next = () => {
        const part = parts.shift()
        if (parts.length === 0) response.end(part)
        else {
          response.write(part)
          setImmediate(next)
        }
      }
      next()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    answered,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
