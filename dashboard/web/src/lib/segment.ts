/** Names as parts of a path. Browsers take `.` and `..` for steps, and an empty part for none: such names get a tilde in front. */

export function segmentOf(name: string): string {
  return /^~|^\.{0,2}$/.test(name) ? `~${name}` : name
}

/** The reverse. */
export function nameIn(segment: string): string {
  return segment.startsWith('~') ? segment.slice(1) : segment
}
