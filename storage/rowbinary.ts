/** Writes ClickHouse's RowBinary format into one growable buffer; the hot path of every stored row. */

/** Short texts (ids, labels) are copied in JavaScript: a native call costs more than forty character codes. */
const shortText = 40
const two32 = 4_294_967_296

export class RowBinaryWriter {
  private buffer: Buffer
  private position = 0

  constructor(capacity = 64 * 1024) {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(capacity, 16))
  }

  /** Bytes written so far; also a mark for `rewind`. */
  get length(): number {
    return this.position
  }

  /** What was written, without a copy: valid until the next write, rewind or reset. */
  view(): Buffer {
    return this.buffer.subarray(0, this.position)
  }

  /** A copy of what was written; the writer starts again at zero and keeps its buffer. */
  take(): Buffer {
    const bytes = Buffer.from(this.view())
    this.position = 0
    return bytes
  }

  reset(): void {
    this.position = 0
  }

  /** Forgets everything after `mark`: a row that failed half-way leaves nothing behind. */
  rewind(mark: number): void {
    this.position = mark
  }

  u8(value: number): void {
    this.reserve(1)
    this.buffer[this.position++] = value
  }

  u16(value: number): void {
    this.reserve(2)
    this.buffer[this.position++] = value
    this.buffer[this.position++] = value >>> 8
  }

  u32(value: number): void {
    this.reserve(4)
    const buffer = this.buffer
    const at = this.position
    buffer[at] = value
    buffer[at + 1] = value >>> 8
    buffer[at + 2] = value >>> 16
    buffer[at + 3] = value >>> 24
    this.position = at + 4
  }

  /** A 64-bit integer, signed or not (two's complement); exact up to 2^53. */
  i64(value: number): void {
    const high = Math.floor(value / two32)
    this.u32(value - high * two32)
    this.u32(high)
  }

  bigI64(value: bigint): void {
    this.reserve(8)
    this.buffer.writeBigInt64LE(BigInt.asIntN(64, value), this.position)
    this.position += 8
  }

  f64(value: number): void {
    this.reserve(8)
    this.position = this.buffer.writeDoubleLE(value, this.position)
  }

  varint(value: number): void {
    this.reserve(5)
    this.putVarint(value)
  }

  /** Bytes that are RowBinary already. */
  bytes(value: Buffer): void {
    this.reserve(value.length)
    value.copy(this.buffer, this.position)
    this.position += value.length
  }

  /** A length-prefixed UTF-8 text; lone surrogates become U+FFFD. */
  text(value: string): void {
    const length = value.length
    this.reserve(length * 3 + 5)
    if (length <= shortText && this.shortAscii(value, length)) return
    const guess = varintSize(length)
    const written = this.buffer.write(value, this.position + guess)
    const size = varintSize(written)
    const start = this.position
    if (size !== guess) this.buffer.copyWithin(start + size, start + guess, start + guess + written)
    this.putVarint(written)
    this.position = start + size + written
  }

  private shortAscii(value: string, length: number): boolean {
    const buffer = this.buffer
    let at = this.position + 1
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 127) return false
      buffer[at++] = code
    }
    buffer[this.position] = length
    this.position = at
    return true
  }

  private putVarint(value: number): void {
    const buffer = this.buffer
    let rest = value
    while (rest > 127) {
      buffer[this.position++] = (rest & 127) | 128
      rest >>>= 7
    }
    buffer[this.position++] = rest
  }

  private reserve(bytes: number): void {
    if (this.position + bytes > this.buffer.length) this.grow(bytes)
  }

  private grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.position + bytes))
    this.buffer.copy(larger, 0, 0, this.position)
    this.buffer = larger
  }
}

function varintSize(value: number): number {
  if (value < 128) return 1
  if (value < 16_384) return 2
  if (value < 2_097_152) return 3
  return value < 268_435_456 ? 4 : 5
}
