/**
 * ClickHouse's own compressed blocks, which `compress=1` and `decompress=1` ask for: a checksum of 16 bytes, the method, the
 * size with these 9 bytes, the size unpacked, and the data.
 */
import { Transform, type TransformCallback } from 'node:stream'
import { cityHash128 } from './city-hash.ts'
import { codes, EngineError } from './errors.ts'
import { lz4Compress, lz4Decompress } from './lz4.ts'

const methods = { none: 0x02, lz4: 0x82 } as const
const checksumBytes = 16
const headerBytes = 9
/** Unpacked, of the blocks that we make. */
const blockBytes = 64 * 1024
/** Of one block that we take, packed or not. ClickHouse's own are of 1 MiB. */
const maxBlockBytes = 16 * 1024 * 1024

export function packBlock(bytes: Buffer): Buffer<ArrayBuffer> {
  const packed = lz4Compress(bytes)
  const block = Buffer.allocUnsafe(checksumBytes + headerBytes + packed.length)
  const body = block.subarray(checksumBytes)
  body.writeUInt8(methods.lz4, 0)
  body.writeUInt32LE(body.length, 1)
  body.writeUInt32LE(bytes.length, 5)
  packed.copy(body, headerBytes)
  const [low, high] = cityHash128(body)
  block.writeBigUInt64LE(low, 0)
  block.writeBigUInt64LE(high, 8)
  return block
}

/** Every block of a text that is short enough to be held. */
export function packBlocks(bytes: Buffer): Buffer<ArrayBuffer> {
  const count = Math.ceil(bytes.length / blockBytes)
  return Buffer.concat(
    Array.from({ length: count }, (_, index) =>
      packBlock(bytes.subarray(index * blockBytes, (index + 1) * blockBytes)),
    ),
  )
}

/** Packs what it is given; `flush` sends on what does not fill a block yet. */
export class BlockPacker extends Transform {
  private held: Buffer[] = []
  private size = 0

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.held.push(chunk)
    this.size += chunk.length
    if (this.size < blockBytes) return done()
    this.pack()
    // Others get their turn between the blocks of a large result.
    setImmediate(done)
  }

  override _flush(done: TransformCallback): void {
    this.pack()
    done()
  }

  /** Like that of the streams of zlib: calls back when all that was written before has gone on. */
  flush(done: () => void): void {
    this.write(Buffer.alloc(0), () => {
      this.pack()
      done()
    })
  }

  private pack(): void {
    if (this.size > 0) this.push(packBlocks(Buffer.concat(this.held)))
    this.held = []
    this.size = 0
  }
}

/** Unpacks blocks as they come. Fails with EngineError for blocks that are broken, too large or packed in another way. */
export class BlockUnpacker extends Transform {
  private held: Buffer[] = []
  private size = 0
  /** Bytes until the next block is whole, or its header. */
  private needed = checksumBytes + headerBytes

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.held.push(chunk)
    this.size += chunk.length
    if (this.size < this.needed) return done()
    try {
      this.unpack(Buffer.concat(this.held))
    } catch (error) {
      return done(error as Error)
    }
    setImmediate(done)
  }

  override _flush(done: TransformCallback): void {
    done(this.size > 0 ? broken('the last block is not whole') : null)
  }

  private unpack(bytes: Buffer): void {
    let rest = bytes
    let next = sizeOfFirst(rest)
    while (next !== null && next <= rest.length) {
      this.push(unpackBlock(rest.subarray(0, next)))
      rest = rest.subarray(next)
      next = sizeOfFirst(rest)
    }
    this.held = [rest]
    this.size = rest.length
    this.needed = next ?? checksumBytes + headerBytes
  }
}

/** With its checksum; null when not even its header is there. */
function sizeOfFirst(bytes: Buffer): number | null {
  if (bytes.length < checksumBytes + headerBytes) return null
  const packed = bytes.readUInt32LE(checksumBytes + 1)
  const unpacked = bytes.readUInt32LE(checksumBytes + 5)
  if (packed < headerBytes || Math.max(packed, unpacked) > maxBlockBytes) throw broken('a block is too large, or none')
  return checksumBytes + packed
}

function unpackBlock(block: Buffer): Buffer {
  const body = block.subarray(checksumBytes)
  const [low, high] = cityHash128(body)
  if (low !== block.readBigUInt64LE(0) || high !== block.readBigUInt64LE(8)) throw broken('a checksum does not match')
  const method = body.readUInt8(0)
  const data = body.subarray(headerBytes)
  if (method === methods.none) return data
  if (method !== methods.lz4) {
    throw new EngineError(codes.notImplemented, `decompress=1: LZ4 blocks are supported, not method ${method}`)
  }
  try {
    return lz4Decompress(data, body.readUInt32LE(5))
  } catch (cause) {
    throw broken('a block cannot be unpacked', cause)
  }
}

function broken(what: string, cause?: unknown): EngineError {
  return new EngineError(codes.cannotDecompress, `decompress=1: ${what}`, { cause })
}
