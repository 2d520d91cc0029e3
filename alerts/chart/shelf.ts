/**
 * The charts that vendors fetch by their address. They come without a key, so an address can't be guessed; the oldest make way.
 * Kept in a folder, they outlive a restart.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pngOf } from './png.ts'

const mostCharts = 500
const longestKeptMs = 7 * 86_400_000
const idPattern = /^[\w-]{24}$/

export class ChartShelf {
  readonly #folder: string | null
  readonly #drawings = new Map<string, string>()
  /** Ids of the folder's files, the oldest first. */
  readonly #files: string[] = []

  /** Without a folder, or with one that cannot be used, a restart forgets them all. */
  constructor(folder: string | null = null) {
    this.#folder = folder === null ? null : opened(folder)
    if (this.#folder !== null) this.#files.push(...kept(this.#folder))
  }

  /** The id of its address: `/api/alerts/chart/<id>.png`. */
  put(svg: string): string {
    const id = randomBytes(18).toString('base64url')
    if (!this.#write(id, svg)) this.#drawings.set(id, svg)
    for (const oldest of this.#drawings.keys()) {
      if (this.#drawings.size <= mostCharts) break
      this.#drawings.delete(oldest)
    }
    return id
  }

  /** Null for an id that is unknown by now. */
  async png(id: string): Promise<Uint8Array | null> {
    const svg = this.#drawings.get(id) ?? this.#read(id)
    return svg === null ? null : pngOf(svg)
  }

  #write(id: string, svg: string): boolean {
    if (this.#folder === null) return false
    try {
      writeFileSync(join(this.#folder, `${id}.svg`), svg)
    } catch {
      // Such as a full disk: the message goes out, and its chart lives as long as the process.
      return false
    }
    this.#files.push(id)
    for (const oldest of this.#files.splice(0, Math.max(0, this.#files.length - mostCharts)))
      remove(this.#folder, oldest)
    return true
  }

  #read(id: string): string | null {
    // It comes out of an address: no other file may be named by it.
    if (this.#folder === null || !idPattern.test(id)) return null
    try {
      return readFileSync(join(this.#folder, `${id}.svg`), 'utf8')
    } catch {
      return null
    }
  }
}

function opened(folder: string): string | null {
  try {
    mkdirSync(folder, { recursive: true })
    return folder
  } catch {
    return null
  }
}

/** Ids of what a process before this one left, the oldest first; what is too old is removed. */
function kept(folder: string): string[] {
  const found = readdirSync(folder)
    .filter((name) => name.endsWith('.svg'))
    .map((name) => ({ id: name.slice(0, -'.svg'.length), at: statSync(join(folder, name)).mtimeMs }))
    .filter(({ id }) => idPattern.test(id))
    .toSorted((a, b) => a.at - b.at)
  const old = found.filter(({ at }) => at < Date.now() - longestKeptMs)
  for (const { id } of old) remove(folder, id)
  return found.slice(old.length).map(({ id }) => id)
}

const remove = (folder: string, id: string) => rmSync(join(folder, `${id}.svg`), { force: true })

/** Whether vendors can be expected to reach an address: https, and no name of this machine or a private network. */
export function isPublic(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  const isPrivate =
    /^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|\[|0\.)|^[^.]+$|\.(local|internal|localhost|lan|home\.arpa)$/
  return protocol === 'https:' && !isPrivate.test(hostname)
}
