/** Versions of rows: of two copies the later one wins. */

/** Rises with every call, as microseconds of the clock, also when that stands still or is set back. */
export function createVersions(clock: () => number): () => number {
  let last = 0
  return () => (last = Math.max(last + 1, clock() * 1000))
}
