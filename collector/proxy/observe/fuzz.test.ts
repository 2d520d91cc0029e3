import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { random } from '../../otlp/testing.ts'
import { exchanges } from '../usage/testing-exchanges.ts'
import { bytesOf, tell, testObserver, type Exchange } from './testing.ts'

const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 20_000)
const small = exchanges.filter(
  ({ answer, request }) => bytesOf(answer).length < 20_000 && bytesOf(request).length < 20_000,
)

/** Valid exchanges that were damaged: bytes flipped, cut off, doubled, values of other types, heads of other answers. */
function damaged(next: () => number): Exchange {
  const int = (below: number) => Math.floor(next() * below)
  const pick = <T>(items: readonly T[]): T => items[int(items.length)] as T
  const junk = [
    null,
    0,
    -1,
    1e308,
    1.5,
    '',
    'x',
    true,
    [],
    {},
    [null],
    { length: 1 },
    '__proto__',
    Array.from({ length: 50 }, () => []),
  ]
  const swapped = (value: unknown): unknown => {
    if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return value
    return JSON.parse(
      JSON.stringify(value, (_key, item: unknown) => (next() < 0.1 ? structuredClone(pick(junk)) : item)) ?? 'null',
    )
  }
  const flipped = (bytes: Buffer) => {
    const copy = Buffer.from(bytes)
    for (let flips = int(6); flips > 0 && copy.length > 0; flips--) copy[int(copy.length)] = int(256)
    return copy
  }
  const cutOff = (bytes: Buffer) => bytes.subarray(0, int(bytes.length + 1))
  /** Values of a stream's events are swapped in its text. */
  const retyped = (bytes: Buffer) =>
    Buffer.from(
      bytes
        .toString('latin1')
        .replace(/:(?:"[^"]{0,40}"|\d+|null|\{|\[)/g, (value) =>
          next() < 0.05 ? `:${JSON.stringify(pick(junk))}` : value,
        ),
      'latin1',
    )
  const spoil = (bytes: Buffer) => pick([(same: Buffer) => same, flipped, cutOff, retyped, retyped])(bytes)
  const exchange = pick(small)
  const other = pick(small)
  const answer = spoil(bytesOf(swapped(exchange.answer)))
  const compressed = next() < 0.02
  const cuts = Array.from({ length: int(8) }, () => int(answer.length + 1)).sort((a, b) => a - b)
  return {
    ...exchange,
    request: spoil(bytesOf(swapped(exchange.request))),
    answer: compressed ? spoil(gzipSync(answer)) : answer,
    cuts: compressed ? [] : cuts,
    status: pick([200, 200, 200, 200, 429, 500, 101, 204]),
    answerHeaders: {
      ...(next() < 0.8 ? exchange.answerHeaders : other.answerHeaders),
      ...(compressed ? { 'content-encoding': 'gzip' } : {}),
    },
    headers: {
      ...exchange.headers,
      traceparent: pick(['', 'x'.repeat(200), `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`]),
      authorization: pick(['', 'Bearer ', 'Bearer x', 'AWS4-HMAC-SHA256 Credential=']),
    },
    end: { how: pick(['complete', 'complete', 'client_aborted', 'upstream_aborted', 'timeout']) },
  }
}

test.each([{ ask_usage: false }, { ask_usage: true }])(
  'whatever comes, every call is one request, its bytes are what came, and nothing throws (%j)',
  async (config) => {
    const next = random(Number(process.env['FUZZ_SEED'] ?? 11))
    const known = new Set([
      'bad_event',
      'bad_aws_message',
      'bad_compression',
      'event_too_long',
      'answer_too_large',
      'usage_not_hidden',
    ])
    let told = 0
    const changed: Exchange[] = []
    for (const kind of ['openai', 'anthropic', 'bedrock', 'gemini', 'cohere', 'ollama', 'other']) {
      const { observer, calls, issues } = testObserver({ kind, ...config })
      for (let round = 0; round < rounds / 14; round++) {
        const exchange = damaged(next)
        const seen = tell(observer, exchange)
        if (!seen) continue
        told++
        const came = bytesOf(exchange.answer)
        const same = seen.passed.equals(came)
        if (!same && (!config.ask_usage || seen.passed.length >= came.length)) changed.push(exchange)
        if (round % 500 === 0) await observer.flushed()
      }
      await observer.stop()
      const counted = Object.keys(issues.counts()).map((key) => key.replace('proxy ', ''))
      expect(counted.filter((reason) => !known.has(reason))).toEqual([])
      const whole = calls.every(
        ({ request }) =>
          /^[0-9a-f]{32}$/.test(request.trace_id) &&
          Number.isFinite(request.duration_ms) &&
          Object.values(request).every((value) => value !== undefined && !Number.isNaN(value)),
      )
      expect(whole).toBe(true)
      told -= calls.length
    }
    expect(told).toBe(0)
    expect(changed).toEqual([])
  },
)
