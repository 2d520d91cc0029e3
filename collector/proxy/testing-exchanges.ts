/** Exchanges made up at random, played directly and through the proxy: what either side sees must be the same. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { random } from '../otlp/testing.ts'
import { readMessage, startWireServer, valueOf, type Message, type WireServer } from './testing-wire.ts'

/** How an answer ends, beside as it should. */
type Break = 'none' | 'fin' | 'reset'

export interface Exchange {
  method: string
  path: string
  headers: [string, string][]
  /** Of the request, framed. */
  body: string
  /** What the stand-in sends before it has read the body, and whether the client may then send it. */
  expect: 'none' | 'continue' | 'refuse'
  hints: boolean
  status: string
  answerHeaders: [string, string][]
  /** Of the answer, framed. */
  answerBody: string
  /** Where the bytes are cut into packets, as fractions. */
  cuts: number[]
  answerCuts: number[]
  broken: Break
  /** The client goes away once it has seen the head of the answer. */
  leaves: boolean
}

export interface Seen {
  /** By the stand-in; null when the request never was complete. */
  request: Message | null
  interim: Message[]
  answer: Message
}

const methods = ['GET', 'POST', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']
const statuses = [
  '200 OK',
  '200 ',
  '201 Created',
  '204 No Content',
  '206 Partial Content',
  '304 Not Modified',
  '400 Bad Request',
  '404 Nope',
  '429 Too Many Requests',
  '500 Oh dear',
  '529 Overloaded',
]
const paths = [
  '/v1/chat/completions',
  '/v1/models/a%2Fb:generate?alt=sse&key=%20',
  '//double//slash',
  '/a/../b/./c',
  '/%C3%A9?x=%ZZ&y',
  '/v1;p=1/x?q=a+b&q=c',
  "/~u/!$&'()*+,=:@",
  '/?',
  '/x?http://other/',
  '/a%00b',
  '/v1/|"<>^`{}',
]
const names = [
  'X-Odd',
  'x-odd',
  'Authorization',
  'ACCEPT',
  'Accept-Encoding',
  'traceparent',
  'Cookie',
  'anthropic-version',
  'X-Stainless-Lang',
  'Range',
  'if-none-match',
  'Via',
  'X-Forwarded-For',
  'forwarded',
  'cache-control',
  'Max-Forwards',
  'x_under',
  'X.Dot',
  "x-!#$%&'*+-.^_`|~",
]
const answerNames = [
  'X-Request-Id',
  'x-request-id',
  'Set-Cookie',
  'SET-COOKIE',
  'Content-Type',
  'content-encoding',
  'x-ratelimit-remaining-tokens',
  'Date',
  'Server',
  'Alt-Svc',
  'ETag',
  'Vary',
  'Access-Control-Allow-Origin',
  'Content-Disposition',
  'x_y',
  'Content-Range',
  'WWW-Authenticate',
  'Link',
]
const values = [
  '1',
  'a, b',
  'gzip, br',
  'text/event-stream; charset=utf-8',
  '"quoted \\" text"',
  'caf\xe9',
  'caf\xc3\xa9',
  'x\ty',
  '',
  'Bearer sk-abc',
  'bytes=0-',
  '\x80\xff',
  'close',
]

export function makeExchange(seed: number): Exchange {
  const next = random(seed)
  const int = (below: number) => Math.floor(next() * below)
  const pick = <Item>(items: readonly Item[]) => items[int(items.length)] as Item
  const chance = (ratio: number) => next() < ratio
  const bytes = () => {
    const size = chance(0.1) ? int(60_000) : int(600)
    let text = ''
    for (let i = 0; i < size; i++) text += String.fromCharCode(int(256))
    return text
  }
  const fields = (from: readonly string[]) =>
    Array.from({ length: int(8) }, (): [string, string] => [pick(from), pick(values)])
  const chunked = (text: string, trailers: [string, string][]) => {
    let framed = ''
    for (let at = 0; at < text.length;) {
      const size = Math.min(text.length - at, 1 + int(chance(0.3) ? 5 : 8_000))
      framed += `${size.toString(16)}\r\n${text.slice(at, at + size)}\r\n`
      at += size
    }
    return `${framed}0\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  }
  const put = (headers: [string, string][], header: [string, string]) =>
    headers.splice(int(headers.length + 1), 0, header)
  const trailersOf = (): [string, string][] =>
    chance(0.3)
      ? [
          ['X-Sum', pick(values)],
          ['x-end', '1'],
        ]
      : []

  const method = pick(methods)
  const headers = fields(names)
  let body = ''
  const takesBody = method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS'
  const framing = takesBody || chance(0.1) ? pick(['length', 'length', 'chunked', 'none']) : 'none'
  if (framing === 'length') {
    body = bytes()
    put(headers, ['Content-Length', String(body.length)])
  } else if (framing === 'chunked') {
    const trailers = trailersOf()
    body = chunked(bytes(), trailers)
    put(headers, [pick(['Transfer-Encoding', 'transfer-encoding']), 'chunked'])
    if (trailers.length > 0 && chance(0.5)) put(headers, ['Trailer', 'X-Sum'])
  }
  const expect = body !== '' && chance(0.1) ? pick(['continue', 'continue', 'refuse'] as const) : 'none'
  if (expect !== 'none') put(headers, ['Expect', '100-continue'])

  const status = pick(statuses)
  const answerHeaders = fields(answerNames)
  const isBodiless = method === 'HEAD' || /^(204|304)/.test(status)
  const answerText = bytes()
  let answerBody = ''
  let broken: Break = 'none'
  const answerFraming = isBodiless
    ? pick(['none', 'length'])
    : pick(['length', 'length', 'chunked', 'chunked', 'close'])
  if (answerFraming === 'length' && !status.startsWith('204')) {
    answerBody = isBodiless ? '' : answerText
    put(answerHeaders, ['Content-Length', String(answerText.length)])
  } else if (answerFraming === 'chunked') {
    const trailers = trailersOf()
    answerBody = chunked(answerText, trailers)
    put(answerHeaders, ['Transfer-Encoding', 'chunked'])
    if (trailers.length > 0 && chance(0.5)) put(answerHeaders, ['Trailer', 'X-Sum, x-end'])
  } else if (answerFraming === 'close') {
    answerBody = answerText
    put(answerHeaders, ['Connection', 'close'])
    if (chance(0.2)) broken = 'reset'
  }
  const isLong = answerBody.length > 10 && (answerFraming === 'length' || answerFraming === 'chunked')
  if (isLong && chance(0.15)) {
    answerBody = answerBody.slice(0, int(answerBody.length - 8))
    broken = pick(['fin', 'reset'] as const)
  }
  const cutsOf = () => Array.from({ length: chance(0.5) ? 0 : int(6) }, () => next()).sort((a, b) => a - b)
  return {
    method,
    path: pick(paths),
    headers,
    body,
    expect,
    hints: chance(0.1),
    status,
    answerHeaders,
    answerBody,
    cuts: cutsOf(),
    answerCuts: cutsOf(),
    broken,
    leaves: chance(0.05),
  }
}

export interface StandIn extends WireServer {
  /** Plays this exchange next. */
  exchange: Exchange | null
  request: Message | null
  /** Connections that the other side closed since the exchange began. */
  closed: number
}

export async function startStandIn(): Promise<StandIn> {
  const server = await startWireServer((socket) => {
    let text = ''
    let answering = false
    socket.on('end', () => socket.end())
    socket.on('close', () => standIn.closed++)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (!answering) void serve()
    })
    const serve = async () => {
      const { exchange } = standIn
      if (!exchange) return socket.destroy()
      const { expect } = exchange
      if (expect !== 'none' && text.includes('\r\n\r\n') && !text.includes('\r\n\r\n', text.indexOf('\r\n\r\n') + 1)) {
        if (expect === 'continue' && text.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 100 Continue\r\n\r\n')
        if (expect === 'refuse') {
          answering = true
          text = ''
          return answer(socket, exchange)
        }
      }
      const read = readMessage(text, {})
      if (!read) return
      answering = true
      standIn.request = read.message
      text = read.rest
      await answer(socket, exchange)
      answering = false
    }
  })
  const standIn: StandIn = Object.assign(server, { exchange: null, request: null, closed: 0 })
  return standIn
}

async function answer(socket: Socket, exchange: Exchange): Promise<void> {
  const { hints, status, answerHeaders, answerBody, answerCuts, broken } = exchange
  if (hints) socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX-Hint: 1\r\n\r\n')
  const head = `HTTP/1.1 ${status}\r\n${answerHeaders.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  await writeCut(socket, head + answerBody, answerCuts)
  if (broken !== 'none') await sleep(5)
  if (broken === 'reset') socket.resetAndDestroy()
  else if (broken === 'fin' || answerHeaders.some(([name]) => name === 'Connection') || exchange.expect === 'refuse')
    socket.end()
}

/** Each part in a packet of its own. */
async function writeCut(socket: Socket, text: string, cuts: readonly number[]): Promise<void> {
  let from = 0
  for (const cut of [...cuts, 1]) {
    const to = Math.floor(cut * text.length)
    if (to > from && !socket.destroyed) socket.write(Buffer.from(text.slice(from, to), 'latin1'))
    from = Math.max(from, to)
    if (cut < 1) await sleep(1)
  }
}

/** Plays an exchange at a port; `prefix` goes before its path. */
export async function play(exchange: Exchange, standIn: StandIn, port: number, prefix: string): Promise<Seen> {
  standIn.exchange = exchange
  standIn.request = null
  standIn.closed = 0
  const { method, path, headers, body, expect, cuts, leaves } = exchange
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let text = ''
  let clean = true
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  const { promise: enough, resolve: done } = Promise.withResolvers<void>()
  const { promise: leave, resolve: granted } = Promise.withResolvers<void>()
  socket.on('error', () => (clean = false))
  socket.on('end', done).on('close', done)
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    if (text.includes('\r\n\r\n')) granted()
    if (leaves && /HTTP\/1\.1 [2-5][^]*\r\n\r\n/.test(text)) {
      socket.destroy()
      return done()
    }
    if (answersOf(text, method)?.answer) done()
  })
  const lines = [['Host', `127.0.0.1:${port}`], ...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = `${method} ${prefix}${path} HTTP/1.1\r\n${lines}\r\n`
  if (expect === 'none') await writeCut(socket, head + body, cuts)
  else {
    socket.write(Buffer.from(head, 'latin1'))
    await Promise.race([leave, ended])
    if (text.startsWith('HTTP/1.1 100') || text.startsWith('HTTP/1.1 103')) await writeCut(socket, body, cuts)
  }
  await enough
  const seen = answersOf(text, method, clean && !leaves)
  socket.destroy()
  await ended
  if (!seen?.answer) throw new Error('no answer was read')
  return { request: standIn.request, interim: seen.interim, answer: seen.answer }
}

function answersOf(
  text: string,
  method: string,
  ended?: boolean,
): { interim: Message[]; answer: Message | null } | null {
  const interim: Message[] = []
  let rest = text
  for (;;) {
    const read = readMessage(rest, { answerTo: method, ended })
    if (!read) return null
    if (!read.message.start.startsWith('HTTP/1.1 1')) return { interim, answer: read.message }
    interim.push(read.message)
    rest = read.rest
  }
}

/** What a hop may change of a message is left out: its connection, how a body is cut into chunks, whom Host names. */
export function essence(seen: Seen, { leaves, broken }: Exchange, prefix: string): object {
  const ofHop = /^(connection|keep-alive|transfer-encoding|host)$/i
  const core = (message: Message) => ({
    ...message,
    // The length may have to go last; else the order is kept.
    headers: message.headers.filter(([name]) => !ofHop.test(name)).sort(byPlace),
    trailers: message.trailers.length === 0 || message.complete ? message.trailers : [],
  })
  const byPlace = ([a]: [string, string], [b]: [string, string]) => Number(isMoved(a)) - Number(isMoved(b))
  const isMoved = (name: string) => name.toLowerCase() === 'content-length'
  const { request, interim, answer } = seen
  const start = answer.start
  // Who left saw as much of the answer as was there.
  const end = leaves ? { start } : core(answer)
  return {
    request: request && { ...core(request), start: request.start.replace(prefix, '') },
    interim: leaves ? [] : interim.map(core),
    answer: end,
    broken,
  }
}

export { valueOf }
