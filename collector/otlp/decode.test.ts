import { describe, expect, test } from 'vitest'
import type { AttributeValue } from '../../records/span.ts'
import { decodeJson } from './decode-json.ts'
import { decodeProtobuf } from './decode-protobuf.ts'
import { DecodeError } from './findings.ts'
import { jsonRequest, jsonSpan, toProtobuf } from './testing.ts'
import { maxDepth, type DecodedTraces } from './validate.ts'

const options = { max_attribute_bytes: 1024, now: 1_760_000_100_000_000 }
const json = (request: unknown) => decodeJson(Buffer.from(JSON.stringify(request)), options)
const proto = (request: object) => decodeProtobuf(toProtobuf(request), options)
const both = (request: object) => {
  const decoded = json(request)
  expect(proto(request)).toEqual(decoded)
  return decoded
}
const one = (overrides: Record<string, unknown>) => both(jsonRequest([jsonSpan(overrides)]))
const attribute = (value: object) => one({ attributes: [{ key: 'k', value }] }).spans[0]?.attributes.get('k')

test('a span with everything in it', () => {
  const { spans } = both({
    resourceSpans: [
      {
        resource: {
          attributes: [
            { key: 'service.name', value: { stringValue: 'shop' } },
            { key: 'deployment.environment', value: { stringValue: 'production' } },
          ],
        },
        scopeSpans: [
          {
            scope: { name: 'openai', version: '2.1' },
            spans: [
              jsonSpan({
                parentSpanId: '00f067aa0ba902b7',
                status: { code: 2, message: 'boom' },
                flags: 257,
                events: [{ timeUnixNano: '1760000000500000000', name: 'token', attributes: [] }],
                links: [{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }],
              }),
            ],
          },
        ],
      },
    ],
  })
  expect(spans).toEqual([
    {
      timestamp: 1_760_000_000_123_456,
      duration_ms: 1500,
      trace_id: '5b8efff798038103d269b633813fc60c',
      span_id: 'eee19b7ec3c1b174',
      parent_span_id: '00f067aa0ba902b7',
      name: 'chat gpt-4o',
      kind: 'client',
      service: 'shop',
      environment: 'production',
      scope_name: 'openai',
      scope_version: '2.1',
      status: 'error',
      status_message: 'boom',
      attributes: new Map([['gen_ai.request.model', 'gpt-4o']]),
      resource_attributes: new Map([
        ['service.name', 'shop'],
        ['deployment.environment', 'production'],
      ]),
      events: [{ timestamp: 1_760_000_000_500_000, name: 'token', attributes: new Map() }],
      links: [{ trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331' }],
      version: 0,
    },
  ])
})

test.each<[object, AttributeValue]>([
  [{ stringValue: '' }, ''],
  [{ stringValue: 'grüße 😀' }, 'grüße 😀'],
  [{ boolValue: false }, false],
  [{ intValue: 0 }, 0],
  [{ intValue: '-1' }, -1],
  [{ intValue: '9007199254740991' }, 9_007_199_254_740_991],
  [{ intValue: '9007199254740993' }, 9_007_199_254_740_993n],
  [{ intValue: '-9223372036854775808' }, -9_223_372_036_854_775_808n],
  [{ doubleValue: 0.1 }, 0.1],
  [{ arrayValue: { values: [{ intValue: '1' }, {}, { stringValue: 'x' }] } }, [1, null, 'x']],
  [{ arrayValue: {} }, []],
  [{ kvlistValue: { values: [{ key: 'a', value: { boolValue: true } }] } }, { a: true }],
  [{ bytesValue: 'AAEC/w==' }, Uint8Array.of(0, 1, 2, 255)],
  [{}, null],
])('attribute %o is %o', (value, expected) => {
  expect(attribute(value)).toEqual(expected)
})

test.each([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])('double %s as text', (text, expected) => {
  const request = jsonRequest([jsonSpan({ attributes: [{ key: 'k', value: { doubleValue: text } }] })])
  expect(json(request).spans[0]?.attributes.get('k')).toBe(expected)
})

test('keys that mean something to JavaScript are plain names', () => {
  const value = { kvlistValue: { values: [{ key: '__proto__', value: { stringValue: 'x' } }] } }
  const { spans } = one({ attributes: [{ key: '__proto__', value }] })
  const stored = spans[0]?.attributes.get('__proto__')
  expect(Object.keys(stored as object)).toEqual(['__proto__'])
})

describe('times are exact', () => {
  test.each([
    ['1760000000000000999', '1760000000000001001', 1_760_000_000_000_000, 0.000_002],
    ['1760000000123456789', '1760000000123456790', 1_760_000_000_123_456, 0.000_001],
    ['1760000000999999999', '1760000001000000000', 1_760_000_000_999_999, 0.000_001],
  ])('%s to %s', (startTimeUnixNano, endTimeUnixNano, timestamp, duration_ms) => {
    expect(one({ startTimeUnixNano, endTimeUnixNano }).spans[0]).toMatchObject({ timestamp, duration_ms })
  })
})

const reasons = (decoded: DecodedTraces) => [...decoded.rejected.keys()]
const notes = (decoded: DecodedTraces) => [...decoded.noted.keys()]

test.each([
  [{ traceId: '' }, 'missing_trace_id'],
  [{ traceId: '00000000000000000000000000000000' }, 'zero_trace_id'],
  [{ traceId: '5b8efff7' }, 'invalid_trace_id'],
  [{ spanId: '' }, 'missing_span_id'],
  [{ spanId: '0000000000000000' }, 'zero_span_id'],
  [{ spanId: 'eee19b7ec3c1b17400' }, 'invalid_span_id'],
  [{ startTimeUnixNano: '0' }, 'missing_start_time'],
  [{ startTimeUnixNano: '1000' }, 'start_before_2000'],
  [{ startTimeUnixNano: '18446744073709551615' }, 'start_in_the_future'],
])('%j is rejected, the span beside it is not', (overrides, reason) => {
  const decoded = both(jsonRequest([jsonSpan(overrides), jsonSpan({ spanId: '1111111111111111' })]))
  expect(reasons(decoded)).toEqual([reason])
  expect(decoded.rejected.get(reason)?.example).toBe('resourceSpans[0].scopeSpans[0].spans[0]')
  expect(decoded.spans.map((span) => span.span_id)).toEqual(['1111111111111111'])
})

test.each([
  [{ endTimeUnixNano: '1760000000123456788' }, 'end_before_start'],
  [{ endTimeUnixNano: '0' }, 'missing_end_time'],
  [{ endTimeUnixNano: '18446744073709551615' }, 'end_in_the_future'],
  [{ links: [{ traceId: 'abcd', spanId: 'eee19b7ec3c1b174' }] }, 'invalid_link'],
  [{ parentSpanId: 'abcd' }, 'invalid_parent_span_id'],
  [{ attributes: [{ key: 'k', value: { stringValue: 'é'.repeat(600) } }] }, 'value_too_long'],
  [{ attributes: [{ key: 'k', value: { bytesValue: Buffer.alloc(2000).toString('base64') } }] }, 'value_too_long'],
  [{ status: { message: 'x'.repeat(2000) } }, 'value_too_long'],
  [{ name: 'x'.repeat(2000) }, 'value_too_long'],
  [{ events: [{ name: 'e', timeUnixNano: '5000' }] }, 'invalid_event_time'],
])('%j is put right and noted', (overrides, reason) => {
  const decoded = one(overrides)
  expect(notes(decoded)).toEqual([reason])
  expect(decoded.rejected.items).toBe(0)
  expect(decoded.spans).toHaveLength(1)
  expect(decoded.spans[0]?.duration_ms).toBeGreaterThanOrEqual(0)
})

test('a long value is cut at a whole character', () => {
  const value = one({
    attributes: [{ key: 'k', value: { stringValue: `x${'é'.repeat(600)}` } }],
  }).spans[0]?.attributes.get('k')
  expect(value).toBe(`x${'é'.repeat(511)}`)
})

test('all-zero and absent parents are roots', () => {
  expect(one({ parentSpanId: '0000000000000000' }).spans[0]?.parent_span_id).toBe('')
  expect(one({ parentSpanId: '' }).spans[0]?.parent_span_id).toBe('')
})

test('a resource that would be multiplied by its spans is cut', () => {
  const resource = Array.from({ length: 100 }, (_, i) => ({ key: `k${i}`, value: { stringValue: 'x'.repeat(1000) } }))
  const decoded = both(jsonRequest([jsonSpan()], resource))
  expect(notes(decoded)).toEqual(['resource_too_large'])
  expect(decoded.spans[0]?.resource_attributes.size).toBe(65)
})

test('empty requests and envelopes are fine', () => {
  for (const request of [{}, { resourceSpans: [] }, { resourceSpans: [{ scopeSpans: [{}] }, {}] }])
    expect(both(request).spans).toEqual([])
  expect(decodeProtobuf(Buffer.alloc(0), options).spans).toEqual([])
})

test('the resource may come after its spans on the wire', () => {
  const [head, tail] = [
    jsonRequest([jsonSpan()]),
    jsonRequest([], [{ key: 'service.name', value: { stringValue: 's' } }]),
  ]
  const inner = (request: object) => {
    const bytes = toProtobuf(request)
    const body = bytes.subarray(bytes.indexOf(10) + 1)
    return body.subarray((body[0] as number) > 127 ? 2 : 1)
  }
  const body = Buffer.concat([inner(head), inner(tail)])
  const request = Buffer.concat([Buffer.from([10, (body.length & 127) | 128, body.length >>> 7]), body])
  expect(decodeProtobuf(request, options).spans[0]?.service).toBe('s')
})

describe('OTLP/JSON', () => {
  test('ids in any case; snake_case and unknown keys are ignored; null is absent', () => {
    const span = jsonSpan({
      traceId: '5B8EFFF798038103D269B633813FC60C',
      parentSpanId: null,
      start_time_unix_nano: 'x',
    })
    expect(json({ ...jsonRequest([span]), more: 1 }).spans[0]?.trace_id).toBe('5b8efff798038103d269b633813fc60c')
  })

  test('times as numbers', () => {
    const times = { startTimeUnixNano: 1_760_000_000_000_000_000, endTimeUnixNano: 1_760_000_002_000_000_000 }
    expect(json(jsonRequest([jsonSpan(times)])).spans[0]).toMatchObject({ timestamp: 1.76e15, duration_ms: 2000 })
  })

  test('ids that are not hex', () => {
    expect(reasons(json(jsonRequest([jsonSpan({ traceId: 'z'.repeat(32) })])))).toEqual(['invalid_trace_id'])
  })

  const at = 'resourceSpans[0].scopeSpans[0].spans[1]'
  test.each([
    [{ kind: 'SPAN_KIND_CLIENT' }, `${at}.kind: expected an integer (enums are numbers in OTLP/JSON)`],
    [{ traceId: 5 }, `${at}.traceId: expected a string`],
    [{ startTimeUnixNano: '1.5' }, `${at}.startTimeUnixNano: expected nanoseconds since 1970`],
    [{ startTimeUnixNano: '99999999999999999999' }, `${at}.startTimeUnixNano: expected nanoseconds since 1970`],
    [{ attributes: {} }, `${at}.attributes: expected an array`],
    [{ attributes: [1] }, `${at}.attributes[0]: expected an object`],
    [
      { attributes: [{ key: 'k', value: { intValue: 1.5 } }] },
      `${at}.attributes[0].value.intValue: expected a 64-bit integer`,
    ],
    [
      { attributes: [{ key: 'k', value: { boolValue: 'yes' } }] },
      `${at}.attributes[0].value.boolValue: expected true or false`,
    ],
    [{ status: { code: 'ERROR' } }, `${at}.status.code: expected an integer (enums are numbers in OTLP/JSON)`],
  ])('%j costs its span, and says where', (overrides, example) => {
    const decoded = json(jsonRequest([jsonSpan(), jsonSpan(overrides), jsonSpan({ spanId: '1111111111111111' })]))
    expect(decoded.spans.map((span) => span.span_id)).toEqual(['eee19b7ec3c1b174', '1111111111111111'])
    // Names the place, and nothing of the value.
    expect(decoded.rejected.get('undecodable')).toEqual({ items: 1, example })
  })

  test('a request with no span that can be read is refused', () => {
    const broken = jsonSpan({ kind: 'SPAN_KIND_CLIENT' })
    expect(() => json(jsonRequest([broken, broken]))).toThrow(
      'resourceSpans[0].scopeSpans[0].spans[0].kind: expected an integer (enums are numbers in OTLP/JSON), got "SPAN_',
    )
  })

  test.each(['', 'hello', '[]', 'null', '{"resourceSpans":{}}', '{"resourceSpans":[null]}'])(
    '%s is refused',
    (body) => {
      expect(() => decodeJson(Buffer.from(body), options)).toThrow(DecodeError)
    },
  )
})

describe('protobuf that is none', () => {
  test.each([
    ['JSON', Buffer.from('{"resourceSpans":[]}')],
    ['a length beyond the end', Buffer.from([10, 200, 1, 10])],
    ['a length near 2^64', Buffer.from([10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1])],
    ['a number of 11 bytes', Buffer.from([10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1])],
    ['an end within a number', Buffer.from([10, 128])],
    ['a group', Buffer.from([11, 12])],
    ['field 0', Buffer.from([2, 0])],
    ['a field that crosses its message', Buffer.from([10, 3, 18, 2, 18, 5, 0, 0, 0, 0, 0])],
  ])('%s', (_, body) => {
    expect(() => decodeProtobuf(body, options)).toThrow(DecodeError)
  })

  test('values nested too deep, in both encodings', () => {
    const nested = (depth: number): object => (depth === 0 ? {} : { arrayValue: { values: [nested(depth - 1)] } })
    const request = (depth: number) => jsonRequest([jsonSpan({ attributes: [{ key: 'k', value: nested(depth) }] })])
    expect(both(request(maxDepth)).spans).toHaveLength(1)
    expect(() => json(request(maxDepth + 1))).toThrow('nested deeper')
    expect(() => proto(request(maxDepth + 1))).toThrow('nested deeper')
  })
})
