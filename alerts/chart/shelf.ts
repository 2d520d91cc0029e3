/**
 * The charts that vendors fetch by their address. They come without a key, so an address can't be guessed; the oldest make way,
 * and a restart forgets them all: vendors keep copies.
 */
import { randomBytes } from 'node:crypto'
import { pngOf } from './png.ts'

const mostCharts = 500

export class ChartShelf {
  readonly #drawings = new Map<string, string>()

  /** The id of its address: `/api/alerts/chart/<id>.png`. */
  put(svg: string): string {
    const id = randomBytes(18).toString('base64url')
    this.#drawings.set(id, svg)
    for (const oldest of this.#drawings.keys()) {
      if (this.#drawings.size <= mostCharts) break
      this.#drawings.delete(oldest)
    }
    return id
  }

  /** Null for an id that is unknown by now. */
  async png(id: string): Promise<Uint8Array | null> {
    const svg = this.#drawings.get(id)
    return svg === undefined ? null : pngOf(svg)
  }
}

/** Whether vendors can be expected to reach an address: https, and no name of this machine or a private network. */
export function isPublic(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  const isPrivate =
    /^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|\[|0\.)|^[^.]+$|\.(local|internal|localhost|lan|home\.arpa)$/
  return protocol === 'https:' && !isPrivate.test(hostname)
}
