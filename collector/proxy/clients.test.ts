/** Clients as people have them, with nothing but another base URL. */
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { Anthropic } from '@anthropic-ai/sdk'
import { OpenAI } from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxied, type Proxied } from './testing.ts'

const run = promisify(execFile)
const hasCurl = spawnSync('curl', ['--version']).status === 0

const chat = { id: 'c1', object: 'chat.completion', created: 1, model: 'gpt-4o' }
const completion = {
  ...chat,
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello!' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
}
const chunks = ['Hel', 'lo', '!'].map((content) =>
  Object.assign({}, chat, {
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  }),
)
const message = {
  id: 'm1',
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content: [{ type: 'text', text: 'Hello!' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 9, output_tokens: 2 },
}
const messageEvents = [
  { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello!' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 2 } },
  { type: 'message_stop' },
]

let keys: (string | undefined)[] = []
let proxied: Proxied

const server = createServer((request, response) => {
  const body: Buffer[] = []
  request.on('data', (part: Buffer) => body.push(part))
  request.on('end', () => answer(request, Buffer.concat(body), response))
})

function answer({ url = '', headers }: IncomingMessage, body: Buffer, response: ServerResponse): void {
  keys.push((headers.authorization ?? headers['x-api-key']?.toString())?.replace('Bearer ', ''))
  if (url === '/echo') {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body))
    return
  }
  const asked = JSON.parse(body.toString()) as { stream?: boolean; model: string }
  if (asked.model === 'busy') {
    response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '1' })
    response.end('{"error":{"message":"slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}')
  } else if (!asked.stream) {
    response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'req_1' })
    response.end(JSON.stringify(url.endsWith('/messages') ? message : completion))
  } else {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const events = url.endsWith('/messages')
      ? messageEvents.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      : [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n']
    for (const event of events) response.write(event)
    response.end()
  }
}

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  proxied = await startProxied(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
afterAll(async () => {
  await proxied?.stop()
  server.closeAllConnections()
  server.close()
})

test('openai: an answer, a stream, an error', async () => {
  keys = []
  const client = new OpenAI({ apiKey: 'sk-its-own', baseURL: `${proxied.url}/v1`, maxRetries: 0 })
  const ask = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Hi' }] }
  const { data, request_id } = await client.chat.completions.create(ask).withResponse()
  expect([data.choices[0]?.message.content, request_id]).toEqual(['Hello!', 'req_1'])
  let text = ''
  for await (const chunk of await client.chat.completions.create({ ...ask, stream: true }))
    text += chunk.choices[0]?.delta.content ?? ''
  expect(text).toBe('Hello!')
  await expect(client.chat.completions.create({ ...ask, model: 'busy' })).rejects.toMatchObject({
    status: 429,
    code: 'rate_limit_exceeded',
  })
  expect(keys).toEqual(['sk-its-own', 'sk-its-own', 'sk-its-own'])
})

test('openai: an endpoint that is not there, in words that the SDK reads', async () => {
  const baseURL = `http://127.0.0.1:${proxied.port}/proxy/nowhere/v1`
  const client = new OpenAI({ apiKey: 'sk-its-own', baseURL, maxRetries: 0 })
  await expect(client.models.list()).rejects.toMatchObject({
    status: 404,
    code: 'unknown_endpoint',
    message: expect.stringContaining('no endpoint "nowhere"'),
  })
})

test('anthropic: an answer and a stream', async () => {
  keys = []
  const client = new Anthropic({ apiKey: 'sk-ant-its-own', baseURL: proxied.url, maxRetries: 0 })
  const ask = { model: 'claude', max_tokens: 9, messages: [{ role: 'user' as const, content: 'Hi' }] }
  expect((await client.messages.create(ask)).content).toEqual([{ type: 'text', text: 'Hello!' }])
  const final = await client.messages.stream(ask).finalMessage()
  expect(final.content).toMatchObject([{ type: 'text', text: 'Hello!' }])
  expect(keys).toEqual(['sk-ant-its-own', 'sk-ant-its-own'])
})

test.skipIf(!hasCurl)('curl: compressed, asking for leave to send, offering HTTP/2', async () => {
  const body = 'x'.repeat(2_000_000)
  for (const option of ['--http1.1', '--http2', '--http1.0']) {
    const curl = run(
      'curl',
      ['-sS', '--compressed', option, '--data-binary', '@-', '-H', 'Expect: 100-continue', `${proxied.url}/echo`],
      {
        maxBuffer: 1e7,
      },
    )
    curl.child.stdin?.end(body)
    expect((await curl).stdout === body, option).toBe(true)
  }
})
