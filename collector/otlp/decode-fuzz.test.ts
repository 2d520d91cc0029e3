import { expect, test } from 'vitest'
import { decodeJson } from './decode-json.ts'
import { decodeProtobuf } from './decode-protobuf.ts'
import { DecodeError } from './findings.ts'
import { random, toProtobuf } from './testing.ts'
import type { DecodedTraces } from './validate.ts'

const options = { max_attribute_bytes: 200, now: 1_760_000_100_000_000 }

/** Valid requests of every shape, among them wrong ids, odd times, empty envelopes and long values. */
function requests(next: () => number) {
  const int = (below: number) => Math.floor(next() * below)
  const pick = <T>(items: readonly T[]): T => items[int(items.length)] as T
  const many = <T>(most: number, make: () => T): T[] => Array.from({ length: int(most + 1) }, make)
  const maybe = (fields: Record<string, () => unknown>) =>
    Object.fromEntries(
      Object.entries(fields).flatMap(([key, make]) => (next() < 0.8 ? [[key, make()] as [string, unknown]] : [])),
    )
  const hex = (bytes: number) => Array.from({ length: bytes }, () => int(256).toString(16).padStart(2, '0')).join('')
  const id = (bytes: number) => (next() < 0.9 ? hex(bytes) : pick(['', '00'.repeat(bytes), hex(int(40))]))
  const text = () => pick(['', 'a', 'gen_ai.system', 'grüße 😀', hex(int(150)), 'é'.repeat(int(150)), '\u0000\n"\\'])
  const nanos = () =>
    pick([
      () => String(1_760_000_000_000_000_000n + BigInt(int(1e9))),
      () => '0',
      () => String(BigInt(`0x${hex(8)}`)),
    ])()
  const value = (depth: number): object =>
    pick([
      () => ({ stringValue: text() }),
      () => ({ boolValue: next() < 0.5 }),
      () => ({ intValue: pick(['0', '-1', String(int(1e9)), String(BigInt.asIntN(64, BigInt(`0x${hex(8)}`)))]) }),
      () => ({ doubleValue: pick([0, -1.5, 1e300, next()]) }),
      () => ({ bytesValue: Buffer.from(hex(int(60)), 'hex').toString('base64') }),
      () => ({}),
      () => (depth > 3 ? {} : { arrayValue: { values: many(3, () => value(depth + 1)) } }),
      () => (depth > 3 ? {} : { kvlistValue: { values: many(3, () => pair(depth + 1)) } }),
    ])()
  const pair = (depth = 0): object => ({ key: text(), value: value(depth) })
  const attributes = () => many(6, pair)
  const event = () => maybe({ timeUnixNano: nanos, name: text, attributes })
  const link = () => maybe({ traceId: () => id(16), spanId: () => id(8) })
  const status = () => maybe({ code: () => int(5), message: text })
  const span = () =>
    maybe({
      traceId: () => id(16),
      spanId: () => id(8),
      parentSpanId: () => id(8),
      traceState: text,
      name: text,
      kind: () => int(8),
      startTimeUnixNano: nanos,
      endTimeUnixNano: nanos,
      attributes,
      droppedAttributesCount: () => int(1e6),
      events: () => many(2, event),
      links: () => many(2, link),
      status,
      flags: () => int(1e9),
    })
  const scope = () => maybe({ name: text, version: text, attributes })
  const scopeSpans = () => maybe({ scope, spans: () => many(4, span), schemaUrl: text })
  const resource = () => maybe({ attributes, droppedAttributesCount: () => int(9) })
  return () => ({
    resourceSpans: many(3, () => maybe({ resource, scopeSpans: () => many(3, scopeSpans), schemaUrl: text })),
  })
}

const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 400)

test('protobuf and JSON of the same request give the same spans', () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? 1)
  const make = requests(random(seed))
  let spans = 0
  for (let round = 0; round < rounds; round++) {
    const request = make()
    const decoded = decodeProtobuf(toProtobuf(request), options)
    expect(decoded, `seed ${seed}, round ${round}`).toEqual(decodeJson(Buffer.from(JSON.stringify(request)), options))
    spans += decoded.spans.length
  }
  expect(spans).toBeGreaterThan(rounds / 4)
})

test('damaged protobuf is decoded or refused, never anything else', () => {
  const next = random(Number(process.env['FUZZ_SEED'] ?? 2))
  const make = requests(next)
  let refused = 0
  for (let round = 0; round < rounds * 5; round++) {
    const bytes = toProtobuf(make())
    const end = next() < 0.5 ? bytes.length : Math.floor(next() * bytes.length)
    // In a larger buffer, so that a read beyond the body would find something to read.
    const body = Buffer.concat([bytes.subarray(0, end), Buffer.alloc(64, 0xff)]).subarray(0, end)
    for (let damage = Math.floor(next() * 4); damage > 0; damage--)
      if (end > 0) body[Math.floor(next() * end)] = Math.floor(next() * 256)
    const decoded = decodedOrRefused(() => decodeProtobuf(body, options))
    if (!decoded) refused++
    for (const span of decoded?.spans ?? []) expect(span.trace_id).toMatch(/^[0-9a-f]{32}$/)
  }
  expect(refused).toBeGreaterThan(rounds)
})

test('damaged JSON is decoded or refused, never anything else', () => {
  const next = random(3)
  const make = requests(next)
  let refused = 0
  const junk: unknown[] = [null, 0, -1, 1.5, '', 'x', true, [], {}, [null], { values: 1 }]
  for (let round = 0; round < rounds; round++) {
    const text = JSON.stringify(make(), (_, value: unknown) =>
      next() < 0.02 ? junk[Math.floor(next() * junk.length)] : value,
    )
    if (!decodedOrRefused(() => decodeJson(Buffer.from(text ?? 'null'), options))) refused++
  }
  expect(refused).toBeGreaterThan(0)
})

/** Null when refused as it should be; any other error fails the test. */
function decodedOrRefused(decode: () => DecodedTraces): DecodedTraces | null {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}
