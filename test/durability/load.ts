/**
 * Mixed load with known ids: protobuf and JSON, plain and gzip, batches of many sizes, calls that two spans report with the
 * parent coming in a later request, batches sent twice. Each is sent the way exporters do: again and again until acked.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { jsonRequest, jsonSpan, random, toProtobuf } from '../../collector/otlp/testing.ts'
import { diceOf, type Dice } from '../fuzz/mutate.ts'
import type { SentSpan } from './expected.ts'

interface MadeSpan {
  sent: SentSpan
  json: Record<string, unknown>
}

export interface Load {
  /** In the order of their answers. */
  acked: SentSpan[]
  /** Batches that were sent again although they had been acked. */
  readonly resent: number
  /** Begins nothing new, and resolves once everything begun is acked. Idempotent. */
  finish(): Promise<void>
  /** Gives up what is not acked yet. Idempotent. */
  abandon(): Promise<void>
}

const models = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5']
const sizes = [1, 2, 10, 40, 150]

interface Options {
  clients?: number
  /** Between two batches of one client. */
  pauseMs?: number
}

export function startLoad(url: () => string, seed: number, { clients = 4, pauseMs = 60 }: Options = {}): Load {
  const acked: SentSpan[] = []
  const ending = new AbortController()
  const abandoned = new AbortController()
  let resent = 0

  const client = async (index: number) => {
    const dice = diceOf(random(seed * 1000 + index))
    let held: MadeSpan[] = []
    while (!abandoned.signal.aborted && (!ending.signal.aborted || held.length > 0)) {
      const fresh = ending.signal.aborted ? [] : Array.from({ length: dice.pick(sizes) }, () => makeCall(dice))
      // Parents end after their children, and are sent when they end.
      const batch = [...held, ...fresh.map(({ first }) => first)]
      held = fresh.flatMap(({ parent }) => (parent ? [parent] : []))
      const request = encoded(
        batch.map(({ json }) => json),
        dice,
      )
      if (!(await untilAcked(url, request, abandoned.signal))) return
      acked.push(...batch.map(({ sent }) => sent))
      if (dice.next() < 0.1) {
        await untilAcked(url, request, abandoned.signal)
        resent++
      }
      await sleep(dice.int(pauseMs * 2))
    }
  }
  const running = Promise.all(Array.from({ length: clients }, (_, index) => client(index)))
  return {
    acked,
    get resent() {
      return resent
    },
    async finish() {
      ending.abort()
      await running
    },
    async abandon() {
      abandoned.abort()
      await running.catch(() => undefined)
    },
  }
}

/** A third of the calls are reported by two spans, a tenth of the spans are no calls. */
function makeCall(dice: Dice): { first: MadeSpan; parent: MadeSpan | null } {
  const trace_id = hex(dice, 16)
  const call = { input_tokens: 1 + dice.int(5000), output_tokens: 1 + dice.int(900) }
  const kind = dice.next()
  if (kind < 0.1) return { first: makeSpan(dice, trace_id, '', null), parent: null }
  if (kind < 0.67) return { first: makeSpan(dice, trace_id, '', call), parent: null }
  const parent = makeSpan(dice, trace_id, '', call)
  return { first: makeSpan(dice, trace_id, parent.sent.span_id, call), parent }
}

function makeSpan(dice: Dice, trace_id: string, parentSpanId: string, call: SentSpan['call']): MadeSpan {
  const span_id = hex(dice, 8)
  const end = Date.now()
  const model = dice.pick(models)
  const nanos = (ms: number) => `${ms}000000`
  const json = jsonSpan({
    traceId: trace_id,
    spanId: span_id,
    ...(parentSpanId === '' ? {} : { parentSpanId }),
    name: call ? `chat ${model}` : 'GET /',
    startTimeUnixNano: nanos(end - 500 - dice.int(3000)),
    endTimeUnixNano: nanos(end),
    attributes: call
      ? [
          { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
          { key: 'gen_ai.provider.name', value: { stringValue: model.startsWith('claude') ? 'anthropic' : 'openai' } },
          { key: 'gen_ai.request.model', value: { stringValue: model } },
          { key: 'gen_ai.usage.input_tokens', value: { intValue: call.input_tokens } },
          { key: 'gen_ai.usage.output_tokens', value: { intValue: call.output_tokens } },
        ]
      : [{ key: 'http.request.method', value: { stringValue: 'GET' } }],
  })
  return { sent: { trace_id, span_id, parent_span_id: parentSpanId, call }, json }
}

const hex = (dice: Dice, bytes: number) =>
  Array.from({ length: bytes }, () => (1 + dice.int(255)).toString(16).padStart(2, '0')).join('')

interface EncodedRequest {
  body: Buffer
  headers: Record<string, string>
}

function encoded(spans: object[], dice: Dice): EncodedRequest {
  const request = jsonRequest(spans, [{ key: 'service.name', value: { stringValue: 'load' } }])
  const json = dice.next() < 0.5
  const plain = json ? Buffer.from(JSON.stringify(request)) : toProtobuf(request)
  const type = { 'content-type': json ? 'application/json' : 'application/x-protobuf' }
  if (dice.next() < 0.5) return { body: plain, headers: type }
  return { body: gzipSync(plain), headers: { ...type, 'content-encoding': 'gzip' } }
}

/** False when `signal` came first. */
async function untilAcked(url: () => string, request: EncodedRequest, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await post(`${url()}/v1/traces`, request)) return true
    await sleep(20)
  }
  return false
}

/** False when it may be sent again. Throws on an answer that an exporter would take for final. */
async function post(url: string, { body, headers }: EncodedRequest): Promise<boolean> {
  let response: Response
  try {
    response = await fetch(url, {
      method: 'POST',
      headers,
      body: body as BodyInit,
      signal: AbortSignal.timeout(10_000),
    })
    if (response.status !== 200) {
      const text = await response.text()
      if (response.status !== 503) throw new Error(`answered ${response.status}: ${text}`)
      return false
    }
    const text = await response.text()
    if (text !== '' && text !== '{}') throw new Error(`partial success: ${text}`)
    return true
  } catch (error) {
    if (error instanceof Error && /^(answered|partial)/.test(error.message)) throw error
    return false
  }
}
