/**
 * Messages of AWS's event stream (application/vnd.amazon.eventstream) out of a byte stream. One message: its length, the length
 * of its headers, a CRC of these two, the headers, the payload, a CRC of everything before it.
 */
import { crc32 } from 'node:zlib'
import { maxLineBytes, TooLong } from './lines.ts'

/** Not AWS's framing, or damaged: nothing behind it can be read. */
export class BadFrame extends Error {
  override name = 'BadFrame'
}

const preludeBytes = 12
const crcBytes = 4

export class AwsEvents {
  private held: Buffer[] = []
  private heldBytes = 0
  /** Bytes of the message that is open; 0 until its prelude is whole. */
  private wanted = 0
  private readonly onevent: (name: string, payload: string) => void

  constructor(onevent: (name: string, payload: string) => void) {
    this.onevent = onevent
  }

  /** Throws TooLong and BadFrame. */
  push(chunk: Buffer): void {
    this.held.push(chunk)
    this.heldBytes += chunk.length
    while (this.heldBytes >= (this.wanted || preludeBytes)) {
      const all = this.held.length === 1 ? (this.held[0] as Buffer) : Buffer.concat(this.held, this.heldBytes)
      this.held = [all]
      if (this.wanted === 0) this.wanted = lengthOf(all)
      if (this.heldBytes < this.wanted) return
      const rest = all.subarray(this.wanted)
      this.read(all.subarray(0, this.wanted))
      this.wanted = 0
      this.held = rest.length > 0 ? [rest] : []
      this.heldBytes = rest.length
    }
  }

  /** A message that is cut off says nothing. */
  end(): void {
    this.held = []
  }

  private read(message: Buffer): void {
    const body = message.subarray(0, -crcBytes)
    if (crc32(body) !== message.readUInt32BE(body.length)) throw new BadFrame('the CRC of a message does not match')
    const headersEnd = preludeBytes + message.readUInt32BE(4)
    if (headersEnd > body.length) throw new BadFrame('the headers of a message are longer than it')
    const headers = headersOf(body.subarray(preludeBytes, headersEnd))
    const kind = headers.get(':message-type')
    const name = headers.get(
      kind === 'exception' ? ':exception-type' : kind === 'error' ? ':error-code' : ':event-type',
    )
    const payload = body.toString('utf8', headersEnd)
    if (kind !== 'error') return this.onevent(name ?? '', payload)
    this.onevent(`${name ?? ''}Exception`, JSON.stringify({ message: headers.get(':error-message') ?? '' }))
  }
}

function lengthOf(message: Buffer): number {
  const total = message.readUInt32BE(0)
  if (crc32(message.subarray(0, 8)) !== message.readUInt32BE(8))
    throw new BadFrame('the CRC of a prelude does not match')
  if (total < preludeBytes + crcBytes) throw new BadFrame('a message is shorter than its frame')
  if (total > maxLineBytes) throw new TooLong()
  return total
}

/** Bytes of a value by its type; texts and bytes say theirs. */
const sizes: Record<number, number> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 }
const [bytesType, textType] = [6, 7]

/** Those that are texts. */
function headersOf(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>()
  try {
    for (let at = 0; at < bytes.length;) {
      const nameEnd = at + 1 + bytes.readUInt8(at)
      const name = bytes.toString('latin1', at + 1, nameEnd)
      const type = bytes.readUInt8(nameEnd)
      at = nameEnd + 1
      if (type === textType || type === bytesType) {
        const end = at + 2 + bytes.readUInt16BE(at)
        if (type === textType) headers.set(name, bytes.toString('utf8', at + 2, end))
        at = end
      } else {
        const size = sizes[type]
        if (size === undefined) throw new BadFrame('a header of no known type')
        at += size
      }
    }
  } catch (error) {
    if (error instanceof BadFrame) throw error
    throw new BadFrame('the headers of a message are damaged', { cause: error })
  }
  return headers
}

/** A message as AWS would send it: for stand-ins. */
export function awsMessage(headers: Record<string, string>, payload: string): Buffer {
  const parts = Object.entries(headers).map(([name, value]) => {
    const bytes = Buffer.from(value)
    const head = Buffer.alloc(name.length + 4)
    head.writeUInt8(name.length)
    head.write(name, 1, 'latin1')
    head.writeUInt8(textType, name.length + 1)
    head.writeUInt16BE(bytes.length, name.length + 2)
    return Buffer.concat([head, bytes])
  })
  const head = Buffer.concat(parts)
  const body = Buffer.from(payload)
  const message = Buffer.alloc(preludeBytes + head.length + body.length + crcBytes)
  message.writeUInt32BE(message.length, 0)
  message.writeUInt32BE(head.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  head.copy(message, preludeBytes)
  body.copy(message, preludeBytes + head.length)
  message.writeUInt32BE(crc32(message.subarray(0, -crcBytes)), message.length - crcBytes)
  return message
}
