/** Long content is cut, and says so. */

/** `…[cut: 123456 bytes]`: how much is missing. */
const mark = (bytes: number) => `…[cut: ${bytes} bytes]`
/** With as many digits as a size can have. */
const markBytes = 34

/** The smallest limit that leaves room for anything beside the mark. */
export const leastMaxBytes = 256

/** The text itself when it has at most `maxBytes` in UTF-8, else as many whole characters of it as fit with the mark. */
export function cut(text: string, maxBytes: number): string {
  // UTF-16 code units are one to three bytes each.
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.byteLength(text)
  if (bytes <= maxBytes) return text
  const head = headOf(text, maxBytes - markBytes)
  return head + mark(bytes - Buffer.byteLength(head))
}

/** The longest start of whole characters within `maxBytes`. */
function headOf(text: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes))
  return text.slice(0, read)
}
