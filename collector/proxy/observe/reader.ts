/** Reads an answer as it passes: a stream event by event, with the time of each; anything else whole, once it ended. */
import type { IncomingHttpHeaders } from 'node:http'
import { ItemTooLong, JsonItems } from '../../import/json-items.ts'
import { parsed } from '../usage/json.ts'
import type { Facts, StreamEvent, UsageParser } from '../usage/parser.ts'
import { AwsEvents, BadFrame } from './aws-events.ts'
import { type Budget, BodyCopy } from './copy.ts'
import { createInflater, type Inflater } from './inflate.ts'
import { Lines, maxLineBytes, TooLong } from './lines.ts'
import type { Problem } from './problems.ts'
import { skim } from './skim.ts'
import { SseEvents } from './sse.ts'
import type { Times } from './times.ts'

interface Splitter {
  push(chunk: Buffer): void
  end(): void
}

export interface ReaderOptions {
  parser: UsageParser
  operation: string
  facts: Facts
  times: Times
  budget: Budget
  /** Told of what could not be read. */
  onproblem: (reason: Problem) => void
}

/** Larger answers are vectors or pictures: their beginning and their end say what is counted. */
const maxBodyBytes = 2 ** 20
const maxVectorBytes = 64 * 1024

export class AnswerReader {
  private readonly options: ReaderOptions
  private readonly inflater: Inflater | null = null
  /** Null: nothing is to be read. */
  private splitter: Splitter | null = null
  private copy: BodyCopy | null = null
  private atMs = 0
  private badEvents = 0
  /** Whether the answer comes as events. */
  readonly streamed: boolean
  /** What it says as a whole; undefined for streams. */
  whole: unknown = undefined
  /** False when a part of the answer was not read. */
  complete = true

  constructor(options: ReaderOptions, status: number, headers: IncomingHttpHeaders) {
    this.options = options
    const { operation, facts, budget } = options
    const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
    const failed = status >= 400
    if (!failed) this.splitter = this.splitterFor(type)
    this.streamed = this.splitter !== null
    if (!this.streamed && status !== 101 && !/^(?:audio|image|video|font)\/|octet-stream/.test(type))
      this.copy = new BodyCopy(budget, operation === 'embeddings' && !failed ? maxVectorBytes : maxBodyBytes)
    if (this.streamed) facts.streamed = true
    const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
    if (encoding === 'identity' || encoding === '' || !this.reads) return
    this.inflater = createInflater(
      encoding,
      (chunk, atMs) => this.read(chunk, atMs),
      (problem) => this.stop(problem),
    )
    if (!this.inflater) this.stop('unknown_encoding')
  }

  push(chunk: Buffer, atMs: number): void {
    if (!this.reads) return
    if (this.inflater) this.inflater.push(chunk, atMs)
    else this.read(chunk, atMs)
  }

  /** Calls back once everything was read. */
  end(callback: () => void): void {
    const finish = () => {
      this.guarded(() => this.splitter?.end())
      this.finishBody()
      callback()
    }
    if (this.inflater) this.inflater.end(finish)
    else finish()
  }

  /** Lets go of what was read, and reads no more. Idempotent. */
  release(): void {
    this.splitter = null
    this.copy?.release()
    this.copy = null
  }

  private get reads(): boolean {
    return this.splitter !== null || this.copy !== null
  }

  private read(chunk: Buffer, atMs: number): void {
    this.copy?.push(chunk)
    if (!this.splitter) return
    this.atMs = atMs
    this.guarded(() => this.splitter?.push(chunk))
  }

  private splitterFor(type: string): Splitter | null {
    const { facts, operation } = this.options
    switch (type) {
      case 'text/event-stream':
        return new SseEvents((name, data) => this.event(name, data))
      case 'application/x-ndjson':
      case 'application/ndjson':
      case 'application/jsonl':
      case 'application/json-lines':
      case 'application/stream+json':
        return new Lines((line) => line.trim() !== '' && this.event('', line))
      case 'application/vnd.amazon.eventstream':
        return new AwsEvents((name, payload) => this.event(name, payload))
      default:
        // Gemini's other way to stream: one list, item by item.
        if (type !== 'application/json' || !facts.streamed || operation !== 'generate_content') return null
        return new ItemEvents((item) => this.event('', item))
    }
  }

  private event(name: string, text: string): void {
    if (text === '[DONE]' || text === '') return
    const { parser, facts, times } = this.options
    const data = parsed(text)
    if (data === undefined) {
      if (this.badEvents++ === 0) this.problem('bad_event')
      return
    }
    const event: StreamEvent = { name, data }
    if (parser.event(event, facts)) times.token(this.atMs)
  }

  private finishBody(): void {
    const { copy } = this
    if (!copy) return
    const copied = copy.read()
    copy.release()
    this.copy = null
    if (copied === null) return this.problem('no_room_for_copies')
    if ('whole' in copied) {
      if (copied.whole.length > 0) this.whole = parsed(copied.whole.toString('utf8'))
    } else {
      this.whole = skim(copied.head, copied.tail)
      this.complete = false
    }
  }

  /** What is damaged or too long ends the reading of this answer, and nothing else. */
  private guarded(read: () => void): void {
    try {
      read()
    } catch (error) {
      const tooLong = error instanceof TooLong || error instanceof ItemTooLong
      this.stop(tooLong ? 'event_too_long' : error instanceof BadFrame ? 'bad_aws_message' : 'parser_failed')
    }
  }

  private stop(reason: Problem): void {
    this.release()
    this.problem(reason)
  }

  private problem(reason: Problem): void {
    this.complete = false
    this.options.onproblem(reason)
  }
}

/** The items of a JSON list as they come; a lone object is one. */
class ItemEvents implements Splitter {
  private readonly items = new JsonItems(maxLineBytes)
  private readonly onitem: (item: string) => void

  constructor(onitem: (item: string) => void) {
    this.onitem = onitem
  }

  push(chunk: Buffer): void {
    for (const item of this.items.push(chunk)) this.onitem(item)
  }

  end(): void {
    // What is open is cut off.
  }
}
