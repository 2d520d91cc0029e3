/** What OTLP answers: an export response, or a google.rpc.Status, in the encoding of the request. */
import { RowBinaryWriter } from '../../storage/rowbinary.ts'

export type Encoding = 'protobuf' | 'json'

export const contentTypes: Record<Encoding, string> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
}

/** Every name that these encodings go by. */
export const mediaTypes: ReadonlyMap<string, Encoding> = new Map([
  ['application/x-protobuf', 'protobuf'],
  ['application/protobuf', 'protobuf'],
  ['application/vnd.google.protobuf', 'protobuf'],
  ['application/json', 'json'],
])

/** A request that is answered with an error. `status` is HTTP's; 503 is the only one that clients send again. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: number
  readonly reason: string

  constructor(status: number, reason: string, message: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

/** gRPC's codes, which Status carries, for the HTTP codes that we send. */
export const grpcCodes: Record<number, number> = { 400: 3, 401: 16, 404: 5, 405: 12, 413: 8, 415: 3, 500: 13, 503: 14 }

/** Seconds. The JavaScript exporter gives up after 10 in all: a larger value would lose the data. */
export const retryAfter = 2

export function statusBody(encoding: Encoding, httpStatus: number, message: string): Buffer {
  const code = grpcCodes[httpStatus] ?? 2
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message, details: [] }))
  const writer = new RowBinaryWriter(message.length * 3 + 16)
  writer.u8(8)
  writer.varint(code)
  writer.u8(18)
  writer.text(message)
  return writer.view()
}

const empty: Record<Encoding, Buffer> = { protobuf: Buffer.alloc(0), json: Buffer.from('{}') }

/** All is stored: the empty message. Else the partial success: how many items are not, and why. */
export function exportBody(encoding: Encoding, rejected: number, field: string, message: string): Buffer {
  if (rejected === 0 && message === '') return empty[encoding]
  if (encoding === 'json')
    return Buffer.from(JSON.stringify({ partialSuccess: { [field]: String(rejected), errorMessage: message } }))
  // A length-prefixed UTF-8 text is the same in RowBinary and in protobuf, and so is a varint.
  const partial = new RowBinaryWriter(message.length * 3 + 16)
  partial.u8(8)
  partial.varint(rejected)
  partial.u8(18)
  partial.text(message)
  const response = new RowBinaryWriter(8)
  response.u8(10)
  response.varint(partial.length)
  return Buffer.concat([response.view(), partial.view()])
}
