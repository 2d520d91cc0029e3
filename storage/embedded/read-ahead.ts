/** A pipe, read in blocks ahead of whoever takes them: the engine goes on while a block is on its way to a client. */
import { Socket } from 'node:net'
import type { BlockPool, Piece } from './block-pool.ts'

/** As much as a pipe holds: a read that was filled tries again at once. */
const readBytes = 64 * 1024
/** Full blocks that nobody took yet. */
const mostAhead = 4

export class ReadAhead {
  private readonly pool: BlockPool
  private readonly socket: Socket
  private readonly full: Piece[] = []
  private block: Buffer
  private filled = 0
  private dropping = false
  private over = false
  private failure: Error | null = null
  private wake: (() => void) | null = null

  /** Takes the descriptor over. */
  constructor(fd: number, pool: BlockPool) {
    this.pool = pool
    this.block = pool.take()
    const onread = { buffer: () => this.space(), callback: (bytes: number) => this.took(bytes) }
    this.socket = new Socket({ fd, readable: true, writable: false, onread })
    this.socket.once('end', () => this.end(null))
    this.socket.on('error', (error) => this.end(error))
    this.socket.once('close', () => this.end(null))
  }

  /** Ends with the pipe, or when `drop` was called. */
  async *blocks(): AsyncGenerator<Piece> {
    while (!this.dropping) {
      const block = this.full.shift()
      if (block) {
        this.socket.resume()
        yield block
      } else if (this.failure) throw this.failure
      else if (this.over) return
      else await new Promise<void>((resolve) => (this.wake = resolve))
    }
  }

  /** What still comes is read and thrown away. */
  drop(): void {
    this.dropping = true
    this.full.length = 0
    this.socket.resume()
    this.wake?.()
  }

  close(): void {
    this.socket.destroy()
  }

  private space(): Buffer {
    return this.block.subarray(this.filled, this.filled + readBytes)
  }

  /** False stops the reading until it is resumed. */
  private took(bytes: number): boolean {
    if (this.dropping) return true
    this.filled += bytes
    if (this.filled === this.block.length) {
      this.handOut()
      this.block = this.pool.take()
      this.filled = 0
    }
    return this.full.length < mostAhead
  }

  private end(failure: Error | null): void {
    if (this.over) return
    this.over = true
    this.failure = failure
    if (this.filled > 0 && !this.dropping) this.handOut()
    else this.pool.giveBack(this.block)
    this.wake?.()
  }

  private handOut(): void {
    this.full.push(this.pool.piece(this.block, this.filled))
    this.wake?.()
  }
}
