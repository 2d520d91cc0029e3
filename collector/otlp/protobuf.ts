/**
 * Reads the protobuf wire format. Every length is held against the end of the message around it, so no input makes it
 * read past the body, loop, or allocate more than the body's size. Throws DecodeError.
 */
import type { WireTime } from './validate.ts'
import { DecodeError } from './findings.ts'

const two32 = 4_294_967_296
const cacheBits = 13
/** Longer texts are seldom the same, and would fill the cache. */
const longestShared = 48

/**
 * Names and labels repeat from span to span: the same bytes give the same string, without decoding or allocating it
 * again. A text gets in when it comes a second time in its slot, so that ids, which never do, cost no copy.
 */
const cache: ({ bytes: Buffer; text: string } | undefined)[] = Array.from({ length: 2 ** cacheBits })
const seen = new Uint32Array(2 ** cacheBits)

export class ProtoReader {
  at = 0
  readonly bytes: Buffer
  private readonly view: DataView

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Field number and wire type in one: `field << 3 | wire`. */
  tag(): number {
    const tag = this.varint()
    if (tag < 8 || tag >= two32) throw this.error('field number out of range')
    return tag
  }

  /** Exact up to 2^53. Lengths, tags and enums need no more. */
  varint(): number {
    const { bytes } = this
    const first = bytes[this.at]
    if (first !== undefined && first < 128) {
      this.at++
      return first
    }
    let value = 0
    let scale = 1
    for (let i = 0; i < 10; i++) {
      const byte = bytes[this.at++]
      if (byte === undefined) throw this.error('the body ends within a number')
      value += (byte & 127) * scale
      if (byte < 128) {
        if (i === 9 && byte > 1) break
        return value
      }
      scale *= 128
    }
    throw this.error('a number is longer than 64 bits')
  }

  /** A signed 64-bit integer; bigint where a double would round it. */
  int64(): number | bigint {
    const start = this.at
    const value = this.varint()
    if (value <= Number.MAX_SAFE_INTEGER) return value
    let exact = 0n
    for (let at = start, shift = 0n; at < this.at; at++, shift += 7n)
      exact |= BigInt((this.bytes[at] ?? 0) & 127) << shift
    exact = BigInt.asIntN(64, exact)
    const rounded = Number(exact)
    return Number.isSafeInteger(rounded) ? rounded : exact
  }

  /** The end of a length-delimited field that lies within `end`. */
  message(end: number): number {
    const length = this.varint()
    const stop = this.at + length
    if (stop > end) throw this.error('a field is longer than what is around it')
    return stop
  }

  double(end: number): number {
    this.need(8, end)
    const value = this.view.getFloat64(this.at, true)
    this.at += 8
    return value
  }

  /** A count; rounded above 2^53. */
  fixed64(end: number): number {
    this.need(8, end)
    const value = this.view.getUint32(this.at + 4, true) * two32 + this.view.getUint32(this.at, true)
    this.at += 8
    return value
  }

  /** A signed integer; rounded beyond 2^53. */
  sfixed64(end: number): number {
    this.need(8, end)
    const value = this.view.getInt32(this.at + 4, true) * two32 + this.view.getUint32(this.at, true)
    this.at += 8
    return value
  }

  /** A 32-bit integer in zigzag. */
  sint32(): number {
    const value = this.varint() % two32
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** A fixed64 of nanoseconds. 2^32 = 4,294,967 × 1000 + 296, so that every step stays exact. */
  time(end: number): WireTime {
    this.need(8, end)
    const low = this.view.getUint32(this.at, true)
    const high = this.view.getUint32(this.at + 4, true)
    this.at += 8
    const rest = high * 296 + low
    const micros = Math.floor(rest / 1000)
    return { micros: high * 4_294_967 + micros, nanos: rest - micros * 1000 }
  }

  /** Bytes as lower-case hex; of more than an id's length only the beginning, which is enough to call it wrong. */
  hex(end: number): string {
    const stop = this.message(end)
    const start = this.at
    this.at = stop
    return this.bytes.toString('hex', start, Math.min(stop, start + 17))
  }

  text(end: number): string {
    const stop = this.message(end)
    const start = this.at
    this.at = stop
    const length = stop - start
    if (length > longestShared) return this.bytes.toString('utf8', start, stop)
    return length === 0 ? '' : this.shared(start, stop, length)
  }

  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case 0:
        this.varint()
        break
      case 1:
        this.need(8, end)
        this.at += 8
        break
      case 2:
        this.at = this.message(end)
        break
      case 5:
        this.need(4, end)
        this.at += 4
        break
      default:
        throw this.error(`wire type ${tag & 7} is not used by OTLP`)
    }
  }

  /** A message was read to its end: not a byte more. */
  finish(end: number): void {
    if (this.at !== end) throw this.error('a field crosses the end of its message')
  }

  error(message: string): DecodeError {
    return new DecodeError(`not a protobuf of OTLP: ${message} (byte ${Math.min(this.at, this.bytes.length)})`)
  }

  private need(length: number, end: number): void {
    if (this.at + length > end) throw this.error('a field is cut off')
  }

  private shared(start: number, stop: number, length: number): string {
    const { bytes } = this
    const sample =
      length * 31 +
      (bytes[start] as number) * 7 +
      (bytes[start + (length >> 1)] as number) * 17 +
      (bytes[stop - (length > 1 ? 2 : 1)] as number) * 61 +
      (bytes[stop - 1] as number) * 131
    const mix = Math.imul(sample, 0x9e3779b1) >>> 0
    const slot = mix >>> (32 - cacheBits)
    const known = cache[slot]
    if (known !== undefined && known.bytes.length === length) {
      let i = 0
      while (i < length && known.bytes[i] === bytes[start + i]) i++
      if (i === length) return known.text
    }
    const text = bytes.toString('utf8', start, stop)
    if (seen[slot] === mix) cache[slot] = { bytes: Buffer.from(bytes.subarray(start, stop)), text }
    else seen[slot] = mix
    return text
  }
}
