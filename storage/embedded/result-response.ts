/**
 * The answer to one query: whole where it is short or was asked to wait for its end; otherwise it leaves as it comes,
 * and says so at its end when it breaks off, as ClickHouse does since 25.11.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import { pipeline, type Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline as piped } from 'node:stream/promises'
import { constants, createBrotliCompress, createDeflate, createGzip, createZstdCompress } from 'node:zlib'
import { type Piece, ownPiece } from './block-pool.ts'
import { BlockPacker } from './compressed-blocks.ts'
import { Spool } from './spool.ts'
import type { Consumer } from './streamed.ts'

type HttpEncoder = ReturnType<typeof createGzip | typeof createBrotliCompress | typeof createZstdCompress>
type Encoder = HttpEncoder | BlockPacker

/** By the names of Accept-Encoding, the ones we prefer first; all at their fastest. */
export const encoders: Readonly<Record<string, () => HttpEncoder>> = {
  gzip: () => createGzip({ level: 1 }),
  zstd: () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } }),
  br: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  deflate: () => createDeflate({ level: 1 }),
}

/** ClickHouse's compressed blocks, of which HTTP knows nothing. */
export const blocks = 'clickhouse'

export interface ResultOptions {
  /** For results of so many bytes: a name of `encoders`, `blocks`, or `identity`. */
  encodingFor: (bytes: number) => string
  /** Held before the first byte is sent: an error until then has a status of its own. */
  bufferBytes: number
  /** Nothing is sent before all is known; what the buffer does not hold waits in a file. */
  waits: boolean
  /** For that file. */
  directory: string
  /** Fires when the client goes away. */
  signal: AbortSignal
  /** Sets the headers that only the caller knows: called before the first byte is sent. */
  announce: () => void
}

const shortBytes = 4096
/** As ClickHouse has it. */
const maxExceptionBytes = 16 * 1024
/** For a client to take the last of an answer that broke off. */
const farewellMs = 30_000
/** For a client to unpack it: most give up what they have not unpacked yet once the connection ends. */
const unpackMs = 2000

export class ResultResponse {
  private readonly response: ServerResponse
  private readonly options: ResultOptions
  /** Made when the answer begins: short ones need none. */
  private tag = ''
  private held: Piece[] = []
  private spool: Spool | null = null
  /** Where bytes go once the answer has begun. */
  private sink: Encoder | ServerResponse | null = null
  bytes = 0

  constructor(response: ServerResponse, options: ResultOptions) {
    this.response = response
    this.options = options
  }

  readonly consume: Consumer = async (pieces, ended) => {
    for await (const piece of pieces) await this.take(piece, ended)
  }

  /** `rest` is what was not handed out. Resolves when the answer is on its way. */
  async finish(rest: Buffer): Promise<void> {
    if (rest.length > 0) await this.take(ownPiece(rest), this.options.signal)
    if (this.sink) return void this.sink.end()
    this.options.announce()
    if (this.spool) return this.sendSpool(this.spool)
    const encoder = this.encoder(this.bytes)
    encoder?.end(joined(this.held))
    const pieces = encoder ? [ownPiece(await buffer(encoder))] : this.held
    const length = pieces.reduce((total, { bytes }) => total + bytes.length, 0)
    this.response.setHeader('Content-Length', length)
    // As text it leaves in one piece with its headers, for less than it takes to send two.
    if (length <= shortBytes) return void this.response.end(joined(pieces).toString('latin1'), 'latin1')
    for (const piece of pieces) send(this.response, piece)
    this.response.end()
  }

  /** Ends the answer with an error; false when none of it was sent, so that the error can be all of it. */
  async fail(message: string): Promise<boolean> {
    await this.spool?.close().catch(() => undefined)
    const { response, sink } = this
    if (!sink) return false
    const { socket } = response
    if (!socket || response.destroyed || sink.destroyed) return true
    setTimeout(() => socket.destroy(), farewellMs).unref()
    sink.write(exceptionBlock(this.tag, message))
    if (sink !== response) await this.flush(sink as Encoder)
    // No last chunk: whoever knows nothing of the block above still sees that the answer is not whole.
    if (response.hasHeader('Content-Encoding')) setTimeout(() => socket.destroySoon(), unpackMs).unref()
    else socket.destroySoon()
    return true
  }

  private async take(piece: Piece, ended: AbortSignal): Promise<void> {
    this.bytes += piece.bytes.length
    if (this.sink) return write(this.sink, [piece], ended)
    if (this.spool) {
      await this.spool.write(piece.bytes)
      return piece.free()
    }
    this.held.push(piece)
    if (this.bytes < this.options.bufferBytes) return
    const first = this.held
    this.held = []
    if (this.options.waits) {
      this.spool = await Spool.create(this.options.directory)
      return this.spool.write(joined(first))
    }
    return write(this.begin(), first, ended)
  }

  private begin(): Writable {
    this.options.announce()
    this.tag = randomBytes(8).toString('hex')
    this.response.setHeader('X-ClickHouse-Exception-Tag', this.tag)
    const encoder = this.encoder(Infinity)
    // The client that goes away is seen by the signal.
    if (encoder) pipeline(encoder, this.response, () => undefined)
    this.sink = encoder ?? this.response
    return this.sink
  }

  private encoder(bytes: number): Encoder | null {
    const encoding = this.options.encodingFor(bytes)
    if (encoding === blocks) return new BlockPacker()
    const encoder = encoders[encoding]?.() ?? null
    if (encoder) this.response.setHeader('Content-Encoding', encoding)
    return encoder
  }

  private async sendSpool(spool: Spool): Promise<void> {
    const encoder = this.encoder(spool.bytes)
    if (!encoder) this.response.setHeader('Content-Length', spool.bytes)
    this.sink = encoder ?? this.response
    await (encoder ? piped(spool.read(), encoder, this.response) : piped(spool.read(), this.response))
  }

  private async flush(encoder: Encoder): Promise<void> {
    const { signal } = this.options
    await new Promise<void>((resolve) => {
      encoder.once('close', resolve)
      encoder.flush(() => resolve())
    })
    while (encoder.readableLength > 0 && !signal.aborted) {
      await once(this.response, 'drain', { signal }).catch(() => undefined)
    }
  }
}

async function write(sink: Writable, pieces: readonly Piece[], ended: AbortSignal): Promise<void> {
  ended.throwIfAborted()
  // Not corked: an answer puts what is written in one turn together itself, and uncorked it would send four packets for one.
  for (const piece of pieces) send(sink, piece)
  if (sink.writableNeedDrain) await once(sink, 'drain', { signal: ended })
}

/** An encoder may keep what it was given: only what the system has taken for the client's connection is free again. */
function send(sink: Writable, { bytes, free }: Piece): void {
  if (sink instanceof ServerResponse) sink.write(bytes, (error) => error ?? free())
  else sink.write(bytes)
}

/** A copy, and the pieces are free. */
function joined(pieces: readonly Piece[]): Buffer {
  const whole = Buffer.concat(pieces.map(({ bytes }) => bytes))
  for (const { free } of pieces) free()
  return whole
}

function exceptionBlock(tag: string, message: string): Buffer {
  const text = Buffer.from(`${message.slice(0, maxExceptionBytes).trimEnd()}\n`)
  return Buffer.concat([
    Buffer.from(`\r\n__exception__\r\n${tag}\r\n`),
    text,
    Buffer.from(`${text.length} ${tag}\r\n__exception__\r\n`),
  ])
}
