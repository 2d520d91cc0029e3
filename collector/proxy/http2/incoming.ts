/**
 * Clients that begin with HTTP/2 in the clear, as AWS's SDKs do on http://. Each of their streams becomes a request in HTTP/1.1
 * to the same server, over loopback, and goes the way of all others.
 */
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage, type Server } from 'node:http'
import { constants, createServer, type Http2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { http1Request, http2Answer, http2Trailers, lenient } from './headers.ts'
import { trailerPairs } from '../headers.ts'

const { NGHTTP2_FLAG_END_STREAM, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } = constants

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** Who says nothing at all for so long is no client. */
const silentMs = 60_000
/** HTTP/2 counts 32 bytes more for each field than the bound is meant for: what is above that is answered in HTTP/1.1, with 431. */
const headRoom = 4

export interface Http2Clients {
  /** Lets no further stream begin, and cuts those that have not ended within `limitMs`. Idempotent. */
  stop(limitMs: number): Promise<void>
}

/** Tells the connections of a server apart by their first bytes. Before it listens. */
export function acceptHttp2(server: Server, maxHeaderBytes: number): Http2Clients {
  const [listener] = server.listeners('connection') as [(socket: Socket) => void]
  const speakHttp1 = (socket: Socket) => listener.call(server, socket)
  const silent = new Set<Socket>()
  const sessions = new Set<Http2Session>()
  const agent = new Agent({ keepAlive: true })
  const http2 = createServer({ settings: { maxHeaderListSize: maxHeaderBytes * headRoom }, ...lenient })
  let stopped = false

  http2.on('session', (session) => {
    let open = 0
    sessions.add(session)
    session.on('error', () => undefined).once('close', () => sessions.delete(session))
    session.on('stream', (stream) => {
      open++
      stream.once('close', () => open--)
    })
    session.on('timeout', () => {
      if (open === 0) session.close()
    })
    session.setTimeout(server.keepAliveTimeout)
  })
  http2.on('stream', (stream, headers, flags, raw) => {
    stream.on('error', () => undefined)
    const hasBody = (flags & NGHTTP2_FLAG_END_STREAM) === 0
    const method = headers[':method'] ?? 'GET'
    if (stopped || method === 'CONNECT') return stream.close(NGHTTP2_REFUSED_STREAM)
    pass(stream, method, () =>
      httpRequest({
        ...ownAddress(server),
        agent,
        method,
        path: headers[':path'] ?? '/',
        headers: http1Request(raw, { hasBody }),
        setDefaultHeaders: false,
        maxHeaderSize: maxHeaderBytes,
      }),
    )
  })

  server.off('connection', listener).on('connection', (socket: Socket) => {
    if (stopped) return speakHttp1(socket)
    silent.add(socket)
    firstBytes(socket, (isHttp2) => {
      silent.delete(socket)
      // One that closed is gone: HTTP/2 has no halves of connections.
      if (isHttp2) socket.allowHalfOpen = false
      if (isHttp2) http2.emit('connection', socket)
      else if (isHttp2 === false) speakHttp1(socket)
    })
  })
  return {
    async stop(limitMs) {
      stopped = true
      for (const socket of silent) socket.destroy()
      // What was answered may still be on its way to a client that reads slowly.
      const closed = [...sessions].map((session) => new Promise<void>((resolve) => session.close(resolve)))
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, limitMs)
      await Promise.race([Promise.all(closed), late])
      clearTimeout(timer)
      for (const session of sessions) session.destroy()
      agent.destroy()
    },
  }
}

/** Whether they are HTTP/2's; null when the client went away before it said. What was read is put back. */
function firstBytes(socket: Socket, callback: (isHttp2: boolean | null) => void): void {
  let head = Buffer.alloc(0)
  const giveUp = () => socket.destroy()
  const decide = (isHttp2: boolean | null) => {
    socket.off('readable', read).off('end', giveUp).off('error', giveUp).off('timeout', giveUp).off('close', close)
    socket.setTimeout(0)
    if (isHttp2 !== null) socket.unshift(head)
    callback(isHttp2)
  }
  const read = () => {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    head = Buffer.concat([head, chunk])
    const length = Math.min(head.length, preface.length)
    if (!head.subarray(0, length).equals(preface.subarray(0, length))) decide(false)
    else if (length === preface.length) decide(true)
  }
  const close = () => decide(null)
  socket.on('readable', read).on('end', giveUp).on('error', giveUp).on('timeout', giveUp).on('close', close)
  socket.setTimeout(silentMs)
}

function ownAddress(server: Server): { host: string; port: number } {
  const { address, port } = server.address() as AddressInfo
  // By number: at another address that `localhost` has, this port may be somebody else's.
  return { host: address === '::' || address === '0.0.0.0' ? '127.0.0.1' : address, port }
}

function pass(stream: ServerHttp2Stream, method: string, begin: () => ClientRequest): void {
  let request: ClientRequest
  try {
    request = begin()
  } catch {
    // What HTTP/1.1 does not allow in a head.
    return stream.close(NGHTTP2_INTERNAL_ERROR)
  }
  const abort = () => stream.close(NGHTTP2_INTERNAL_ERROR)
  stream.on('close', () => request.destroy())
  stream.on('trailers', (_, _flags, raw) => request.addTrailers(trailerPairs(raw)))
  // The head of one that waits for leave goes out by itself, and as UTF-8 unless the socket knows better.
  request.on('socket', (socket) => socket.setDefaultEncoding('latin1'))
  stream.pipe(request)
  request.on('error', abort)
  request.on('information', ({ statusCode, rawHeaders }) => {
    const informed = { ':status': statusCode, ...http2Trailers(trailerPairs(rawHeaders)) }
    guarded(stream, () => stream.headersSent || stream.additionalHeaders(informed))
  })
  request.on('response', (answer) => {
    answer.on('error', abort)
    if (stream.destroyed) return
    guarded(stream, () => answerOn(stream, answer, method === 'HEAD'))
  })
}

function answerOn(stream: ServerHttp2Stream, answer: IncomingMessage, isHead: boolean): void {
  const { statusCode = 502, rawHeaders } = answer
  const endStream = isHead || statusCode === 204 || statusCode === 304
  // Until trailers are sent, even if none, a body is not over: one that breaks off must not look complete.
  stream.respond(http2Answer(statusCode, rawHeaders), {
    endStream,
    waitForTrailers: !endStream,
    sendDate: false,
  } as object)
  stream.on('wantTrailers', () => {
    if (answer.complete) guarded(stream, () => stream.sendTrailers(http2Trailers(trailerPairs(answer.rawTrailers))))
    else stream.close(NGHTTP2_INTERNAL_ERROR)
  })
  if (endStream) answer.resume()
  else answer.pipe(stream)
}

/** What HTTP/2 does not allow to be sent resets the stream. */
function guarded(stream: ServerHttp2Stream, send: () => unknown): void {
  try {
    send()
  } catch {
    stream.close(NGHTTP2_INTERNAL_ERROR)
  }
}
