/** One call, observed: bounded copies while its bytes go on, and its records once it ended. */
import type { IncomingHttpHeaders } from 'node:http'
import type { SeenCall } from '../../pipeline.ts'
import type { CallEnd, CallObservation, CallStart } from '../observer.ts'
import type { Estimated } from '../tokens/refine.ts'
import type { Facts, Route, UsageParser } from '../usage/parser.ts'
import { newFacts, readRequest } from '../usage/parser.ts'
import { askForUsage } from './ask-usage.ts'
import { contentText } from './content.ts'
import { type Budget, BodyCopy } from './copy.ts'
import { UsageHider } from './hide-usage.ts'
import type { Problem } from './problems.ts'
import { AnswerReader } from './reader.ts'
import { recordsOf } from './record.ts'
import { requestOf } from './request-body.ts'
import type { Retries } from './retries.ts'
import { clientSecrets, withoutSecrets } from './secrets.ts'
import { Times } from './times.ts'
import { type TraceContext, traceContext } from './trace-context.ts'
import { configuredSources, keyName, whoOf } from './who.ts'

/** What a call needs of its endpoint. */
export interface Endpoint {
  name: string
  host: string
  instance: string
  /** Who serves it, as far as its kind says; empty when anybody may. */
  kindProvider: string
  askUsage: boolean
  /** Its own keys, which an error of the upstream may repeat. */
  secrets: readonly string[]
  /** Characters of prompt and answer that are kept; 0: none. */
  contentLimit: number
}

export interface Shared {
  budget: Budget
  retries: Retries
  /** `header.…` and `body.…` names of the configuration. */
  sources: readonly string[]
  onproblem: (reason: Problem, example: string) => void
  /** Told when a call ends; what it gives back is told when all of it is read, and its records can be made. */
  onended: () => (call: ObservedCall) => void
}

/** Larger requests hold files; their beginning and end say the model. */
const maxRequestBytes = 2 ** 20
/** APIs whose streams say what they cost only when asked. */
const asksForUsage = new Set(['openai-chat', 'openai-completions'])

export class ObservedCall implements CallObservation {
  readonly addedHeaders: Readonly<Record<string, string>>
  readonly wantsBody: boolean
  private readonly start: CallStart
  private readonly endpoint: Endpoint
  private readonly parser: UsageParser
  private readonly route: Route
  private readonly shared: Shared
  private readonly query: URLSearchParams
  private readonly trace: TraceContext
  private readonly facts: Facts
  private readonly times: Times
  private readonly request: BodyCopy
  private reader: AnswerReader | null = null
  private hider: UsageHider | null = null
  private asked = false
  private status: number | null = null
  private headers: IncomingHttpHeaders = {}
  private ended: CallEnd | null = null

  constructor(
    start: CallStart,
    endpoint: Endpoint,
    { parser, route, query }: { parser: UsageParser; route: Route; query: URLSearchParams },
    shared: Shared,
  ) {
    this.start = start
    this.endpoint = endpoint
    this.parser = parser
    this.route = route
    this.query = query
    this.shared = shared
    this.trace = traceContext(start.headers['traceparent'])
    this.facts = newFacts(endpoint.contentLimit)
    this.facts.streamed = route.streamed ?? false
    this.times = new Times(start.startedMs)
    this.request = new BodyCopy(shared.budget, maxRequestBytes)
    this.wantsBody = endpoint.askUsage && asksForUsage.has(parser.name)
    const { traceparent } = this.trace
    // What is compressed cannot be taken out of a stream.
    this.addedHeaders = this.wantsBody ? { traceparent, 'accept-encoding': 'identity' } : { traceparent }
  }

  requestBody(body: Buffer): Buffer | null {
    this.request.push(body)
    const asking = askForUsage(body)
    this.asked = asking !== null
    return asking
  }

  requestChunk(chunk: Buffer): void {
    this.request.push(chunk)
  }

  responseHead(status: number, headers: IncomingHttpHeaders, atMs: number): void {
    this.status = status
    this.headers = headers
    // Without a body the head is all that comes.
    if (headers['content-length'] === '0') this.times.byte(atMs)
    this.parser.head?.(headers, this.facts)
    this.reader = new AnswerReader(
      {
        parser: this.parser,
        operation: this.route.operation,
        facts: this.facts,
        times: this.times,
        budget: this.shared.budget,
        onproblem: (reason) => this.problem(reason),
      },
      status,
      headers,
    )
    if (!this.asked || !this.reader.streamed) return
    if (headers['content-encoding'] === undefined && headers['content-length'] === undefined)
      this.hider = new UsageHider()
    else this.problem('usage_not_hidden')
  }

  responseChunk(chunk: Buffer, atMs: number): Buffer {
    if (chunk.length > 0) this.times.byte(atMs)
    const passed = this.hider ? this.hider.push(chunk) : chunk
    this.reader?.push(chunk, atMs)
    return passed
  }

  responseRest(): Buffer | null {
    return this.hider?.rest() ?? null
  }

  end(end: CallEnd): void {
    if (this.ended) return
    this.ended = end
    const onread = this.shared.onended()
    if (this.reader) this.reader.end(() => onread(this))
    else onread(this)
  }

  /** The records of the call, and the headers that tell of limits. Once, when all is read. */
  finish(): { seen: SeenCall; estimated: Estimated; headers: IncomingHttpHeaders; endedMs: number } {
    const { start, endpoint, parser, route, facts, reader, shared } = this
    const end = this.ended as CallEnd
    const copied = this.request.read()
    if (copied === null) this.problem('no_room_for_copies')
    const body = requestOf(copied, start.headers)
    if (parser.request) parser.request(body, facts)
    else readRequest(body, facts)
    const failed = this.status === null || this.status >= 400
    const answer = reader?.whole
    if (!failed && answer !== undefined) parser.body(answer, facts)
    const api_key = start.key?.who.api_key ?? keyName(start.headers, this.query)
    const attempt = shared.retries.attemptOf(
      start.headers['x-stainless-retry-count'],
      {
        endpoint: endpoint.name,
        api_key,
        path: start.path,
        body: copied && 'whole' in copied ? copied.whole : null,
        startedMs: start.startedMs,
        endedMs: end.atMs,
      },
      failed || end.how !== 'complete',
    )
    const { seen, estimated } = recordsOf({
      start,
      end,
      parser,
      route,
      trace: this.trace,
      facts,
      times: this.times,
      who: whoOf(start.headers, body),
      sources: configuredSources(shared.sources, start.headers, body),
      api_key,
      attempt,
      status: this.status,
      headers: this.headers,
      requestBody: body,
      answerBody: answer,
      answerRead: reader?.complete ?? false,
      upstream: endpoint,
      input: contentText(endpoint.contentLimit === 0 ? undefined : parser.input(body), endpoint.contentLimit),
    })
    if (start.key) seen.key = start.key
    const { span } = seen
    if (span.status_message !== '')
      span.status_message = withoutSecrets(span.status_message, [
        ...endpoint.secrets,
        ...clientSecrets(start.headers, this.query),
      ])
    this.release()
    return { seen, estimated, headers: this.headers, endedMs: end.atMs }
  }

  dropped(): void {
    this.release()
  }

  /** Lets go of the copies. Idempotent. */
  release(): void {
    this.request.release()
    this.reader?.release()
  }

  private problem(reason: Problem): void {
    // Half an answer is expected of what was cut short.
    if (this.ended && this.ended.how !== 'complete' && reason !== 'no_room_for_copies') return
    this.shared.onproblem(reason, `${this.endpoint.name}: ${this.parser.name}, status ${this.status ?? 'none'}`)
  }
}
