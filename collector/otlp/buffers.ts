/**
 * Large buffers, used again: a fresh one for each request costs page faults, and its release full garbage collections.
 * Sizes are powers of two from one MiB.
 */
const smallest = 2 ** 20

export class BufferPool {
  private readonly free = new Map<number, Buffer[]>()
  private kept = 0
  private readonly keep: number

  /** Keeps at most `keep` bytes of buffers that nobody uses. */
  constructor(keep: number) {
    this.keep = keep
  }

  /** A buffer of at least `bytes`, with old data in it. */
  take(bytes: number): Buffer {
    const size = sizeFor(bytes)
    const buffer = this.free.get(size)?.pop()
    if (!buffer) return Buffer.allocUnsafeSlow(size)
    this.kept -= size
    return buffer
  }

  /** Only when nothing refers to the buffer any more. */
  give(buffer: Buffer): void {
    if (this.kept + buffer.length > this.keep) return
    this.kept += buffer.length
    const list = this.free.get(buffer.length)
    if (list) list.push(buffer)
    else this.free.set(buffer.length, [buffer])
  }
}

const sizeFor = (bytes: number) => (bytes <= smallest ? smallest : 2 ** Math.ceil(Math.log2(bytes)))
