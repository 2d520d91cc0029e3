/** Splits lines of CSV or TSV into records, and survives what a broken line would do to the ones after it. */

export type CsvRecord =
  | { line: number; cells: string[] }
  /** A line that cannot be split. */
  | { line: number; cells: null; raw: string; reason: string }

/** A quoted field may hold this many line breaks; beyond, its quote is taken for a stray one. */
const maxLines = 1000

export class CsvReader {
  readonly delimiter: string
  private pending: { text: string; line: number }[] = []

  constructor(delimiter: string) {
    this.delimiter = delimiter
  }

  /** The records that this line completes: usually one, none inside a quoted field, more after a stray quote. */
  push(text: string, line: number): CsvRecord[] {
    if (text === '' && this.pending.length === 0) return []
    this.pending.push({ text, line })
    const full = this.pending.length > maxLines
    // Only a line with a quote in it can close an open field.
    if (this.pending.length > 1 && !full && !text.includes('"')) return []
    const whole = this.pending.map((part) => part.text).join('\n')
    const cells = split(whole, this.delimiter)
    if (!cells) return full ? this.skipQuote() : []
    const first = this.pending[0]?.line ?? line
    this.pending = []
    return [{ line: first, cells }]
  }

  /** What is left when the file ends. */
  end(): CsvRecord[] {
    const records: CsvRecord[] = []
    while (this.pending.length > 0) records.push(...this.skipQuote())
    return records
  }

  /** Gives up the first open line; the lines that its stray quote swallowed are records of their own. */
  private skipQuote(): CsvRecord[] {
    const [first, ...swallowed] = this.pending
    this.pending = []
    if (!first) return []
    const broken = { line: first.line, cells: null, raw: first.text, reason: 'unclosed_quote' }
    return [broken, ...swallowed.flatMap(({ text, line }) => this.push(text, line))]
  }
}

/** The cells of one record; null when a quoted field is still open at its end. */
function split(text: string, delimiter: string): string[] | null {
  if (!text.includes('"')) return text.split(delimiter)
  const cells: string[] = []
  let at = 0
  for (;;) {
    if (text[at] === '"') {
      let end = at + 1
      let value = ''
      for (;;) {
        const quote = text.indexOf('"', end)
        if (quote < 0) return null
        value += text.slice(end, quote)
        if (text[quote + 1] !== '"') {
          at = quote + 1
          break
        }
        value += '"'
        end = quote + 2
      }
      const next = text.indexOf(delimiter, at)
      cells.push(value + text.slice(at, next < 0 ? text.length : next))
      if (next < 0) return cells
      at = next + 1
    } else {
      const next = text.indexOf(delimiter, at)
      cells.push(text.slice(at, next < 0 ? text.length : next))
      if (next < 0) return cells
      at = next + 1
    }
  }
}
