/** An upstream that speaks HTTP/2, and exchanges played with it directly: what the proxy must not change. */
import { once } from 'node:events'
import {
  connect,
  constants,
  createSecureServer,
  createServer,
  type ClientHttp2Stream,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { certificate, privateKey } from '../testing-certificate.ts'
import type { Exchange } from '../testing-exchanges.ts'
import { readMessage, type Message } from '../testing-wire.ts'
import { lenient } from './headers.ts'

const { NGHTTP2_INTERNAL_ERROR } = constants

/** A message, whichever protocol it came in: names in lower case, nothing that belongs to a connection. */
export interface Essence {
  start: string
  headers: [string, string][]
  body: string
  trailers: [string, string][]
  complete: boolean
}

export interface Http2StandIn {
  port: number
  url: string
  sessions: Set<ServerHttp2Session>
  /** Plays this exchange next. */
  exchange: Exchange | null
  /** The last request that came whole. */
  request: Essence | null
  stop(): Promise<void>
}

type OnStream = (stream: ServerHttp2Stream, headers: Record<string, unknown>, raw: string[]) => unknown

/** A server of streams; in the clear unless `secure`. */
export async function startHttp2(
  onStream: OnStream,
  { secure = false, settings = {}, allowHTTP1 = false } = {},
): Promise<Http2StandIn> {
  const server: Http2Server = secure
    ? createSecureServer({ cert: certificate, key: privateKey, allowHTTP1, settings, ...lenient })
    : createServer({ settings, ...lenient })
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session)).on('error', () => undefined)
  })
  server.on('stream', (stream, headers, _, raw) => {
    stream.on('error', () => undefined)
    onStream(stream, headers, raw)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: secure ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    sessions,
    exchange: null,
    request: null,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      for (const session of sessions) session.destroy()
      if ('closeAllConnections' in server) (server.closeAllConnections as () => void)()
      await closed
    },
  }
}

/** Plays the exchange that it is given. */
export async function startExchanges(): Promise<Http2StandIn> {
  const standIn = await startHttp2((stream, headers, raw) => {
    const { exchange } = standIn
    if (!exchange) return stream.close(NGHTTP2_INTERNAL_ERROR)
    if (headers['expect'] !== undefined && exchange.expect === 'continue') stream.additionalHeaders({ ':status': 100 })
    const isRefused = exchange.expect === 'refuse'
    let body = ''
    let trailers: string[] = []
    stream.on('trailers', (_, _flags, found: string[]) => (trailers = found))
    stream.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
    stream.on('end', () => {
      if (isRefused) return
      standIn.request = {
        start: `${String(headers[':method'])} ${String(headers[':path'])}`,
        headers: fieldsOf(raw),
        body,
        trailers: fieldsOf(trailers),
        complete: true,
      }
      void answer(stream, exchange)
    })
    if (isRefused) void answer(stream, exchange)
  })
  return standIn
}

async function answer(stream: ServerHttp2Stream, exchange: Exchange): Promise<void> {
  const { hints, status, answerCuts, broken, method } = exchange
  if (hints) stream.additionalHeaders({ ':status': 103, link: '</a>; rel=preload', 'x-hint': '1' })
  const { headers, body, trailers, complete } = answerOf(exchange)
  const raw: readonly string[] = [':status', status.slice(0, 3), ...headers.flat()]
  const isBodiless = method === 'HEAD' || /^(204|304)/.test(status)
  const endStream = isBodiless || (body === '' && complete && trailers.length === 0)
  // Without waiting for trailers, node:http2 ends a body before it resets its stream.
  stream.respond(raw, { endStream, waitForTrailers: !endStream, sendDate: false } as object)
  stream.on('wantTrailers', () => {
    if (complete) stream.sendTrailers(Object.fromEntries(trailers))
  })
  if (endStream) return
  await writeCut(stream, body, answerCuts)
  if (complete) return void stream.end()
  await sleep(5)
  if (broken === 'reset') stream.close(NGHTTP2_INTERNAL_ERROR)
  else stream.session?.destroy()
}

/** The exchange’s answer, without its framing in HTTP/1.1. */
function answerOf({ status, answerHeaders, answerBody, broken, method }: Exchange): Essence {
  const head = `HTTP/1.1 ${status}\r\n${answerHeaders.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  const read = readMessage(head + answerBody, { answerTo: method, ended: broken === 'none' })
  return essenceOf((read as { message: Message }).message)
}

async function writeCut(stream: ServerHttp2Stream | ClientHttp2Stream, text: string, cuts: readonly number[]) {
  let from = 0
  for (const cut of [...cuts, 1]) {
    const to = Math.floor(cut * text.length)
    if (to > from && !stream.destroyed) stream.write(Buffer.from(text.slice(from, to), 'latin1'))
    from = Math.max(from, to)
    if (cut < 1) await sleep(1)
  }
}

/** What client and stand-in saw of an exchange. */
export interface Played {
  request: Essence | null
  interim: Essence[]
  answer: Essence
}

/** Plays an exchange over HTTP/2: with the stand-in itself, unless it is below another address. */
export async function playDirectly(
  exchange: Exchange,
  standIn: Http2StandIn,
  { origin, prefix } = { origin: standIn.url, prefix: '' },
): Promise<Played> {
  standIn.exchange = exchange
  standIn.request = null
  const { method, path, headers, body: framed, cuts, expect, leaves } = exchange
  const text = `${method} ${path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${framed}`
  const sent = essenceOf((readMessage(text, {}) as { message: Message }).message)
  const session = connect(origin, lenient).on('error', () => undefined)
  const head = [
    ':method',
    method,
    ':path',
    prefix + path,
    ':scheme',
    'http',
    ':authority',
    'localhost',
    ...sent.headers.flat(),
  ]
  const endStream = sent.body === '' && sent.trailers.length === 0
  const stream = session.request(head, { endStream, waitForTrailers: sent.trailers.length > 0 })
  const seen: Played = { request: null, interim: [], answer: { ...empty } }
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  stream.on('error', () => undefined).on('close', resolve)
  stream.on('wantTrailers', () => stream.sendTrailers(Object.fromEntries(sent.trailers)))
  const send = async () => {
    if (endStream) return
    await writeCut(stream, sent.body, cuts)
    stream.end()
  }
  stream.on('headers', (found, _, raw) => {
    seen.interim.push({ ...empty, start: String(found[':status']), headers: fieldsOf(raw), complete: true })
    if (found[':status'] === 100) void send()
  })
  stream.on('response', (found, _, raw) => {
    seen.answer = { ...seen.answer, start: String(found[':status']), headers: fieldsOf(raw) }
    if (leaves || expect === 'refuse') stream.close(constants.NGHTTP2_CANCEL)
  })
  stream.on('data', (chunk: Buffer) => (seen.answer.body += chunk.toString('latin1')))
  stream.on('trailers', (_, _flags, raw) => (seen.answer.trailers = fieldsOf(raw)))
  stream.on('end', () => (seen.answer.complete = stream.rstCode === 0))
  if (expect === 'none') await send()
  await closed
  session.destroy()
  return { ...seen, request: standIn.request }
}

const empty: Essence = { start: '', headers: [], body: '', trailers: [], complete: false }

const ofConnection = /^(?:connection|keep-alive|transfer-encoding|host|upgrade|te)$/

/** As HTTP/2 would say it. */
export function essenceOf(message: Message): Essence {
  const { start, headers, body, trailers, complete } = message
  const status = /^HTTP\/1\.1 (\d+)/.exec(start)?.[1]
  return {
    start: status ?? start.replace(/ HTTP\/1\.1$/, ''),
    headers: fieldsOf(headers.flat()),
    body,
    trailers: fieldsOf(trailers.flat()),
    complete,
  }
}

function fieldsOf(raw: readonly string[]): [string, string][] {
  const fields: [string, string][] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    if (!name.startsWith(':') && !ofConnection.test(name)) fields.push([name, raw[i + 1] ?? ''])
  }
  return fields
}
