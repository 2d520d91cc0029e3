/** One gRPC call of OTLP from its headers and body to its answer, whatever carries them. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import type { Readable } from 'node:stream'
import { grpcCodes, Refusal, retryAfter, statusBody } from './answer.ts'
import type { Framing } from './body.ts'
import type { Intake } from './intake.ts'
import type { Signal } from './signal.ts'

/** Names for metrics, by number. */
const codeNames: Record<number, string> = {
  0: 'OK',
  3: 'INVALID_ARGUMENT',
  8: 'RESOURCE_EXHAUSTED',
  12: 'UNIMPLEMENTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
}
const unimplemented = 12
/** A flag for compression, then the length. */
const frameHead = 5
/** Headers have a limit, which clients set. */
const longestMessage = 1_000

export interface GrpcAnswer {
  /** Headers of an answer with a message, trailers when there is none. */
  status: OutgoingHttpHeaders
  /** The framed export response; null for errors. */
  message: Buffer | null
}

/** Answers a call; null when the client went away. Never rejects. */
export type GrpcCall = (headers: IncomingHttpHeaders, body: GrpcBody) => Promise<GrpcAnswer | null>
type GrpcBody = Readable & { aborted?: boolean }

export function createGrpcCall(intake: Intake, signals: readonly Signal[]): GrpcCall {
  const methods = new Map(signals.map((signal) => [signal.method, signal]))

  async function take(headers: IncomingHttpHeaders, body: GrpcBody): Promise<Buffer | null> {
    const path = headers[':path'] ?? ''
    const signal = methods.get(path)
    if (!signal) throw new Refusal(404, 'unknown_path', `the methods are ${[...methods.keys()].join(', ')}`)
    intake.authorise(headers.authorization)
    const framing = grpcFraming(headers['grpc-encoding'])
    return intake.take(signal, 'protobuf', body, { declared: Number(headers['content-length'] ?? 0), framing })
  }

  return async (headers, body) => {
    try {
      const response = await take(headers, body)
      if (!response) return null
      intake.answered('OK')
      return { status: { 'grpc-status': 0 }, message: frame(response) }
    } catch (error) {
      // A connection that is lost ends the body in the middle.
      if (body.aborted && error instanceof Refusal) return null
      const status = statusOf(intake.refusal(error))
      intake.answered(codeNames[Number(status['grpc-status'])] ?? 'UNKNOWN')
      return { status, message: null }
    }
  }
}

/** Only UNAVAILABLE has RetryInfo: RESOURCE_EXHAUSTED with it would be sent again, however large. */
function statusOf({ status, message }: Refusal): OutgoingHttpHeaders {
  const text = message.slice(0, longestMessage)
  const code = status === 404 || status === 415 ? unimplemented : (grpcCodes[status] ?? 2)
  const details = status === 503 ? { 'grpc-status-details-bin': retryDetails(text).toString('base64') } : {}
  return { 'grpc-status': code, 'grpc-message': percentEncode(text), ...details }
}

/** Every byte that is not printable ASCII, and the percent sign. */
function percentEncode(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('')
}

/** google.rpc.Status with a google.rpc.RetryInfo in an Any among its details. */
function retryDetails(message: string): Buffer {
  const retryInfo = field(1, Buffer.from([8, retryAfter]))
  const url = Buffer.from('type.googleapis.com/google.rpc.RetryInfo')
  const details = field(3, Buffer.concat([field(1, url), field(2, retryInfo)]))
  return Buffer.concat([statusBody('protobuf', 503, message), details])
}

/** A length-delimited field of less than 128 bytes. */
const field = (number: number, bytes: Buffer) => Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])

export function frame(message: Buffer, compressed = false): Buffer {
  const head = Buffer.alloc(frameHead)
  head.writeUInt8(compressed ? 1 : 0)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** One message, as unary calls have. Throws Refusal for an encoding that OTLP does not name. */
function grpcFraming(encoding: unknown = 'identity'): Framing {
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw new Refusal(415, 'content_encoding', 'grpc-encoding must be gzip or identity')
  return {
    overhead: frameHead,
    unframe(body) {
      const end = body.length < frameHead ? frameHead : frameHead + body.readUInt32BE(1)
      // Some clients end a request before they cancel it.
      if (body.length < end) throw new Refusal(400, 'cut_off', 'the body ends within its gRPC message')
      if (body.length > end) throw new Refusal(400, 'bad_frame', 'the body is more than one gRPC message')
      const compressed = body[0] === 1
      if (compressed && encoding !== 'gzip')
        throw new Refusal(400, 'bad_frame', 'the message is compressed, but grpc-encoding does not say how')
      return { message: body.subarray(frameHead), gzip: compressed }
    },
  }
}
