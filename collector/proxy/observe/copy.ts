/**
 * Copies of what passes, within bounds: of one body and of all bodies together. Beyond its bound a body leaves its beginning
 * and its end, which hold the model and the usage; beyond the bound of all it leaves nothing, and is counted.
 */

/** Bytes that all copies together may hold. */
export class Budget {
  private readonly limit: number
  private used = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** False when there is no room. */
  take(bytes: number): boolean {
    if (this.used + bytes > this.limit) return false
    this.used += bytes
    return true
  }

  give(bytes: number): void {
    this.used -= bytes
  }

  get bytes(): number {
    return this.used
  }
}

const edgeBytes = 32 * 1024

export type Copied = { whole: Buffer } | { head: Buffer; tail: Buffer } | null

export class BodyCopy {
  private readonly budget: Budget
  private readonly limit: number
  /** Of the budget. */
  private held = 0
  private state: 'whole' | 'edges' | 'lost' = 'whole'
  private parts: Buffer[] = []
  private bytes = 0
  private tail: Buffer[] = []
  private tailBytes = 0

  constructor(budget: Budget, limit: number) {
    this.budget = budget
    this.limit = limit
  }

  push(chunk: Buffer): void {
    if (this.state === 'lost' || chunk.length === 0) return
    if (this.state === 'edges') return this.pushTail(chunk)
    if (this.bytes + chunk.length > this.limit) return this.keepEdges(chunk)
    if (!this.take(chunk.length)) return
    this.parts.push(chunk)
    this.bytes += chunk.length
  }

  /** What was copied; null when there was no room for it. */
  read(): Copied {
    if (this.state === 'lost') return null
    const head = this.parts.length === 1 ? (this.parts[0] as Buffer) : Buffer.concat(this.parts, this.bytes)
    return this.state === 'whole' ? { whole: head } : { head, tail: endOf(Buffer.concat(this.tail)) }
  }

  /** Lets go of everything. Idempotent. */
  release(): void {
    this.give(this.held)
    this.parts = []
    this.tail = []
    this.bytes = 0
    this.tailBytes = 0
  }

  private keepEdges(chunk: Buffer): void {
    const all = Buffer.concat([...this.parts, chunk])
    this.release()
    this.state = 'edges'
    const head = Buffer.from(all.subarray(0, edgeBytes))
    if (!this.take(head.length)) return
    this.parts = [head]
    this.bytes = head.length
    this.pushTail(all.subarray(head.length))
  }

  private pushTail(chunk: Buffer): void {
    // A copy: the last bytes of a large chunk would keep all of it.
    const part = Buffer.from(endOf(chunk))
    if (!this.take(part.length)) return
    this.tail.push(part)
    this.tailBytes += part.length
    for (let first = this.tail[0]; first && this.tailBytes - first.length >= edgeBytes; first = this.tail[0]) {
      this.tail.shift()
      this.tailBytes -= first.length
      this.give(first.length)
    }
  }

  private take(bytes: number): boolean {
    if (this.budget.take(bytes)) {
      this.held += bytes
      return true
    }
    this.release()
    this.state = 'lost'
    return false
  }

  private give(bytes: number): void {
    this.budget.give(bytes)
    this.held -= bytes
  }
}

const endOf = (bytes: Buffer) => bytes.subarray(Math.max(0, bytes.length - edgeBytes))
