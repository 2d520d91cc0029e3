/**
 * Takes the chunk that only bears usage out of a stream of chat completions, for clients that did not ask for it. All other bytes
 * go on as they came; held back is only what may still turn out to be that chunk.
 */
import { at, parsed } from '../usage/json.ts'

/** A chunk with usage alone is never longer. */
const maxHeldBytes = 64 * 1024
const [lf, cr] = [0x0a, 0x0d]
const nothing: Buffer = Buffer.alloc(0)

export class UsageHider {
  /** The beginning of an event that may bear usage. */
  private held: Buffer = nothing
  /** Within an event that is known to be another: until its end all goes on. */
  private passing = false
  /** The line that begins here is empty when a line end is next. */
  private lineStart = true
  /** The last byte was a CR, to which an LF may belong. */
  private afterCr = false
  /** The event that ended last was hidden, and the next has not begun. */
  private hiding = false

  push(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk
    const kept: Buffer[] = []
    const bytes = this.held.length > 0 ? Buffer.concat([this.held, chunk]) : chunk
    /** Where the event that is open begins, and where the scan goes on. */
    let begin = 0
    let at = this.held.length
    if (this.afterCr && bytes[at] === lf) {
      // The LF of the CR LF that ended the event before goes where its CR went.
      at++
      if (this.held.length === 0) {
        if (!this.hiding) kept.push(bytes.subarray(begin, at))
        begin = at
      }
    }
    this.afterCr = false
    while (at < bytes.length) {
      const byte = bytes[at]
      if (byte !== lf && byte !== cr) {
        this.lineStart = false
        this.hiding = false
        // To the end of the line at once.
        const nextLf = bytes.indexOf(lf, at)
        const nextCr = bytes.indexOf(cr, at)
        at = nextLf === -1 ? nextCr : nextCr === -1 ? nextLf : Math.min(nextLf, nextCr)
        if (at === -1) at = bytes.length
        continue
      }
      at++
      const open = byte === cr && at === bytes.length
      if (byte === cr && bytes[at] === lf) at++
      if (open) this.afterCr = true
      if (!this.lineStart) {
        this.lineStart = true
        continue
      }
      // An empty line: the event ends.
      const event = bytes.subarray(begin, at)
      this.hiding = !this.passing && isUsage(event)
      if (!this.hiding) kept.push(event)
      this.passing = false
      begin = at
    }
    const rest = bytes.subarray(begin)
    if (!this.passing && rest.length > 0 && (rest.length > maxHeldBytes || !maybeUsage(rest))) this.passing = true
    if (this.passing) {
      kept.push(rest)
      this.held = nothing
    } else this.held = rest
    if (kept.length === 0) return nothing
    // The very same buffer where nothing was held or hidden.
    const [first] = kept
    const length = kept.reduce((sum, part) => sum + part.length, 0)
    return length === bytes.length ? bytes : kept.length === 1 && first ? first : Buffer.concat(kept, length)
  }

  /** What is held back when the stream ends: it was no whole event. */
  rest(): Buffer | null {
    const { held } = this
    this.held = nothing
    return held.length > 0 ? held : null
  }
}

/** A comma later there would be a chunk of the answer: those have a choice. */
const hasChoice = /"choices"\s*:\s*\[\s*[^\]\s]/

/** Whether the beginning of an event may go on to be a chunk of usage. */
function maybeUsage(begin: Buffer): boolean {
  const text = begin.toString('latin1')
  const data = /^(?:(?:event|id|retry):[^\r\n]*(?:\r\n|\r|\n))*(?:data:|$)\s*/.exec(text)
  if (data) return (text[data[0].length] ?? '{') === '{' && !hasChoice.test(text)
  // A field whose name is not whole.
  return /^(?:[^\r\n]*(?:\r\n|\r|\n))*[a-z]{0,5}$/.test(text) && !text.includes('data:')
}

function isUsage(event: Buffer): boolean {
  if (!event.includes('"usage"')) return false
  const data = event
    .toString('utf8')
    .split(/\r\n|\r|\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5))
  const chunk = parsed(data.join('\n'))
  const [choices, usage] = [at(chunk, 'choices'), at(chunk, 'usage')]
  return Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null
}
