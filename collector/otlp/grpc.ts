/**
 * OTLP over gRPC, on node:http2. The unary calls that OTLP has are a length before the message and a status behind the
 * answer; a gRPC library would hold and decompress whole messages before anybody could ask whether memory has room for them.
 */
import {
  constants,
  createServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { Refusal } from './answer.ts'
import { discard } from './body.ts'
import { createGrpcCall, type GrpcAnswer } from './grpc-call.ts'
import { createIntake } from './intake.ts'
import { bind } from './listen.ts'
import { endedWithin, type Receiver, type ReceiverOptions } from './receiver.ts'

/** nghttp2's error for a connection that does not begin as HTTP/2 does. */
const badClientMagic = -903
/** Clients keep their connection between batches; one that is silent for so long may be dead. */
const idleMs = 10 * 60_000
const maxConcurrentStreams = 100
const head = { ':status': 200, 'content-type': 'application/grpc', 'grpc-accept-encoding': 'identity,gzip' }

/** Throws CannotListen. `requestMs` is the time that a client has to send a request. */
export async function startOtlpGrpc(
  options: ReceiverOptions,
  { requestMs = 60_000 }: { requestMs?: number } = {},
): Promise<Receiver> {
  const { listen, signals, log } = options
  const intake = createIntake('otlp_grpc', options)
  const call = createGrpcCall(intake, signals)
  const sessions = new Map<Http2Session, Promise<void>>()

  const server = createServer({ settings: { maxConcurrentStreams } })
  server.maxConnections = 4_096
  server.on('session', (session) => {
    const closed = new Promise<void>((resolve) => session.once('close', resolve))
    sessions.set(session, closed)
    session.once('close', () => sessions.delete(session)).setTimeout(idleMs, () => session.close())
  })
  server.on('stream', (stream, headers) => void serve(stream, headers))
  server.on('sessionError', (error: NodeJS.ErrnoException) => {
    if (error.errno !== badClientMagic) return
    intake.refusal(new Refusal(400, 'not_http2', 'a client does not speak gRPC: OTLP/HTTP goes to listen.otlp_http'))
  })
  const address = await bind(server, listen, 'otlp_grpc')
  server.on('error', (error) => log.error({ error: error.message }, 'otlp_grpc: server error'))

  async function serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    // What goes wrong with a stream closes it too, which is what reading and answering look at.
    stream.on('error', () => undefined)
    const refused = transportError(headers)
    if (refused) {
      const { status } = intake.refusal(refused)
      intake.answered(status)
      return respond(stream, { ':status': status })
    }
    // Its memory is not to be had by sending nothing.
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestMs)
    stream.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
    const answer = await call(headers, stream)
    if (answer) send(stream, answer)
    // Cut off while it sends, a client may take the reset for the answer.
    if (!(await discard(stream))) stream.close(constants.NGHTTP2_NO_ERROR)
  }

  let stopped: Promise<void> | null = null
  async function close(limitMs: number): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve))
    // Clients are told to go elsewhere; calls under way are answered.
    for (const session of sessions.keys()) session.close()
    await endedWithin(limitMs, sessions.values())
    for (const session of sessions.keys()) session.destroy()
    await closed
  }

  return {
    address,
    stop(limitMs = 5_000) {
      stopped ??= close(limitMs)
      return stopped
    },
    reload: (next) => intake.reload(next),
  }
}

/** What is no gRPC at all is answered as HTTP. */
function transportError(headers: IncomingHttpHeaders): Refusal | null {
  if (headers[':method'] !== 'POST') return new Refusal(405, 'method_not_allowed', 'gRPC is POST')
  if (/^application\/grpc(\+proto)?(;|$)/.test(headers['content-type'] ?? '')) return null
  return new Refusal(415, 'content_type', 'Content-Type must be application/grpc')
}

function send(stream: ServerHttp2Stream, { status, message }: GrpcAnswer): void {
  if (!message) return respond(stream, { ...head, ...status })
  if (stream.destroyed || stream.closed) return
  stream.once('wantTrailers', () => stream.sendTrailers(status))
  stream.respond(head, { waitForTrailers: true })
  stream.end(message)
}

function respond(stream: ServerHttp2Stream, headers: Record<string, unknown>): void {
  if (!stream.destroyed && !stream.closed) stream.respond(headers as typeof head, { endStream: true })
}
