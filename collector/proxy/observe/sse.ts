/** Server-sent events out of a byte stream: https://html.spec.whatwg.org/multipage/server-sent-events.html */
import { Lines, maxLineBytes, TooLong } from './lines.ts'

export class SseEvents {
  private readonly lines: Lines
  private readonly onevent: (name: string, data: string) => void
  private name = ''
  private data: string[] = []
  private dataLength = 0
  private first = true

  constructor(onevent: (name: string, data: string) => void) {
    this.onevent = onevent
    this.lines = new Lines((line) => this.line(line))
  }

  /** Throws TooLong. */
  push(chunk: Buffer): void {
    this.lines.push(chunk)
  }

  /** Some servers leave out the blank line behind the last event. */
  end(): void {
    this.lines.end()
    this.line('')
  }

  private line(text: string): void {
    const line = this.first && text.startsWith('\ufeff') ? text.slice(1) : text
    this.first = false
    if (line === '') return this.dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') this.name = value
    else if (field === 'data') {
      this.dataLength += value.length
      if (this.dataLength > maxLineBytes) throw new TooLong()
      this.data.push(value)
    }
  }

  private dispatch(): void {
    const { name, data } = this
    this.name = ''
    if (data.length === 0) return
    this.data = []
    this.dataLength = 0
    this.onevent(name, data.length === 1 ? (data[0] ?? '') : data.join('\n'))
  }
}
