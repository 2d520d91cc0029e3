/** Reads a compressed answer as it passes, on a copy: what the client gets is not touched. */
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { Transform } from 'node:stream'
import type { Problem } from './problems.ts'

/** Beyond this an answer is no answer of a model, or was made to burst. */
const maxInflatedBytes = 64 * 2 ** 20
/** Compressed chunks that may wait for their turn. */
const maxWaitingBytes = 4 * 2 ** 20

/** What was decoded until the connection broke is read too. */
const cutOff = { finishFlush: constants.Z_SYNC_FLUSH }

const decoders: Record<string, () => Transform> = {
  gzip: () => createGunzip(cutOff),
  'x-gzip': () => createGunzip(cutOff),
  deflate: () => createInflate(cutOff),
  br: () => createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => createZstdDecompress({ finishFlush: constants.ZSTD_e_flush }),
}

/** Null: this encoding is not known. */
export function createInflater(
  encoding: string,
  ondata: (chunk: Buffer, atMs: number) => void,
  onproblem: (problem: Problem) => void,
): Inflater | null {
  const create = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined
  return create ? new Inflater(create(), ondata, onproblem) : null
}

export class Inflater {
  private readonly stream: Transform
  private readonly onproblem: (problem: Problem) => void
  /** When each chunk that is being decoded came. */
  private readonly times: number[] = []
  private bytes = 0
  private waiting = 0
  private lastMs = 0
  private done = false
  private onend: (() => void) | null = null

  constructor(stream: Transform, ondata: (chunk: Buffer, atMs: number) => void, onproblem: (problem: Problem) => void) {
    this.stream = stream
    this.onproblem = onproblem
    stream.on('data', (chunk: Buffer) => {
      if (this.done) return
      this.bytes += chunk.length
      if (this.bytes > maxInflatedBytes) return this.fail('answer_too_large')
      ondata(chunk, this.times[0] ?? this.lastMs)
    })
    stream.on('error', () => this.fail('bad_compression'))
    stream.on('end', () => this.finish())
  }

  push(chunk: Buffer, atMs: number): void {
    if (this.done) return
    this.waiting += chunk.length
    if (this.waiting > maxWaitingBytes) return this.fail('answer_too_large')
    this.times.push(atMs)
    this.lastMs = atMs
    this.stream.write(chunk, () => {
      this.waiting -= chunk.length
      this.times.shift()
    })
  }

  /** Calls back, once, when everything that was pushed is read; at once where there is nothing to wait for. */
  end(callback: () => void): void {
    if (this.done) return callback()
    this.onend = callback
    this.stream.end()
  }

  private fail(problem: Problem): void {
    if (this.done) return
    this.onproblem(problem)
    this.stream.destroy()
    this.finish()
  }

  private finish(): void {
    this.done = true
    const { onend } = this
    this.onend = null
    onend?.()
  }
}
