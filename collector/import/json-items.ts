/** Cuts a JSON document into its items and holds no more of it than the one that is open. */

/** An item has to be held until it closes: longer ones are refused. */
export const maxItemBytes = 64 * 1024 * 1024

export class ItemTooLong extends Error {
  override name = 'ItemTooLong'
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a]
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]
const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
const isOpen = (byte: number) => byte === openList || byte === openObject
const isClose = (byte: number) => byte === closeList || byte === closeObject

/**
 * Items are the elements of a list, objects one after another, or the elements of the list `data` in an object, which is how
 * APIs answer with a page: its other members are passed over. They come as the text that they are, JSON or not.
 */
export class JsonItems {
  private held: Buffer[] = []
  private heldBytes = 0
  private inString = false
  private escaped = false
  /** Brackets that are open, and how many of them are around every item. */
  private depth = 0
  private base = 0
  private inItem = false
  /** Behind the list of a page, until its object ends. */
  private skipping = false
  /** The string being read directly inside an outermost object: it may be a key. */
  private key: number[] | null = null
  private lastKey = ''
  private readonly limit: number

  constructor(limit = maxItemBytes) {
    this.limit = limit
  }

  /** The items that end in this chunk. Throws ItemTooLong. */
  push(chunk: Buffer): string[] {
    const items: string[] = []
    let start = 0
    const take = (end: number) => {
      items.push(Buffer.concat([...this.held, chunk.subarray(start, end)]).toString('utf8'))
      this.leaveItem()
    }
    // Indexed: iterating takes several times as long.
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (this.inString) this.readString(byte)
      else if (this.skipping) this.skip(byte)
      else if (!isSpace(byte)) {
        const endsScalar = this.inItem && this.depth === this.base && (byte === comma || isClose(byte))
        if (endsScalar) take(at)
        if (!this.inItem) {
          if (this.isBetween(byte)) continue
          this.inItem = true
          start = at
        }
        if (this.readItem(byte)) take(at + 1)
      }
    }
    if (this.inItem) this.hold(chunk.subarray(start))
    return items
  }

  /** What was open when the document ended; null when it was whole. */
  end(): string | null {
    return this.depth > 0 || this.inItem ? Buffer.concat(this.held).toString('utf8') : null
  }

  /** One byte of an item, outside strings; whether it is the last. */
  private readItem(byte: number): boolean {
    if (byte === quote) {
      this.inString = true
      this.key = this.depth === 1 && this.base === 0 ? [] : null
    } else if (isOpen(byte)) {
      this.depth++
      if (byte === openList && this.depth === 2 && this.base === 0 && this.lastKey === 'data') {
        this.base = 2
        this.leaveItem()
      }
      this.lastKey = ''
    } else if (isClose(byte)) {
      // A bracket too many is an item of its own, and no JSON.
      if (this.depth > this.base) this.depth--
      return this.depth === this.base
    } else if (byte !== colon) this.lastKey = ''
    return false
  }

  /** Whether a byte that is in no item stands between items; else it begins one. */
  private isBetween(byte: number): boolean {
    if (byte === openList && this.depth === 0) {
      this.depth = 1
      this.base = 1
      return true
    }
    if (byte === closeList && this.base > 0) {
      this.depth--
      this.base = 0
      this.skipping = this.depth > 0
      return true
    }
    return byte === comma
  }

  private skip(byte: number): void {
    if (byte === quote) this.inString = true
    else if (isOpen(byte)) this.depth++
    else if (isClose(byte)) this.skipping = --this.depth > 0
  }

  private readString(byte: number): void {
    if (this.escaped) this.escaped = false
    else if (byte === backslash) this.escaped = true
    else if (byte === quote) {
      this.inString = false
      if (this.key) this.lastKey = Buffer.from(this.key).toString('latin1')
      this.key = null
    }
    // Longer than any key that matters.
    else if (this.key && this.key.length < 8) this.key.push(byte)
  }

  private hold(part: Buffer): void {
    this.held.push(part)
    this.heldBytes += part.length
    if (this.heldBytes > this.limit) throw new ItemTooLong()
  }

  private leaveItem(): void {
    this.inItem = false
    this.held = []
    this.heldBytes = 0
  }
}
