/**
 * Endpoints that speak Bedrock's, Gemini's and Ollama's API and always answer the same, to requests that are as those vendors want them.
 * The first step of a path says who calls. Bedrock's speaks HTTP/2 in the clear, as its SDK begins, and checks signatures as AWS does.
 */
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createHttp2Server, type Http2ServerRequest } from 'node:http2'
import { createHash, createHmac } from 'node:crypto'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { awsMessage } from '../../collector/proxy/observe/aws-events.ts'

export const credentials = {
  access_key_id: 'AKIDEXAMPLE',
  secret_access_key: 'a-secret-0123456789abcdef',
  region: 'us-east-1',
}
/** A Bedrock API key. */
export const bedrockKey = 'bedrock-api-key-0123456789abcdef'

export interface Vendors {
  bedrock: string
  gemini: string
  ollama: string
  /** What was wrong with requests, by the path they came on. */
  problems: [path: string, problem: string][]
  stop(): Promise<void>
}

type Request = IncomingMessage | Http2ServerRequest
/** What both kinds have; together they have nothing that can be called. */
interface Response {
  writeHead(status: number, headers: Record<string, string>): unknown
  write(chunk: Buffer | string): unknown
  end(): unknown
}
type Handler = (request: Request, response: Response, body: Buffer) => Promise<void> | void

/** Between two events of a stream. */
const gapMs = 15
const words = ['Paris', ' is', ' the', ' capital', '.']
const answer = words.join('')

export async function startVendors(): Promise<Vendors> {
  const problems: [string, string][] = []
  const stops: (() => Promise<void>)[] = []
  const serve = async (handler: Handler, { http2 = false } = {}) => {
    const listener = async (request: Request, response: Response) => {
      const body = await buffer(request)
      try {
        await handler(request, response, body)
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error)
        problems.push([request.url ?? '', problem])
        const status = error instanceof Denied ? 403 : 400
        response.writeHead(status, {
          'content-type': 'application/json',
          'x-amzn-errortype': error instanceof Denied ? 'InvalidSignatureException' : 'ValidationException',
        })
        response.write(JSON.stringify({ message: problem }))
        response.end()
      }
    }
    const server = http2
      ? createHttp2Server((request, response) => void listener(request, response))
      : createServer((request, response) => void listener(request, response))
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stops.push(async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  return {
    bedrock: await serve(bedrock, { http2: true }),
    gemini: await serve(gemini),
    ollama: await serve(ollama),
    problems,
    async stop() {
      for (const stop of stops) await stop()
    },
  }
}

class Denied extends Error {
  override name = 'Denied'
}

const text = z.object({ text: z.string().min(1) })
const converse = z.strictObject({
  messages: z.array(z.strictObject({ role: z.enum(['user', 'assistant']), content: z.array(text) })).min(1),
  system: z.array(text),
  inferenceConfig: z.strictObject({ maxTokens: z.number().int() }),
})
const claude = z.strictObject({
  anthropic_version: z.literal('bedrock-2023-05-31'),
  max_tokens: z.number().int(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).min(1),
})

async function bedrock(request: Request, response: Response, body: Buffer): Promise<void> {
  authorize(request, body)
  const [, model, call = ''] = /^\/[\w-]+\/model\/([^/]+)\/([\w-]+)$/.exec(request.url ?? '') ?? []
  if (model !== 'anthropic.claude-3-5-sonnet-20241022-v2%3A0') throw new Error(`no such model: ${request.url}`)
  if (request.headers['content-type'] !== 'application/json') throw new Error('the body is not said to be JSON')
  const asked: unknown = JSON.parse(body.toString())
  const usage = { inputTokens: 21, outputTokens: 7, totalTokens: 28 }
  const message = {
    id: 'msg_bdrk_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-3-5-sonnet-20241022',
    stop_sequence: null,
  }
  const anthropicUsage = { input_tokens: 21, output_tokens: 7 }
  const json = (value: object, headers = {}) => {
    response.writeHead(200, { 'content-type': 'application/json', 'x-amzn-requestid': 'req-1', ...headers })
    response.write(JSON.stringify(value))
    response.end()
  }
  switch (call) {
    case 'converse':
      converse.parse(asked)
      return json({
        output: { message: { role: 'assistant', content: [{ text: answer }] } },
        stopReason: 'end_turn',
        usage,
        metrics: { latencyMs: 5 },
      })
    case 'converse-stream':
      converse.parse(asked)
      return events(response, [
        ['messageStart', { role: 'assistant' }],
        ...words.map((text): [string, object] => ['contentBlockDelta', { contentBlockIndex: 0, delta: { text } }]),
        ['contentBlockStop', { contentBlockIndex: 0 }],
        ['messageStop', { stopReason: 'end_turn' }],
        ['metadata', { usage, metrics: { latencyMs: 5 } }],
      ])
    case 'invoke':
      claude.parse(asked)
      return json(
        { ...message, content: [{ type: 'text', text: answer }], stop_reason: 'end_turn', usage: anthropicUsage },
        { 'x-amzn-bedrock-input-token-count': '21', 'x-amzn-bedrock-output-token-count': '7' },
      )
    case 'invoke-with-response-stream': {
      claude.parse(asked)
      const chunks = [
        {
          type: 'message_start',
          message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 21, output_tokens: 1 } },
        },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        ...words.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 7 } },
        { type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 21, outputTokenCount: 7 } },
      ]
      return events(
        response,
        chunks.map((chunk) => ['chunk', { bytes: Buffer.from(JSON.stringify(chunk)).toString('base64') }]),
      )
    }
    default:
      throw new Error(`no such call: ${call}`)
  }
}

async function events(response: Response, messages: readonly [name: string, payload: object][]): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': 'req-1' })
  for (const [name, payload] of messages) {
    const headers = { ':event-type': name, ':content-type': 'application/json', ':message-type': 'event' }
    response.write(awsMessage(headers, JSON.stringify(payload)))
    await sleep(gapMs)
  }
  response.end()
}

/** As AWS does, from what came over the wire: its host, its path, its body (Signature Version 4). */
function authorize({ method = '', url = '', headers }: Request, body: Buffer): void {
  const { authorization = '' } = headers
  if (authorization === `Bearer ${bedrockKey}`) return
  const [, key, day, region, service, names, signature] =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/(\w+)\/aws4_request, SignedHeaders=([\w;:-]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? []
  if (key !== credentials.access_key_id || !day || !region || !service || !names)
    throw new Denied('The security token included in the request is invalid')
  // What HTTP/2 calls it.
  const host = headers.host ?? headers[':authority']
  const date = String(headers['x-amz-date'])
  const bodyHash = createHash('sha256').update(body).digest('hex')
  if (headers['x-amz-content-sha256'] !== bodyHash) throw new Denied('The hash of the body does not match')
  const missing = Object.keys(headers).filter((name) => name.startsWith('x-amz-') && !names.split(';').includes(name))
  if (missing.length > 0) throw new Denied(`not signed: ${missing.join()}`)
  const signed = names.split(';').map((name) => `${name}:${String(name === 'host' ? host : headers[name])}\n`)
  const path = url.split('/').map(encodeURIComponent).join('/')
  const canonical = [method, path, '', signed.join(''), names, bodyHash].join('\n')
  const toSign = [
    'AWS4-HMAC-SHA256',
    date,
    `${day}/${region}/${service}/aws4_request`,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n')
  let signing: string | Buffer = `AWS4${credentials.secret_access_key}`
  for (const part of [day, region, service, 'aws4_request', toSign])
    signing = createHmac('sha256', signing).update(part).digest()
  if (Buffer.from(signing).toString('hex') !== signature)
    throw new Denied('The request signature we calculated does not match the signature you provided')
}

const contents = z.object({
  contents: z.array(z.object({ role: z.string(), parts: z.array(text) })).min(1),
})

async function gemini({ url = '', headers }: Request, response: Response, body: Buffer): Promise<void> {
  if (headers['x-goog-api-key'] !== 'AIza-test') throw new Denied('API key not valid')
  contents.parse(JSON.parse(body.toString()))
  const usageMetadata = { promptTokenCount: 23, candidatesTokenCount: 7, totalTokenCount: 30 }
  const part = (text: string, more = {}) => ({
    candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0, ...more }],
    modelVersion: 'gemini-2.5-flash',
    responseId: 'resp-1',
  })
  if (url.endsWith('/models/gemini-2.5-flash:generateContent')) {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(JSON.stringify({ ...part(answer, { finishReason: 'STOP' }), usageMetadata }))
    return void response.end()
  }
  if (!url.endsWith('/models/gemini-2.5-flash:streamGenerateContent?alt=sse')) throw new Error(`no such path: ${url}`)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const [at, word] of words.entries()) {
    const isLast = at === words.length - 1
    const event = isLast ? { ...part(word, { finishReason: 'STOP' }), usageMetadata } : part(word)
    response.write(`data: ${JSON.stringify(event)}\r\n\r\n`)
    await sleep(gapMs)
  }
  response.end()
}

const chat = z.object({
  model: z.literal('llama3.2'),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).min(1),
})

async function ollama({ url = '' }: Request, response: Response, body: Buffer): Promise<void> {
  if (!url.endsWith('/api/chat')) throw new Error(`no such path: ${url}`)
  const asked = JSON.parse(body.toString()) as { stream?: boolean }
  chat.parse(asked)
  const head = { model: 'llama3.2', created_at: '2026-11-01T00:00:00Z' }
  const counts = {
    done: true,
    done_reason: 'stop',
    prompt_eval_count: 23,
    eval_count: 7,
    total_duration: 9_000_000,
    load_duration: 1_000_000,
    prompt_eval_duration: 2_000_000,
    eval_duration: 5_000_000,
  }
  if (asked.stream !== true) {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(JSON.stringify({ ...head, message: { role: 'assistant', content: answer }, ...counts }))
    return void response.end()
  }
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  for (const content of words) {
    response.write(`${JSON.stringify({ ...head, message: { role: 'assistant', content }, done: false })}\n`)
    await sleep(gapMs)
  }
  response.write(`${JSON.stringify({ ...head, message: { role: 'assistant', content: '' }, ...counts })}\n`)
  response.end()
}
