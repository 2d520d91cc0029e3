import { describe, expect, test } from 'vitest'
import { decodeJson } from './decode-json.ts'
import { decodeProtobuf } from './decode-protobuf.ts'
import { DecodeError } from './findings.ts'
import { decodeLogsJson } from './logs/decode-json.ts'
import { decodeLogsProtobuf } from './logs/decode-protobuf.ts'
import { decodeMetricsJson } from './metrics/decode-json.ts'
import { decodeMetricsProtobuf } from './metrics/decode-protobuf.ts'
import { randomRequests } from './testing-random.ts'
import { random, toProtobuf } from './testing.ts'

const options = { max_attribute_bytes: 200, now: 1_760_000_100_000_000 }
const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 400)

const id = expect.stringMatching(/^[0-9a-f]{32}$/) as string

/** Both decoders, where their items are, and what every item has, however damaged its request was. */
const signals = [
  {
    name: 'traces' as const,
    list: 'spans',
    item: { trace_id: id },
    json: (body: Buffer): object => decodeJson(body, options),
    protobuf: (body: Buffer): object => decodeProtobuf(body, options),
  },
  {
    name: 'logs' as const,
    list: 'events',
    item: { event_id: id },
    json: (body: Buffer): object => decodeLogsJson(body, options),
    protobuf: (body: Buffer): object => decodeLogsProtobuf(body, options),
  },
  {
    name: 'metrics' as const,
    list: 'points',
    item: { time: expect.any(Number) as number },
    json: (body: Buffer): object => decodeMetricsJson(body, options, 'genai'),
    protobuf: (body: Buffer): object => decodeMetricsProtobuf(body, options, 'genai'),
  },
]

describe.each(signals)('$name', ({ name, list, item, json, protobuf }) => {
  test('protobuf and JSON of the same request give the same', () => {
    const seed = Number(process.env['FUZZ_SEED'] ?? 1)
    const make = randomRequests(random(seed))[name]
    let found = 0
    for (let round = 0; round < rounds; round++) {
      const request = make()
      const decoded = protobuf(toProtobuf(request))
      expect(decoded, `seed ${seed}, round ${round}`).toEqual(json(Buffer.from(JSON.stringify(request))))
      found += itemsOf(decoded, list).length
    }
    expect(found).toBeGreaterThan(rounds / 4)
  })

  test('damaged protobuf is decoded or refused, never anything else', () => {
    const next = random(Number(process.env['FUZZ_SEED'] ?? 2))
    const make = randomRequests(next)[name]
    let refused = 0
    for (let round = 0; round < rounds * 2; round++) {
      const bytes = toProtobuf(make())
      const end = next() < 0.5 ? bytes.length : Math.floor(next() * bytes.length)
      // In a larger buffer, so that a read beyond the body would find something to read.
      const body = Buffer.concat([bytes.subarray(0, end), Buffer.alloc(64, 0xff)]).subarray(0, end)
      for (let damage = Math.floor(next() * 4); damage > 0; damage--)
        if (end > 0) body[Math.floor(next() * end)] = Math.floor(next() * 256)
      const decoded = decodedOrRefused(() => protobuf(body))
      if (!decoded) refused++
      for (const one of itemsOf(decoded, list)) expect(one).toMatchObject(item)
    }
    expect(refused).toBeGreaterThan(rounds / 4)
  })

  test('damaged JSON is decoded or refused, never anything else', () => {
    const next = random(3)
    const make = randomRequests(next)[name]
    let refused = 0
    const junk: unknown[] = [null, 0, -1, 1.5, '', 'x', true, [], {}, [null], { values: 1 }]
    for (let round = 0; round < rounds; round++) {
      const text = JSON.stringify(make(), (_, value: unknown) =>
        // A copy: it is walked into, and may not come to hold itself.
        next() < 0.02 ? structuredClone(junk[Math.floor(next() * junk.length)]) : value,
      )
      const decoded = decodedOrRefused(() => json(Buffer.from(text ?? 'null')))
      if (!decoded) refused++
      for (const one of itemsOf(decoded, list)) expect(one).toMatchObject(item)
    }
    expect(refused).toBeGreaterThan(0)
  })
})

/** Items of what was decoded; none of what was refused. */
const itemsOf = (decoded: object | null, list: string) =>
  decoded === null ? [] : ((decoded as Record<string, object[]>)[list] ?? [])

/** Null when refused as it should be; any other error fails the test. */
function decodedOrRefused(decode: () => object): object | null {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}
