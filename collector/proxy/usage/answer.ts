/** What a model answered, put together from the pieces of a stream or taken from a whole answer. */
import { TextSample, TokenEstimate } from './estimate.ts'

interface ToolCall {
  id: string
  name: string
  arguments: string
}

/** Tools that one answer may call; an index beyond is no index. */
const maxToolCalls = 1024
/** Choices kept apart; further ones go into the last. */
const maxChoices = 16

export class Answer {
  private readonly limit: number
  private readonly texts: string[] = []
  private readonly calls = new Map<string, ToolCall>()
  private length = 0
  readonly estimate = new TokenEstimate()

  /** Keeps at most `limit` characters; 0: none. */
  constructor(limit: number) {
    this.limit = limit
  }

  /** Text of a choice. True when there was any. */
  addText(text: string, choice = 0): boolean {
    if (text === '') return false
    this.estimate.add(text)
    const kept = this.kept(text)
    if (kept === '') return true
    const index = Math.max(0, Math.min(Math.trunc(choice), maxChoices - 1)) || 0
    while (this.texts.length < index) this.texts.push('')
    this.texts[index] = (this.texts[index] ?? '') + kept
    return true
  }

  /** Text that is generated and paid for, but no part of the answer. */
  addReasoning(text: string): boolean {
    this.estimate.add(text)
    return text !== ''
  }

  /** A piece of a tool call; `key` tells the calls of an answer apart. True when it says anything. */
  addToolCall(key: string | number, piece: Partial<ToolCall>): boolean {
    const name = `${key}`
    let call = this.calls.get(name)
    if (!call) {
      if (this.calls.size >= maxToolCalls) return false
      this.calls.set(name, (call = { id: '', name: '', arguments: '' }))
    }
    call.id ||= this.kept(piece.id ?? '')
    call.name ||= this.kept(piece.name ?? '')
    const more = piece.arguments ?? ''
    this.estimate.add(more)
    if (piece.name !== undefined) this.estimate.add(piece.name)
    call.arguments += this.kept(more)
    return more !== '' || (piece.name ?? '') !== ''
  }

  /** What is kept of the text, with the estimate of all of it; null where none is kept. */
  get sample(): TextSample | null {
    const kept = new TextSample()
    for (const text of this.texts) kept.add(text ?? '')
    for (const call of this.calls.values()) kept.add(call.name + call.arguments)
    return kept.sample === '' ? null : kept.of(this.estimate)
  }

  get toolCalls(): number {
    return this.calls.size
  }

  /** Plain text where it is no more than that, else messages as JSON. */
  toString(): string {
    if (this.length === 0) return ''
    const calls = [...this.calls.values()].filter((call) => call.name !== '' || call.arguments !== '')
    if (calls.length === 0 && this.texts.length <= 1) return this.texts[0] ?? ''
    const messages = (this.texts.length === 0 ? [''] : Array.from(this.texts, (text) => text ?? '')).map((content) => ({
      role: 'assistant',
      content,
    }))
    const tool_calls = calls.map(({ id, name, arguments: given }) => ({
      id,
      type: 'function',
      function: { name, arguments: given },
    }))
    const [first, ...more] = messages
    return JSON.stringify(calls.length === 0 ? messages : [{ ...first, tool_calls }, ...more])
  }

  private kept(text: string): string {
    const room = this.limit - this.length
    if (room <= 0 || text === '') return ''
    const kept = text.length > room ? text.slice(0, room) : text
    this.length += kept.length
    return kept
  }
}
