/** What a decoder found wrong with a request, by reason: how often, and one example. */
export interface Finding {
  items: number
  /** Shortened; names a place, never content. */
  example: string
}

export class Findings extends Map<string, Finding> {
  add(reason: string, example: string, items = 1): void {
    const finding = this.get(reason)
    if (finding) finding.items += items
    else this.set(reason, { items, example: example.slice(0, 200) })
  }

  get items(): number {
    return [...this.values()].reduce((sum, finding) => sum + finding.items, 0)
  }
}

/** The body is not what its content type says; nothing of it can be used. The message tells the sender where and why. */
export class DecodeError extends Error {
  override name = 'DecodeError'
  /** The same without anything of the body in it: fit to be stored. */
  readonly place: string

  constructor(message: string, options: { place?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.place = options.place ?? message
  }
}
