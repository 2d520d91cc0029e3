import { hash } from 'node:crypto'

/**
 * Names rows by what stands in them, so that the same file imported again names the same rows. Rows that are equal in every
 * mapped value are told apart by how many of them came before: both are kept, and appending to the file renames none.
 */
export class Identities {
  private seen = new Float64Array(1 << 12)
  private times = new Uint32Array(1 << 12)
  private used = 0

  /** 32 and 16 hex digits. */
  of(values: string): { trace_id: string; span_id: string } {
    const digest = hash('sha256', values)
    const before = this.count(digest)
    const id = before === 0 ? digest : hash('sha256', `${digest}:${before}`)
    return { trace_id: id.slice(0, 32), span_id: id.slice(32, 48) }
  }

  /**
   * How many rows of this digest came before. Open addressing over typed arrays: 24 bytes a row at most, where a Map of strings
   * takes two hundred. Should 52 bits of two digests ever agree, a row gets another id than it would have; it is still the
   * same one each time.
   */
  private count(digest: string): number {
    const key = Number.parseInt(digest.slice(48, 61), 16) || 1
    const mask = this.seen.length - 1
    let slot = key % this.seen.length
    while (this.seen[slot] !== 0 && this.seen[slot] !== key) slot = (slot + 1) & mask
    const before = this.times[slot] ?? 0
    this.times[slot] = before + 1
    if (before > 0) return before
    this.seen[slot] = key
    if (++this.used * 2 > this.seen.length) this.grow()
    return 0
  }

  private grow(): void {
    const { seen, times } = this
    this.seen = new Float64Array(seen.length * 2)
    this.times = new Uint32Array(seen.length * 2)
    const mask = this.seen.length - 1
    for (const [at, key] of seen.entries()) {
      if (key === 0) continue
      let slot = key % this.seen.length
      while (this.seen[slot] !== 0) slot = (slot + 1) & mask
      this.seen[slot] = key
      this.times[slot] = times[at] ?? 0
    }
  }
}

/** A trace or span id as it stands in a file: hex digits and UUIDs as they are, other texts by their hash. */
export function hexId(text: string, digits: 16 | 32): string {
  const plain = text.toLowerCase().replaceAll('-', '')
  if (plain.length === digits && /^[0-9a-f]+$/.test(plain) && !/^0+$/.test(plain)) return plain
  return hash('sha256', text).slice(0, digits)
}
