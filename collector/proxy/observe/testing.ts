/** For tests and benchmarks: exchanges told to an observer as the transport tells them, and what becomes of them. */
import type { IncomingHttpHeaders } from 'node:http'
import type { MetricSample } from '../../../records/server-sample.ts'
import { attributionConfig, endpointConfig } from '../../config.ts'
import { IssueLog } from '../../issues.ts'
import type { SeenCall } from '../../pipeline.ts'
import type { CallEnd } from '../observer.ts'
import { createObserver, type Observer, type ObserverOptions } from './index.ts'

export interface Exchange {
  /** What stands in the configuration for the endpoint `test`. */
  endpoint?: Record<string, unknown>
  method?: string
  path: string
  headers?: IncomingHttpHeaders
  /** Texts and bytes go as they are, anything else as JSON. */
  request?: unknown
  status?: number
  answerHeaders?: IncomingHttpHeaders
  answer?: unknown
  /** Null: the upstream did not answer. */
  end?: Partial<CallEnd>
  /** Where to cut the answer, as offsets; one chunk unless said. */
  cuts?: readonly number[]
  /** Epoch ms of each chunk of the answer; 100 ms after the start, then one every 10 ms, unless said. */
  times?: readonly number[]
}

export const startMs = 1_760_000_000_000.25

export interface Observed {
  calls: SeenCall[]
  samples: MetricSample[]
  issues: Record<string, number>
  /** What the upstream was sent, and the client. */
  sent: Buffer
  passed: Buffer
  added: Readonly<Record<string, string>>
}

export function testObserver(
  endpoint: Record<string, unknown> = {},
  options: Partial<ObserverOptions> = {},
): { observer: Observer; calls: SeenCall[]; samples: MetricSample[]; issues: IssueLog } {
  const calls: SeenCall[] = []
  const samples: MetricSample[] = []
  const issues = new IssueLog()
  const observer = createObserver({
    endpoints: [endpointConfig.parse({ name: 'test', upstream: 'http://upstream:9000', ...endpoint })],
    content: 'full',
    attribution: attributionConfig.parse({}),
    acceptCalls: async (seen) => void calls.push(...seen),
    appendSamples: async (rows) => void samples.push(...rows),
    issues,
    ...options,
  })
  return { observer, calls, samples, issues }
}

/** Tells one exchange to an observer. Null: the call was not observed. */
export function tell(observer: Observer, exchange: Exchange): Pick<Observed, 'sent' | 'passed' | 'added'> | null {
  const { method = 'POST', path, headers = {}, request, status = 200, answer, cuts = [], end } = exchange
  const body = bytesOf(request)
  const call = observer.begin({
    endpoint: 'test',
    method,
    path,
    headers: { 'content-type': 'application/json', ...headers },
    startedMs: startMs,
  })
  if (!call) return null
  let sent = body
  if (call.wantsBody) sent = call.requestBody(body) ?? body
  else call.requestChunk(body)
  const passed: Buffer[] = []
  let atMs = startMs + 90
  const bytes = bytesOf(answer)
  if (answer !== undefined) {
    call.responseHead(status, { 'content-type': 'application/json', ...exchange.answerHeaders }, atMs)
    const edges = [0, ...cuts, bytes.length]
    for (let index = 1; index < edges.length; index++) {
      atMs = exchange.times?.[index - 1] ?? startMs + 90 + index * 10
      passed.push(call.responseChunk(bytes.subarray(edges[index - 1], edges[index]), atMs))
    }
  }
  const rest = call.responseRest?.()
  if (rest) passed.push(rest)
  call.end({ how: 'complete', atMs: atMs + 5, requestBytes: body.length, responseBytes: bytes.length, ...end })
  return { sent, passed: Buffer.concat(passed), added: call.addedHeaders }
}

/** One exchange with an observer of its own. */
export async function observe(exchange: Exchange, options: Partial<ObserverOptions> = {}): Promise<Observed> {
  const { observer, calls, samples, issues } = testObserver(exchange.endpoint, options)
  const told = tell(observer, exchange)
  await observer.stop()
  const none = { sent: Buffer.alloc(0), passed: Buffer.alloc(0), added: {} }
  return { calls, samples, issues: issues.counts(), ...(told ?? none) }
}

export function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body
  if (body === undefined) return Buffer.alloc(0)
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

/** A stream of server-sent events; those with a name as Anthropic sends them. */
export function sse(events: readonly unknown[], { named = false, done = false, eol = '\n' } = {}): string {
  const lines = events.map((event) => {
    const name = named ? `event: ${(event as { type: string }).type}${eol}` : ''
    return `${name}data: ${JSON.stringify(event)}${eol}${eol}`
  })
  return lines.join('') + (done ? `data: [DONE]${eol}${eol}` : '')
}

export const ndjson = (events: readonly unknown[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('')
