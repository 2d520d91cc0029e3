import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeJson } from './decode-json.ts'
import { decodeProtobuf } from './decode-protobuf.ts'
import { toProtobuf } from './testing.ts'

/** Requests of real clients, recorded outside of this repository. */
const folder = new URL('../../../shared/captures/otlp/', import.meta.url)
const recorded = existsSync(folder)
const options = { max_attribute_bytes: 2 ** 18, now: Date.now() * 1000 }
const names = recorded ? readdirSync(folder).filter((name) => /^[^.]+\.json$/.test(name)) : []

test.skipIf(!recorded)('the recorded protobuf request', () => {
  const decoded = decodeProtobuf(readFileSync(new URL('proto-chat.bin', folder)), options)
  expect(decoded.spans.length).toBeGreaterThan(0)
  expect([decoded.rejected.size, decoded.noted.size]).toEqual([0, 0])
})

test.skipIf(!recorded)('every recorded request is decoded whole, and the same in both encodings', () => {
  const bodies = names.flatMap((name) => bodiesOf(JSON.parse(readFileSync(new URL(name, folder), 'utf8'))))
  expect(bodies.length).toBeGreaterThan(30)
  for (const body of bodies) {
    const decoded = decodeJson(Buffer.from(JSON.stringify(body)), options)
    expect([decoded.rejected.size, decoded.noted.size]).toEqual([0, 0])
    expect(decodeProtobuf(toProtobuf(body), options)).toEqual(decoded)
  }
})

/** A capture is one request, a list of them, or a list of records that hold one. */
function bodiesOf(capture: unknown): object[] {
  if (Array.isArray(capture)) return capture.flatMap(bodiesOf)
  if (typeof capture !== 'object' || capture === null) return []
  return 'resourceSpans' in capture ? [capture] : Object.values(capture).flatMap(bodiesOf)
}
