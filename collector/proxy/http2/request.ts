/** A call to an upstream over HTTP/2, to those who make it what node:http's ClientRequest is. */
import { EventEmitter } from 'node:events'
import { STATUS_CODES, type IncomingHttpHeaders } from 'node:http'
import {
  constants,
  type ClientHttp2Stream,
  type IncomingHttpHeaders as Http2Headers,
  type IncomingHttpStatusHeader,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { RawHeaders } from '../headers.ts'
import type { UpstreamAnswer, UpstreamRequest } from '../upstream.ts'
import { http1Answer, http2Request, http2Trailers, type RequestHead } from './headers.ts'
import type { Session, Sessions } from './sessions.ts'

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants

/** Kept of a body to send it again, should the upstream say that it took nothing of the request. */
const maxReplayedBytes = 2 ** 20
/** A request that is refused so often is not sent again. */
const maxSends = 3

export class Http2Request extends EventEmitter implements UpstreamRequest {
  /** Nothing is sent again for another reason than that the upstream says it took nothing. */
  readonly reusedSocket = false
  destroyed = false
  writableEnded = false
  socket: Socket | null = null
  private readonly sessions: Sessions
  private readonly headers: string[]
  private readonly isHead: boolean
  private trailers: readonly (readonly [string, string])[] = []
  private stream: ClientHttp2Stream | null = null
  private answer: Http2Answer | null = null
  /** Null: too much was sent to send it again. */
  private sent: Buffer[] | null = []
  private sentBytes = 0
  private sends = 0

  /** `raw` as HTTP/1.1 would send it. */
  constructor(sessions: Sessions, head: RequestHead, raw: RawHeaders) {
    super()
    this.sessions = sessions
    this.headers = http2Request(head, raw)
    this.isHead = head.method === 'HEAD'
  }

  /** An empty chunk sends the head. */
  write(chunk: Buffer | string): boolean {
    if (this.destroyed || this.writableEnded) return true
    const stream = this.stream ?? this.open(false)
    if (!stream || chunk.length === 0) return true
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    this.keep(bytes)
    return stream.write(bytes)
  }

  end(chunk?: Buffer): void {
    if (this.destroyed || this.writableEnded) return
    if (chunk && chunk.length > 0) this.write(chunk)
    this.writableEnded = true
    if (this.stream) this.stream.end()
    else this.open(true)
  }

  addTrailers(trailers: readonly (readonly [string, string])[]): void {
    this.trailers = trailers
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    const { stream } = this
    if (!stream) return process.nextTick(() => this.emit('close'))
    stream.close(NGHTTP2_CANCEL)
    stream.destroy()
  }

  private open(ended: boolean): ClientHttp2Stream | null {
    this.sends++
    try {
      const session = this.sessions.take()
      // Until trailers are sent, even if none, a body is not over: one that breaks off must not look complete.
      const stream = session.http2.request(this.headers, { endStream: ended, waitForTrailers: !ended })
      this.listen(stream, session)
      this.stream = stream
      this.socket = session.socket
      return stream
    } catch (error) {
      // What HTTP/2 does not allow in a head, or a session that just ended.
      process.nextTick(() => this.lose(error as Error))
      return null
    }
  }

  private listen(stream: ClientHttp2Stream, session: Session): void {
    const over = this.sessions.begin(session)
    let failure: Error | null = null
    stream.on('headers', (headers, _, rawHeaders) => {
      const informed = { statusCode: headers[':status'] ?? 0, rawHeaders: http1Answer(rawHeaders, { chunked: false }) }
      this.emit('information', informed)
    })
    stream.on('response', (headers, flags, rawHeaders) => {
      this.sent = null
      const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
      this.answer = new Http2Answer(stream, headers, rawHeaders, { isBodiless: ended || this.isHead })
      this.emit('response', this.answer)
    })
    stream.on('drain', () => this.emit('drain'))
    stream.on('wantTrailers', () => {
      if (!this.destroyed) this.sendTrailers(stream)
    })
    stream.on('error', (error) => (failure = error))
    stream.on('close', () => {
      over()
      if (!this.destroyed && !this.answer && this.isRefused(stream, session)) return this.sendAgain()
      this.lose(session.error ?? failure ?? new Error(`the stream was reset (${stream.rstCode})`), session)
    })
  }

  /** Whether the upstream certainly did nothing of it, and all of it can be sent again. */
  private isRefused(stream: ClientHttp2Stream, { lastStream, http2 }: Session): boolean {
    if (this.sent === null || this.sends >= maxSends) return false
    const { rstCode, id } = stream
    if (rstCode === NGHTTP2_REFUSED_STREAM) return true
    // It never left: the session ended first.
    if (id === undefined || stream.pending) return !http2.connecting && lastStream !== null
    return lastStream !== null && id > lastStream
  }

  private sendAgain(): void {
    const sent = this.sent ?? []
    const stream = this.open(this.writableEnded && sent.length === 0)
    if (!stream) return
    for (const part of sent) stream.write(part)
    if (this.writableEnded && sent.length > 0) stream.end()
    else this.emit('drain')
  }

  private keep(bytes: Buffer): void {
    this.sentBytes += bytes.length
    if (this.sentBytes > maxReplayedBytes) this.sent = null
    else this.sent?.push(bytes)
  }

  private sendTrailers(stream: ClientHttp2Stream): void {
    try {
      stream.sendTrailers(http2Trailers(this.trailers))
    } catch {
      // Those that HTTP/2 does not allow are left out: all else of the message is already there.
      stream.sendTrailers({})
    }
  }

  private lose(error: Error, session?: Session): void {
    const { answer, destroyed } = this
    this.destroyed = true
    if (session) this.socket = session.socket
    if (!destroyed && answer) answer.finish(error)
    else if (!destroyed) this.emit('error', error)
    this.emit('close')
  }
}

class Http2Answer extends EventEmitter implements UpstreamAnswer {
  readonly statusCode: number
  readonly statusMessage: string
  readonly rawHeaders: string[]
  readonly headers: IncomingHttpHeaders
  rawTrailers: string[] = []
  complete = false
  private readonly stream: ClientHttp2Stream
  /** Bytes of the body that are still to come; null when not known. */
  private missing: number | null

  constructor(
    stream: ClientHttp2Stream,
    { ':status': status = 502, ...headers }: Http2Headers & IncomingHttpStatusHeader,
    rawHeaders: RawHeaders,
    { isBodiless }: { isBodiless: boolean },
  ) {
    super()
    this.stream = stream
    this.statusCode = status
    this.statusMessage = STATUS_CODES[status] ?? ''
    const length = headers['content-length']
    this.rawHeaders = http1Answer(rawHeaders, { chunked: !isBodiless && length === undefined })
    this.headers = headers
    this.missing = isBodiless || length === undefined ? null : Number(length)
    stream.on('trailers', (_, _flags, trailers) => (this.rawTrailers = [...trailers]))
    stream.on('data', (chunk: Buffer) => {
      if (this.missing !== null) this.missing -= chunk.length
      this.emit('data', chunk)
    })
    stream.on('end', () => {
      if (stream.rstCode !== NGHTTP2_NO_ERROR || (this.missing ?? 0) > 0) return
      this.complete = true
      this.emit('end')
    })
  }

  pause(): void {
    this.stream.pause()
  }

  resume(): void {
    this.stream.resume()
  }

  /** Nothing more comes. */
  finish(error: Error): void {
    if (!this.complete && this.listenerCount('error') > 0) this.emit('error', error)
  }
}
