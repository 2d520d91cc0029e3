/** Where pages of one target end: a page may be cut off without a word, when only the end of the connection ends it. */

export interface PageEnd {
  /** The page without a last line that may have lost its own end. */
  text: string
  /** The line that was taken away; null when the page ends with a line end, as every format asks for. */
  cut: string | null
  /** It goes on where the page before ended, so that the page before may have been cut there. */
  grown: boolean
}

export class PageEnds {
  #last: string | null = null
  /** OpenMetrics says where it ends. */
  #ended = false

  follow(text: string): PageEnd {
    const before = this.#last
    // A page of one line has nothing but that line.
    const start = text.endsWith('\n') || text.endsWith('\n# EOF') ? 0 : text.lastIndexOf('\n') + 1
    const whole = start > 0 ? text.slice(0, start) : text
    this.#last = seriesOf(lastSample(whole))
    const grown = before !== null && before !== this.#last && !this.#ended
    this.#ended = /^# EOF\s*$/m.test(whole.slice(-16))
    return { text: whole, cut: start > 0 ? text.slice(start) : null, grown }
  }
}

/** The last line that is neither empty nor a comment. */
function lastSample(text: string): string {
  let end = text.length
  while (end > 0) {
    const start = text.lastIndexOf('\n', end - 1) + 1
    const line = text.slice(start, end).trim()
    if (line !== '' && !line.startsWith('#')) return line
    end = start - 1
  }
  return ''
}

/** Name and labels; the value and what follows it are no part of it. */
function seriesOf(line: string): string {
  const labels = line.lastIndexOf('}')
  return labels >= 0 ? line.slice(0, labels + 1) : (line.split(/[ \t]/, 1)[0] ?? '')
}
