import { expect, test } from 'vitest'
import { jsonLog, jsonLogs, toProtobuf } from '../testing.ts'
import { decodeLogsJson } from './decode-json.ts'
import { decodeLogsProtobuf } from './decode-protobuf.ts'
import type { DecodedLogs } from './log-builder.ts'

const options = { max_attribute_bytes: 1024, now: 1_760_000_100_000_000 }
const json = (request: unknown) => decodeLogsJson(Buffer.from(JSON.stringify(request)), options)
const both = (request: object) => {
  const decoded = json(request)
  expect(decodeLogsProtobuf(toProtobuf(request), options)).toEqual(decoded)
  return decoded
}
const one = (overrides: Record<string, unknown>) => both(jsonLogs([jsonLog(overrides)]))
const string = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const named = (name: string, key = 'event.name') => [string(key, name)]

test('an event with everything in it', () => {
  const { events } = both(
    jsonLogs(
      [jsonLog({ eventName: 'gen_ai.choice', severityNumber: 13, flags: 1, droppedAttributesCount: 2 })],
      [string('service.name', 'shop'), string('deployment.environment.name', 'production')],
    ),
  )
  expect(events).toEqual([
    {
      timestamp: 1_760_000_000_123_456,
      trace_id: '5b8efff798038103d269b633813fc60c',
      span_id: 'eee19b7ec3c1b174',
      event_name: 'gen_ai.choice',
      event_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      severity_number: 13,
      service: 'shop',
      environment: 'production',
      scope_name: 'test',
      body: '{"content":"Hello?"}',
      attributes: new Map([['event.name', 'gen_ai.user.message']]),
      resource_attributes: new Map([
        ['service.name', 'shop'],
        ['deployment.environment.name', 'production'],
      ]),
      version: 0,
    },
  ])
})

test.each([
  [{ eventName: 'gen_ai.choice', attributes: [] }, 'gen_ai.choice'],
  [{ attributes: named('gen_ai.user.message') }, 'gen_ai.user.message'],
  [{ attributes: named('gen_ai.content.prompt', 'event_name') }, 'gen_ai.content.prompt'],
  [{ attributes: [string('gen_ai.system', 'openai')] }, ''],
  [{ eventName: 'my.event', attributes: [string('gen_ai.response.id', 'x')] }, 'my.event'],
])('%j is the event %s', (overrides, name) => {
  expect(one(overrides).events.map((event) => event.event_name)).toEqual([name])
})

test.each<[object | undefined, string]>([
  [{ stringValue: 'words' }, 'words'],
  [{ kvlistValue: { values: [{ key: 'a', value: { arrayValue: { values: [{ intValue: '1' }] } } }] } }, '{"a":[1]}'],
  [{ arrayValue: {} }, '[]'],
  [{ intValue: '7' }, '7'],
  [{}, ''],
  [undefined, ''],
])('the body %j is stored as %s', (body, expected) => {
  expect(one({ body }).events[0]?.body).toBe(expected)
})

test.each([
  [{ timeUnixNano: '0' }, 1_760_000_000_200_000],
  [{ timeUnixNano: undefined }, 1_760_000_000_200_000],
  [{ observedTimeUnixNano: '0' }, 1_760_000_000_123_456],
])('the time of %j', (overrides, timestamp) => {
  expect(one(overrides).events[0]?.timestamp).toBe(timestamp)
})

const reasons = (decoded: DecodedLogs) => [...decoded.rejected.keys()]

test.each([
  [{ attributes: named('http.request') }, 'not_genai'],
  [{ attributes: [] }, 'not_genai'],
  [{ timeUnixNano: '0', observedTimeUnixNano: '0' }, 'missing_time'],
  [{ timeUnixNano: '1000' }, 'time_before_2000'],
  [{ timeUnixNano: '18446744073709551615' }, 'time_in_the_future'],
])('%j is rejected, the record beside it is not', (overrides, reason) => {
  const decoded = both(jsonLogs([jsonLog(overrides), jsonLog()]))
  expect(reasons(decoded)).toEqual([reason])
  expect(decoded.rejected.get(reason)?.example).toBe('resourceLogs[0].scopeLogs[0].logRecords[0]')
  expect(decoded.events).toHaveLength(1)
})

test.each([
  [{ traceId: 'abcd' }, { trace_id: '', span_id: '' }, ['invalid_trace_id']],
  [{ spanId: 'abcd' }, { span_id: '' }, ['invalid_span_id']],
  [{ traceId: '', spanId: '' }, { trace_id: '', span_id: '' }, []],
  [{ traceId: '0'.repeat(32), spanId: '0'.repeat(16) }, { trace_id: '', span_id: '' }, []],
  [{ traceId: '' }, { trace_id: '', span_id: '' }, []],
  [{ severityNumber: 99 }, { severity_number: 0 }, []],
  [{ body: { stringValue: 'é'.repeat(600) } }, { body: 'é'.repeat(512) }, ['value_too_long']],
])('%j is put right and noted', (overrides, expected, notes) => {
  const decoded = one(overrides)
  expect(decoded.events).toEqual([expect.objectContaining(expected)])
  expect([...decoded.noted.keys()]).toEqual(notes)
})

test('equal events of one moment stay apart, and a batch that is sent again has the same ids', () => {
  const request = jsonLogs([jsonLog(), jsonLog(), jsonLog({ body: { stringValue: 'x' } })])
  const first = json(request).events.map((event) => event.event_id)
  expect(new Set(first).size).toBe(3)
  expect(json(request).events.map((event) => event.event_id)).toEqual(first)
})

test.each([
  { timeUnixNano: '1760000000123456788' },
  { spanId: '1111111111111111' },
  { severityNumber: 10 },
  { body: { stringValue: 'Hello?' } },
  { attributes: [...named('gen_ai.user.message'), string('a', 'b')] },
])('%j is another event', (overrides) => {
  expect(one(overrides).events[0]?.event_id).not.toBe(one({}).events[0]?.event_id)
})

test('empty requests and envelopes are fine', () => {
  for (const request of [{ resourceLogs: [] }, { resourceLogs: [{ scopeLogs: [{}] }, {}] }])
    expect(both(request).events).toEqual([])
  expect(decodeLogsProtobuf(Buffer.alloc(0), options).events).toEqual([])
})

const at = 'resourceLogs[0].scopeLogs[0].logRecords[0]'
test.each([
  [
    { severityNumber: 'INFO' },
    `${at}.severityNumber: expected an integer (enums are numbers in OTLP/JSON), got "INFO"`,
  ],
  [{ body: 'text' }, `${at}.body: expected an object, got "text"`],
  [{ timeUnixNano: 'now' }, `${at}.timeUnixNano: expected nanoseconds since 1970, got "now"`],
])('%j is refused with its place', (overrides, message) => {
  expect(() => json(jsonLogs([jsonLog(overrides)]))).toThrow(message)
})
