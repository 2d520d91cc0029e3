/**
 * Copies of what passes, within bounds: of one body and of all bodies together. Beyond its bound a body leaves its beginning
 * and its end, which hold the model and the usage; beyond the bound of all it leaves nothing, and is counted.
 */

/** Bytes that one copy holds. */
interface Holding {
  bytes: number
}

/** Bytes that all copies together may hold. */
export class Budget {
  private readonly limit: number
  private used = 0
  /** A call may be dropped without a word: what its copies hold comes back once they are gone. */
  private readonly gone = new FinalizationRegistry<Holding>((holding) => this.giveAll(holding))

  constructor(limit: number) {
    this.limit = limit
  }

  open(copy: BodyCopy): Holding {
    const holding = { bytes: 0 }
    this.gone.register(copy, holding, holding)
    return holding
  }

  close(holding: Holding): void {
    this.gone.unregister(holding)
    this.giveAll(holding)
  }

  /** False when there is no room. */
  take(holding: Holding, bytes: number): boolean {
    if (this.used + bytes > this.limit) return false
    this.used += bytes
    holding.bytes += bytes
    return true
  }

  give(holding: Holding, bytes: number): void {
    this.used -= bytes
    holding.bytes -= bytes
  }

  get bytes(): number {
    return this.used
  }

  private giveAll(holding: Holding): void {
    this.give(holding, holding.bytes)
  }
}

const edgeBytes = 32 * 1024

export type Copied = { whole: Buffer } | { head: Buffer; tail: Buffer } | null

export class BodyCopy {
  private readonly budget: Budget
  private readonly limit: number
  /** Null while there is nothing to hold. */
  private holding: Holding | null = null
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
    if (this.holding) this.budget.close(this.holding)
    this.holding = null
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
      if (this.holding) this.budget.give(this.holding, first.length)
    }
  }

  private take(bytes: number): boolean {
    this.holding ??= this.budget.open(this)
    if (this.budget.take(this.holding, bytes)) return true
    this.release()
    this.state = 'lost'
    return false
  }
}

const endOf = (bytes: Buffer) => bytes.subarray(Math.max(0, bytes.length - edgeBytes))
