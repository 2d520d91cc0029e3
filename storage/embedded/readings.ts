/** What the engine and we make of a text before it runs: it depends on nothing but the text, and the same ones come again and again. */

/** Longer texts are not kept, in characters. */
const maxLength = 16 * 1024

/** Keeps what was made of the last `size` texts. A reading that fails is not kept. */
export class Readings<T> {
  private readonly size: number
  private readonly known = new Map<string, T>()

  constructor(size: number) {
    this.size = size
  }

  async of(text: string, read: () => Promise<T>): Promise<T> {
    const known = this.known.get(text)
    // Last used, last in line.
    this.known.delete(text)
    const reading = known ?? (await read())
    if (text.length <= maxLength) this.known.set(text, reading)
    if (this.known.size > this.size) this.known.delete(this.known.keys().next().value ?? '')
    return reading
  }
}
