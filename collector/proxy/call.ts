/** One call: the request goes to the upstream and the answer comes back, byte for byte, as soon as each part is there. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { awsSigned, sha256 } from './aws-signature.ts'
import type { Calls, Ongoing, Patience } from './calls.ts'
import type { GuardedObservation } from './guard.ts'
import { answerHeaders, requestHeaders, trailerPairs, type RawHeaders } from './headers.ts'
import type { CallEnd } from './observer.ts'
import { answerRefusal, type Refusal, type RefusalCode } from './refusal.ts'
import { headOf, tunnel } from './tunnel.ts'
import type { Upstream, UpstreamAnswer, UpstreamRequest } from './upstream.ts'

export interface CallOptions {
  request: IncomingMessage
  /** What of its headers is meant for the upstream. */
  rawHeaders: RawHeaders
  /** What of its trailers is. */
  trailers: (raw: RawHeaders) => RawHeaders
  response: ServerResponse
  upstream: Upstream
  /** Of the upstream. */
  path: string
  observed: GuardedObservation | null
  /** Epoch ms at performance.now() 0. */
  origin: number
  maxBodyBytes: number
  maxRewrittenBytes: number
  calls: Calls
  /** Told once, when the call is over. */
  onclosed: () => void
  /** The client asks for another protocol, and may already have sent some of it. */
  upgrade?: { protocol: string; head: Buffer }
}

/** Sent again, over a new connection, when the one it took had just been closed. */
const repeatable = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** A refusal may take this long, whatever the time-outs are. */
const farewellMs = 10_000

export class Call implements Ongoing {
  readonly upstream: Upstream
  place = -1
  private readonly options: CallOptions
  private readonly request: IncomingMessage
  private readonly response: ServerResponse
  private readonly observed: GuardedObservation | null
  /** Bytes of the request's body; null when it comes in chunks. */
  private readonly declared: number | null
  private out: UpstreamRequest | null = null
  private answer: UpstreamAnswer | null = null
  /** Of an upgraded connection, on the upstream's side. */
  private upgraded: Socket | null = null
  private requestBytes = 0
  private responseBytes = 0
  /** Whether all of the request came. */
  private taken: boolean
  /** Whether it is still to be known which protocol the upstream speaks. */
  private settling = false
  /** Whether the client has leave to send the body that it announced with Expect. */
  private continued = false
  /** Null while it is going well. */
  private failure: { how: CallEnd['how']; error: string } | null = null
  private over = false
  private repeated = false
  /** performance.now() when something last came. */
  private last = performance.now()

  constructor(options: CallOptions) {
    const { request, response, upstream, observed } = options
    this.options = options
    this.upstream = upstream
    this.request = request
    this.response = response
    this.observed = observed
    this.declared =
      request.headers['transfer-encoding'] === undefined ? Number(request.headers['content-length'] ?? 0) : null
    this.taken = this.declared === 0
  }

  /** `refusal` says why it does not go on to the upstream. */
  start(refusal: Refusal | null): void {
    const { response, declared, options } = this
    options.calls.add(this)
    response.sendDate = false
    response.on('close', () => this.close(response.writableFinished ? 'complete' : 'client_aborted'))
    if (refusal) return this.refuse(refusal.code, refusal.message)
    if (declared !== null && declared > options.maxBodyBytes) return this.refuseSize()
    const settling = options.upgrade ? null : this.upstream.settling()
    if (settling) void this.settle(settling)
    else this.proceed()
  }

  private proceed(): void {
    const isWanted = this.observed?.wantsBody || (this.upstream.endpoint.aws && this.signedHash() === null)
    if (isWanted && this.isRewritable()) return this.collect()
    this.send()
    if (this.taken) this.out?.end()
    else this.pump()
  }

  private async settle(settling: Promise<void>): Promise<void> {
    const { upstream } = this
    this.settling = true
    try {
      await settling
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return this.fail(
        'upstream_unreachable',
        'upstream_unreachable',
        `${upstream.host} cannot be reached: ${code ?? message}`,
      )
    }
    this.settling = false
    if (!this.failure && !this.over) this.proceed()
  }

  private refuse(code: RefusalCode, message: string): void {
    this.fail('refused', code, message)
  }

  check(now: number, { connect, headers, idle }: Patience): void {
    const { out, answer, taken, request } = this
    const waited = now - this.last
    if (this.upgraded) return
    if (this.over || this.failure) {
      // Its end is on its way, to somebody who may not take it.
      if (waited > Math.max(idle, farewellMs)) request.socket.destroy()
    } else if (answer) {
      if (waited > idle) this.breakOff('timeout', `nothing came for ${idle} ms`)
    } else if (out ? isConnecting(out.socket) : this.settling) {
      if (waited > connect) this.fail('timeout', 'upstream_timeout', `no connection within ${connect} ms`)
    } else if (!taken) {
      if (waited > idle) this.fail('timeout', 'request_timeout', `no part of the request came for ${idle} ms`)
    } else if (waited > headers) {
      this.fail('timeout', 'upstream_timeout', `no answer within ${headers} ms`)
    }
  }

  cut(): void {
    this.failure ??= { how: 'upstream_aborted', error: 'the proxy stopped' }
    this.out?.destroy()
    this.upgraded?.destroy()
    this.request.socket.destroy()
  }

  /** What AWS wants to know of a body before it comes: a hash, which most clients send; null when it takes the whole body. */
  private signedHash(): string | null {
    if (this.declared === 0) return sha256('')
    const { 'x-amz-content-sha256': hash } = this.request.headers
    return typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash) ? hash : null
  }

  /** `body`: all of it, where it was waited for. */
  private send(body?: Buffer, rewritten?: Buffer): void {
    const { request, upstream, observed, options } = this
    const { aws } = upstream.endpoint
    let headers = requestHeaders(options.rawHeaders, request.headers, {
      host: upstream.host,
      added: observed?.addedHeaders,
      contentLength: rewritten?.length,
      upgrade: options.upgrade?.protocol,
    })
    if (aws) {
      const bodyHash = body ? sha256(body) : this.signedHash()
      if (bodyHash === null)
        return this.refuse(
          'bad_request',
          'AWS signs the hash of a body: send x-amz-content-sha256, or JSON that fits proxy.max_rewritten_bytes',
        )
      const method = request.method ?? 'GET'
      headers = awsSigned(headers, { method, host: upstream.host, path: options.path, bodyHash, at: new Date() }, aws)
    }
    let out: UpstreamRequest
    try {
      out = upstream.request(request.method ?? 'GET', options.path, headers, {
        upgrades: options.upgrade !== undefined,
      })
    } catch (error) {
      // What node:http takes from a client and would not send itself.
      return this.refuse('bad_request', (error as Error).message)
    }
    this.out = out
    out.on('response', (answer) => this.begin(answer))
    out.on('error', (error) => this.lose(out, error))
    // Also without an error, where the upstream changed protocols that nobody asked it to.
    out.on('close', () => {
      if (!this.answer) this.lose(out, new Error('closed without an answer'))
    })
    out.on('information', ({ statusCode, rawHeaders }) => this.inform(statusCode, rawHeaders))
    // The head of such a request goes out by itself, and as UTF-8 unless the socket knows better.
    if (request.headers.expect !== undefined) out.on('socket', (socket) => socket.setDefaultEncoding('latin1'))
    if (options.upgrade) out.on('upgrade', (answer, socket, head) => void this.join(answer, socket, head))
  }

  private pump(): void {
    const { request, observed, declared, options, out } = this
    if (!out) return
    request.on('data', (chunk: Buffer) => {
      this.requestBytes += chunk.length
      this.last = performance.now()
      if (this.requestBytes > options.maxBodyBytes) return this.refuseSize()
      observed?.requestChunk(chunk)
      // After an early answer nobody may want the rest, which still has to be read.
      if (out.destroyed || this.failure) return
      if (this.requestBytes === declared) {
        this.taken = true
        out.end(chunk)
      } else if (!out.write(chunk)) request.pause()
    })
    request.on('end', () => {
      this.taken = true
      if (out.destroyed || out.writableEnded) return
      addTrailers(out, options.trailers(request.rawTrailers))
      out.end()
    })
    out.on('drain', () => request.resume()).on('close', () => request.resume())
    // A body that came with its head goes on with it; the head of one that has not is not held back.
    process.nextTick(() => {
      if (this.requestBytes === 0 && !out.destroyed) flushHead(out)
    })
  }

  /** Whether the observer can be asked about the body before it is sent. */
  private isRewritable(): boolean {
    const { expect, trailer, 'content-encoding': encoding, 'content-type': type = '' } = this.request.headers
    return (
      !this.taken &&
      expect === undefined &&
      trailer === undefined &&
      encoding === undefined &&
      /^application\/([\w.-]+\+)?json\b/i.test(type) &&
      (this.declared ?? 0) <= this.options.maxRewrittenBytes
    )
  }

  private collect(): void {
    const { request, observed, options } = this
    const chunks: Buffer[] = []
    const onData = (chunk: Buffer) => {
      this.requestBytes += chunk.length
      this.last = performance.now()
      if (this.failure || this.over) return
      if (this.requestBytes > options.maxBodyBytes) return this.refuseSize()
      chunks.push(chunk)
      if (this.requestBytes <= options.maxRewrittenBytes) return
      request.off('data', onData).off('end', onEnd)
      this.send()
      for (const part of chunks) {
        observed?.requestChunk(part)
        this.out?.write(part)
      }
      this.pump()
    }
    const onEnd = () => {
      this.taken = true
      if (this.failure || this.over) return
      const body = Buffer.concat(chunks)
      if (!observed?.wantsBody) observed?.requestChunk(body)
      const changed = observed?.wantsBody ? observed.requestBody(body) : null
      this.send(changed ?? body, changed ?? undefined)
      this.out?.end(changed ?? body)
    }
    request.on('data', onData).on('end', onEnd)
  }

  private inform(status: number, rawHeaders: readonly string[]): void {
    const { response, request } = this
    this.last = performance.now()
    if (response.headersSent || request.httpVersionMinor === 0 || this.failure || this.over) return
    if (status === 100) {
      if (request.headers.expect === undefined || this.continued) return
      this.continued = true
      return response.writeContinue()
    }
    try {
      response.writeInformation(status, [...rawHeaders])
    } catch {
      // A field that node:http would not send: the answer itself is still to come.
    }
  }

  private begin(answer: UpstreamAnswer): void {
    const { request, response, observed, options } = this
    const { statusCode = 502, statusMessage = '', rawHeaders, headers } = answer
    if (this.failure || this.over) return void answer.resume()
    this.last = performance.now()
    if (statusCode < 200) return this.fail('upstream_aborted', 'upstream_invalid', 'it changed protocols unasked')
    const chunks = request.httpVersionMinor > 0
    const bodiless = statusCode === 204 || statusCode === 304
    // The client still waits for leave to send a body; should it send one after all, that is no next request.
    if (!this.taken && request.headers.expect !== undefined && !this.continued) response.shouldKeepAlive = false
    try {
      response.writeHead(statusCode, statusMessage, answerHeaders(rawHeaders, headers.connection, { chunks, bodiless }))
    } catch (error) {
      // What was begun of the head is in the response: nothing else can be sent with it.
      return this.breakOff('upstream_aborted', `its answer cannot be sent: ${(error as Error).message}`)
    }
    this.answer = answer
    observed?.responseHead(statusCode, headers, options.origin + this.last)
    this.relay(answer)
  }

  private relay(answer: UpstreamAnswer): void {
    const { response, request, observed, options } = this
    const declared = answer.headers['content-length']
    const length = declared === undefined || request.method === 'HEAD' ? null : Number(declared)
    answer.on('data', (chunk: Buffer) => {
      this.last = performance.now()
      const passed = observed?.responseChunk(chunk, options.origin + this.last, length === null) ?? chunk
      this.responseBytes += passed.length
      if (this.responseBytes === length) response.end(passed)
      else if (passed.length > 0 && !response.write(passed)) answer.pause()
    })
    answer.on('end', () => {
      if (this.failure || response.writableEnded) return
      this.passRest()
      addTrailers(response, answer.rawTrailers)
      response.end()
    })
    answer.on('error', (error) => this.breakOff('upstream_aborted', error.message))
    response.on('drain', () => answer.resume())
    // A body that came with its head goes on with it; the head of one that has not is not held back.
    process.nextTick(() => {
      if (this.responseBytes === 0 && !response.writableEnded && !response.destroyed) flushHead(response)
    })
  }

  private async join(answer: IncomingMessage, upstream: Socket, upstreamHead: Buffer): Promise<void> {
    const { request, response, observed, options } = this
    const { socket } = request
    const { rawHeaders, statusCode = 101, statusMessage = '', headers } = answer
    // The socket may report an error before the two are joined.
    upstream.on('error', () => undefined)
    if (this.failure || this.over) return void upstream.destroy()
    this.upgraded = upstream
    response.detachSocket(socket)
    socket.removeAllListeners('readable').removeAllListeners('end')
    observed?.responseHead(statusCode, headers, options.origin + performance.now())
    socket.write(headOf(statusCode, statusMessage, rawHeaders))
    const ends = tunnel(socket, upstream)
    if (upstreamHead.length > 0) socket.write(upstreamHead)
    if (options.upgrade && options.upgrade.head.length > 0) upstream.write(options.upgrade.head)
    const { how, requestBytes, responseBytes, error } = await ends
    this.requestBytes = requestBytes
    this.responseBytes = responseBytes
    if (error !== undefined) this.failure ??= { how, error }
    this.close(how)
  }

  /** What the observer kept of the answer to see more. */
  private passRest(): void {
    const rest = this.observed?.responseRest()
    if (rest === undefined || rest.length === 0) return
    this.responseBytes += rest.length
    this.response.write(rest)
  }

  /** The connection with the upstream failed. */
  private lose(out: UpstreamRequest, error: NodeJS.ErrnoException): void {
    const { answer, upstream } = this
    if (out !== this.out || this.failure || this.over || this.upgraded) return
    if (answer) {
      // Without a length it looks complete once its connection broke.
      if (!answer.complete) this.breakOff('upstream_aborted', error.message)
    } else if (isUnreachable(out, error)) {
      const message = `${upstream.host} cannot be reached: ${error.code ?? error.message}`
      this.fail('upstream_unreachable', 'upstream_unreachable', message)
    } else if (error.code?.startsWith('HPE_')) {
      this.fail('upstream_aborted', 'upstream_invalid', `its answer is not HTTP: ${error.message}`)
    } else if (this.isRepeatable(out)) {
      this.repeated = true
      this.send()
      this.out?.end()
    } else this.breakOff('upstream_aborted', error.message)
  }

  private isRepeatable(out: UpstreamRequest): boolean {
    return out.reusedSocket && !this.repeated && this.declared === 0 && repeatable.has(this.request.method ?? '')
  }

  private refuseSize(): void {
    this.refuse('body_too_large', `the body is larger than ${this.options.maxBodyBytes} bytes (proxy.max_body_bytes)`)
  }

  /** Ends the call with an answer of the proxy's own where the client has none yet. */
  private fail(how: CallEnd['how'], code: RefusalCode, message: string): void {
    const { request, response, upstream } = this
    if (this.failure || this.over) return
    if (response.headersSent) return this.breakOff(how, message)
    this.failure = { how, error: message }
    this.out?.destroy()
    void answerRefusal(request, response, { code, message }, upstream.endpoint.kind)
  }

  /** Ends the call as the upstream ended it: in the middle. */
  private breakOff(how: CallEnd['how'], error: string): void {
    const { response, request } = this
    if (this.failure || this.over) return
    this.failure = { how, error }
    this.out?.destroy()
    if (this.answer) this.passRest()
    const { socket } = request
    // Without chunks or a length, only a reset tells that something is missing.
    const isEndedByClose = response.headersSent && request.httpVersionMinor === 0
    const end = () => void (isEndedByClose ? socket.resetAndDestroy() : socket.destroySoon())
    // What was written just now is on its way first; an answer to an earlier request may be before it.
    if (response.socket) setImmediate(end)
    else response.once('socket', () => setImmediate(end))
  }

  /** The answer is through, or somebody went away. */
  private close(ended: CallEnd['how']): void {
    const { request, out, options, observed, failure } = this
    if (this.over) return
    this.over = true
    const how = failure?.how ?? ended
    if (how !== 'complete') out?.destroy()
    options.calls.count(this.upstream.endpoint.name, how)
    observed?.end({
      how,
      atMs: options.origin + performance.now(),
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      ...(failure ? { error: failure.error } : {}),
    })
    options.onclosed()
    // After an early answer the rest of the request still goes where the answer came from.
    if (this.taken || request.destroyed || request.socket.destroyed) this.leave()
    else this.awaitRest()
  }

  private awaitRest(): void {
    const { request } = this
    const { socket } = request
    const leave = () => {
      request.off('close', leave)
      socket.off('close', leave)
      this.leave()
    }
    // An answered request does not notice that its connection closes.
    request.once('close', leave)
    socket.once('close', leave)
  }

  private leave(): void {
    if (!this.taken) this.out?.destroy()
    this.options.calls.remove(this)
  }
}

/** As latin1, which fields are in: `flushHeaders` sends UTF-8. */
function flushHead(message: UpstreamRequest | ServerResponse): void {
  message.write('', 'latin1')
}

/** Trailers that node:http would not send are left out: all else of the message is already there. */
function addTrailers(to: UpstreamRequest | ServerResponse, raw: RawHeaders): void {
  if (raw.length === 0) return
  try {
    to.addTrailers(trailerPairs(raw))
  } catch {
    to.addTrailers([])
  }
}

/** TLS included, which has no public name for it. */
function isConnecting(socket: Socket | null): boolean {
  return socket === null || socket.connecting || isShakingHands(socket)
}

function isShakingHands(socket: Socket): boolean {
  return 'secureConnecting' in socket && socket.secureConnecting === true
}

/** Whether nothing of the request can have arrived. */
function isUnreachable({ socket, reusedSocket }: UpstreamRequest, error: NodeJS.ErrnoException): boolean {
  if (reusedSocket) return false
  const isConnectionRefused = error.syscall === 'connect' || error.syscall === 'getaddrinfo'
  return isConnectionRefused || error instanceof AggregateError || !socket || isShakingHands(socket)
}
