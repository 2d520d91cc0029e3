/** Cuts a byte stream into lines, whatever its chunks: LF, CR LF and CR end one. Holds no more than the line that is open. */

/** Longer than any event: what comes here is no stream of events. */
export const maxLineBytes = 2 ** 20

export class TooLong extends Error {
  override name = 'TooLong'
}

const [lf, cr] = [0x0a, 0x0d]

export class Lines {
  private held: Buffer[] = []
  private heldBytes = 0
  /** The chunk before ended in CR: an LF belongs to it. */
  private afterCr = false
  private readonly limit: number
  private readonly online: (line: string) => void

  constructor(online: (line: string) => void, limit = maxLineBytes) {
    this.online = online
    this.limit = limit
  }

  /** Throws TooLong. */
  push(chunk: Buffer): void {
    let start = this.afterCr && chunk[0] === lf ? 1 : 0
    if (chunk.length > 0) this.afterCr = false
    // Where the next CR is, as far as one is known: there mostly is none, and looking for it once is enough.
    let nextCr = chunk.indexOf(cr, start)
    for (;;) {
      const nextLf = chunk.indexOf(lf, start)
      if (nextCr !== -1 && nextCr < start) nextCr = chunk.indexOf(cr, start)
      if (nextLf === -1 && nextCr === -1) break
      const atCr = nextCr !== -1 && (nextLf === -1 || nextCr < nextLf)
      const end = atCr ? nextCr : nextLf
      this.take(chunk, start, end)
      start = end + 1
      if (!atCr) continue
      if (start === chunk.length) this.afterCr = true
      else if (chunk[start] === lf) start++
    }
    if (start < chunk.length) this.hold(chunk.subarray(start))
  }

  /** The line that was open when the stream ended. */
  end(): void {
    if (this.heldBytes > 0) this.take(Buffer.alloc(0), 0, 0)
  }

  private take(chunk: Buffer, start: number, end: number): void {
    if (this.heldBytes === 0) {
      if (end - start > this.limit) throw new TooLong()
      return this.online(chunk.toString('utf8', start, end))
    }
    this.hold(chunk.subarray(start, end))
    const line = Buffer.concat(this.held, this.heldBytes).toString('utf8')
    this.held = []
    this.heldBytes = 0
    this.online(line)
  }

  private hold(part: Buffer): void {
    this.heldBytes += part.length
    if (this.heldBytes > this.limit) throw new TooLong()
    // A small piece would keep the whole chunk that it came in.
    this.held.push(part.length * 4 < part.buffer.byteLength ? Buffer.from(part) : part)
  }
}
