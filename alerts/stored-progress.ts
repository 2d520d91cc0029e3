/**
 * Which moments have to be written as a group's progress. While its evaluations change nothing that is stored, they come out the same
 * when they are made again: what a crash leaves behind may be a little old then, and most evaluations write nothing at all.
 */

/** How old progress may be that a crash leaves behind: evaluations since then are made again, and count as missed. */
export const progressLastsMs = 60_000

export interface Progress {
  /** To be stored before anything that the evaluations changed: what is made again must not meet what came after it. */
  before: number | null
  /** To be stored after it. */
  after: number | null
}

export class StoredProgress {
  /** As last written, by group. */
  readonly #written = new Map<string, number>()
  readonly #lastsMs: number

  /** `lastsMs` is 0 where another process may take over: it evaluates every moment after the last one, and none again. */
  constructor(lastsMs: number) {
    this.#lastsMs = lastsMs
  }

  /** For evaluations from after `before` up to `at`, epoch ms; what it says counts as written then. */
  takes(group: string, before: number, at: number, changed: boolean): Progress {
    const written = this.#written.get(group)
    // After the clock was set back, it is not new for a day.
    const age = written === undefined ? Infinity : Math.abs(at - written)
    if (!changed && age < this.#lastsMs) return { before: null, after: null }
    this.#written.set(group, at)
    return { before: changed && written !== before ? before : null, after: at }
  }

  /** Whether `at` is still to be written at the end; a group that was never evaluated has nothing to go on from. */
  lacks(group: string, at: number): boolean {
    const written = this.#written.get(group)
    return written !== undefined && written !== at
  }
}
