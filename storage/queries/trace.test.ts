/** What the page of a trace asks, against rows whose answers are known. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import type { Span } from '../../records/span.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { conversation } from './conversation.ts'
import { traceRequests } from './trace-requests.ts'
import { spanDetail, traceSpanCount, traceSpans } from './trace.ts'

const noon = Date.UTC(2026, 10, 21, 12) * 1000
const trace_id = 'a'.repeat(32)
const second = 1_000_000

let storage: Awaited<ReturnType<typeof testStorage>>

const span = (index: number, fields: Partial<Span> = {}): Span => ({
  timestamp: noon + index * second,
  duration_ms: 10,
  trace_id,
  span_id: index.toString(16).padStart(16, '0'),
  parent_span_id: '',
  name: `step ${index}`,
  kind: 'internal',
  service: 'test',
  environment: 'test',
  scope_name: '',
  scope_version: '',
  status: 'unset',
  status_message: '',
  attributes: new Map(),
  resource_attributes: new Map(),
  events: [],
  links: [],
  version: 1,
  ...fields,
})
const call = (index: number, fields: Partial<LlmRequest>): LlmRequest => ({
  ...emptyRequest(),
  timestamp: noon + index * second,
  trace_id,
  span_id: index.toString(16).padStart(16, '0'),
  version: 1,
  ...fields,
})

beforeAll(async () => {
  storage = await testStorage()
  const failed = span(1, {
    status: 'error',
    status_message: 'é'.repeat(400),
    attributes: new Map<string, string>([
      ['http.route', '/answer'],
      ['gen_ai.input.messages', '[{"role":"user"}]'],
    ]),
    resource_attributes: new Map([['host.name', 'web-1']]),
    events: [{ timestamp: noon + second + 5, name: 'exception', attributes: new Map([['exception.type', 'Oops']]) }],
    links: [{ trace_id: 'b'.repeat(32), span_id: 'c'.repeat(16) }],
  })
  await store(storage.db, 'spans', [span(2), failed, span(3), span(4, { trace_id: 'b'.repeat(32) })])
  await store(storage.db, 'requests', [
    call(1, { input: 'Hi', output: 'Ho', cost_usd: 0.25, ttft_ms: 3, session_id: 's/1', merged_span_ids: ['x', 'y'] }),
    call(2, { attempt: 2, session_id: 's/1', status: 'error', input: 'Again' }),
    call(3, { trace_id: 'b'.repeat(32), session_id: 's/1', input: 'Later', output: 'Bye' }),
    call(4, { trace_id: 'c'.repeat(32), session_id: 'other' }),
  ])
  // A correction: the later version counts, once.
  await store(storage.db, 'requests', [call(2, { attempt: 2, session_id: 's/1', status: 'timeout', version: 2 })])
})
afterAll(() => storage.stop())

test('spans of a trace, earliest first, at most so many, with the number of all', async () => {
  const spans = await traceSpans(storage.reader, trace_id)
  expect(spans.map(({ name }) => name)).toEqual(['step 1', 'step 2', 'step 3'])
  expect(spans[0]).toMatchObject({ timestamp_us: noon + second, status: 'error', status_message: 'é'.repeat(300) })
  expect(spans[0]).not.toHaveProperty('attributes')
  expect(await traceSpans(storage.reader, trace_id, 2)).toHaveLength(2)
  expect(await traceSpanCount(storage.reader, trace_id)).toBe(3)
  expect(await traceSpanCount(storage.reader, 'nobody')).toBe(0)
})

test('all that one span says, content among it', async () => {
  const detail = await spanDetail(storage.reader, trace_id, '0000000000000001')
  expect(detail).toMatchObject({
    status_message: 'é'.repeat(400),
    attributes: { 'http.route': '/answer', 'gen_ai.input.messages': '[{"role":"user"}]' },
    resource_attributes: { 'host.name': 'web-1' },
    events: [{ timestamp_us: noon + second + 5, name: 'exception', attributes: { 'exception.type': 'Oops' } }],
    links: [{ trace_id: 'b'.repeat(32), span_id: 'c'.repeat(16) }],
  })
  expect(await spanDetail(storage.reader, trace_id, 'nobody')).toBeNull()
})

test('calls of a trace, corrected ones once, unknown stays null', async () => {
  const calls = await traceRequests(storage.reader, trace_id, 10)
  expect(
    calls.map(({ span_id, status, attempt, cost_usd, ttft_ms }) => [
      Number(span_id),
      status,
      attempt,
      cost_usd,
      ttft_ms,
    ]),
  ).toEqual([
    [1, 'ok', 1, 0.25, 3],
    [2, 'timeout', 2, null, null],
  ])
  expect(calls[0]?.merged_span_ids).toEqual(['x', 'y'])
  expect(await traceRequests(storage.reader, 'nobody', 10)).toEqual([])
})

test('what was said in a session, across its traces, page by page', async () => {
  const first = await conversation(storage.reader, { session_id: 's/1' }, 2)
  expect(first.turns.map(({ input, output }) => [input, output])).toEqual([
    ['Hi', 'Ho'],
    ['', ''],
  ])
  const next = await conversation(storage.reader, { session_id: 's/1' }, 2, first.next)
  expect(next.turns.map(({ input }) => input)).toEqual(['Later'])
  expect(next.next).toBeNull()
  expect((await conversation(storage.reader, { trace_id }, 10)).turns).toHaveLength(2)
  expect(await conversation(storage.reader, { session_id: "' or 1 = 1" }, 10)).toEqual({ turns: [], next: null })
})
