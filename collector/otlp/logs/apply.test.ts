import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { LogEvent } from '../../../records/log-event.ts'
import { emptyRequest, type LlmRequest } from '../../../records/llm-request.ts'
import type { AttributeValue } from '../../../records/span.ts'
import { applyLogEvents, loneCall } from './apply.ts'
import { decodeLogsJson } from './decode-json.ts'

const trace_id = '5b8efff798038103d269b633813fc60c'
const span_id = 'eee19b7ec3c1b174'
let version = 0

function event(
  event_name: string,
  body: unknown = '',
  attributes: Record<string, AttributeValue> = {},
  overrides: Partial<LogEvent> = {},
): LogEvent {
  return {
    timestamp: 1_760_000_000_000_000,
    trace_id,
    span_id,
    event_name,
    event_id: String(version),
    severity_number: 9,
    service: 'shop',
    environment: '',
    scope_name: '',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: new Map(Object.entries(attributes)),
    resource_attributes: new Map(),
    version: version++,
    ...overrides,
  }
}

function applied(events: LogEvent[], known: Partial<LlmRequest> = {}): LlmRequest {
  const request = { ...emptyRequest(), trace_id, span_id, duration_ms: 1000, ...known }
  applyLogEvents(request, events)
  return request
}

describe('a conversation of one event each', () => {
  const conversation = [
    event('gen_ai.system.message', { content: 'Be terse.' }),
    event('gen_ai.user.message', { content: 'Capital of France?' }),
    event('gen_ai.assistant.message', { tool_calls: [{ id: 'call_1', type: 'function' }] }),
    event('gen_ai.tool.message', { id: 'call_1', content: 'Paris' }),
    event('gen_ai.choice', { index: 1, finish_reason: 'length', message: { content: 'Lyon' } }),
    event('gen_ai.choice', { index: 0, finish_reason: 'end_turn', message: { role: 'bot', content: 'Paris' } }),
  ]

  test('becomes the messages of the request, in order', () => {
    const { input, output, finish_reason, status } = applied(conversation.toReversed())
    expect(JSON.parse(input)).toEqual([
      { role: 'system', content: 'Be terse.' },
      { role: 'user', content: 'Capital of France?' },
      { role: 'assistant', tool_calls: [{ id: 'call_1', type: 'function' }] },
      { role: 'tool', id: 'call_1', content: 'Paris' },
    ])
    expect(JSON.parse(output)).toEqual([
      { role: 'bot', content: 'Paris', finish_reason: 'end_turn' },
      { role: 'assistant', content: 'Lyon', finish_reason: 'length' },
    ])
    expect([finish_reason, status]).toEqual(['stop', 'ok'])
  })

  test('changes nothing that the span said', () => {
    const known = { input: 'asked', output: 'answered', finish_reason: 'length' }
    expect(applied(conversation, known)).toMatchObject(known)
  })

  test('that a framework and its SDK both tell is told once: by the own span, else by the first', () => {
    const again = conversation.map((one) => ({ ...one, span_id: '1111111111111111' }))
    const other = event('gen_ai.user.message', { content: 'other' }, {}, { span_id: '2222222222222222' })
    expect(applied([...again, ...conversation, other]).input).toBe(applied(conversation).input)
    expect(applied([...again, other]).input).toBe(applied(conversation).input)
  })
})

test.each([
  ['no body', [event('gen_ai.user.message'), event('gen_ai.choice')]],
  ['empty bodies', [event('gen_ai.user.message', {}), event('gen_ai.choice', { index: 0, message: {} })]],
  ['empty words', [event('gen_ai.user.message', { role: 'user', content: '' })]],
  [
    'messages without words in one event',
    [
      event('gen_ai.client.inference.operation.details', '', {
        'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text' }] }],
        'gen_ai.output.messages': '[{"role":"assistant","parts":[],"finish_reason":"stop"}]',
      }),
    ],
  ],
])('%s: nothing was said', (_, events) => {
  expect(applied(events)).toMatchObject({ input: '', output: '' })
})

test.each<[string, LogEvent, string, string]>([
  ['text', event('gen_ai.user.message', 'Hello?'), '[{"role":"user","content":"Hello?"}]', ''],
  [
    'JSON that was cut',
    event('gen_ai.user.message', '{"content":"Hel'),
    '[{"role":"user","content":"{\\"content\\":\\"Hel"}]',
    '',
  ],
  [
    'an attribute',
    event('gen_ai.user.message', '', { 'gen_ai.event.content': '{"content":"Hello?"}' }),
    '[{"role":"user","content":"Hello?"}]',
    '',
  ],
  [
    'LiteLLM’s prompt',
    event('gen_ai.content.prompt', { role: 'system', content: 'Be terse.' }),
    '[{"role":"system","content":"Be terse."}]',
    '',
  ],
  [
    'LiteLLM’s answer',
    event('gen_ai.content.completion', { index: 0, message: { role: 'assistant', content: 'Paris' } }),
    '',
    '[{"role":"assistant","content":"Paris"}]',
  ],
  ['a key of JavaScript', event('gen_ai.user.message', '{"__proto__":"x"}'), '[{"role":"user","__proto__":"x"}]', ''],
])('content as %s', (_, one, input, output) => {
  expect(applied([one])).toMatchObject({ input, output })
})

describe('one event for the whole call', () => {
  const details = event('gen_ai.client.inference.operation.details', '', {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.response.model': 'gpt-4o-2024-08-06',
    'gen_ai.response.id': 'chatcmpl-1',
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.usage.input_tokens': 23,
    'gen_ai.usage.output_tokens': 7,
    'gen_ai.usage.cache_read.input_tokens': 5,
    'gen_ai.response.time_to_first_chunk': 0.4,
    'gen_ai.system_instructions': [{ type: 'text', content: 'Be terse.' }],
    'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'Capital?' }] }],
    'gen_ai.output.messages': [{ role: 'assistant', parts: [{ type: 'text', content: 'Paris' }] }],
  })

  test('fills what the request lacks', () => {
    const request = applied([details])
    expect(request).toMatchObject({
      provider: 'openai',
      model: 'gpt-4o',
      model_version: '2024-08-06',
      requested_model: 'gpt-4o',
      request_id: 'chatcmpl-1',
      operation: 'chat',
      finish_reason: 'stop',
      input_tokens: 23,
      cached_input_tokens: 5,
      output_tokens: 7,
      ttft_ms: 400,
      tpot_ms: 100,
      streamed: true,
      output: '[{"role":"assistant","parts":[{"type":"text","content":"Paris"}]}]',
    })
    expect(JSON.parse(request.input)).toEqual([
      { role: 'system', parts: [{ type: 'text', content: 'Be terse.' }] },
      { role: 'user', parts: [{ type: 'text', content: 'Capital?' }] },
    ])
  })

  test('leaves what the request has', () => {
    const known = { model: 'gpt-5', provider: 'azure.ai.openai', input_tokens: 20, output_tokens: 0, ttft_ms: 1 }
    const request = applied([details], known)
    expect(request).toMatchObject({ ...known, cached_input_tokens: null, streamed: false })
  })
})

test.each<[string, Record<string, AttributeValue>, Partial<LlmRequest>, Partial<LlmRequest>]>([
  [
    'an exception fails the call',
    { 'exception.type': 'RateLimitError', 'exception.message': '429 slow down' },
    {},
    { status: 'rate_limited', error_type: 'RateLimitError', http_status: 429 },
  ],
  [
    'its class is known from the span already',
    { 'exception.type': 'Error', 'exception.message': 'no' },
    { status: 'error', error_type: 'server_error', http_status: 500 },
    { status: 'error', error_type: 'server_error', http_status: 500 },
  ],
  [
    'the span knows better how it ended',
    { 'exception.type': 'Boom' },
    { status: 'timeout' },
    { status: 'timeout', error_type: 'Boom' },
  ],
])('%s', (_, attributes, known, expected) => {
  expect(applied([event('gen_ai.client.operation.exception', '', attributes)], known)).toMatchObject(expected)
})

test('a filtered answer', () => {
  const choice = event('gen_ai.choice', { index: 0, finish_reason: 'content_filter', message: { content: 'x' } })
  expect(applied([choice])).toMatchObject({ status: 'filtered', finish_reason: 'content_filter' })
})

test('a call that was begun and not answered', () => {
  const prompt = event('gen_ai.user.message', { content: 'x' })
  expect(loneCall([prompt])).toBe(true)
  expect(loneCall([])).toBe(false)
  for (const name of [
    'gen_ai.choice',
    'gen_ai.client.operation.exception',
    'gen_ai.client.inference.operation.details',
  ])
    expect(loneCall([prompt, event(name)])).toBe(false)
})

const folder = new URL('../../../../shared/captures/otlp/', import.meta.url)
const recorded = existsSync(folder)

/** Events that OpenTelemetry's instrumentation of openai sent, applied to a request without content. */
function ofCapture(name: string) {
  const body = readFileSync(new URL(`${name}.logs.json`, folder))
  const { events, rejected, noted } = decodeLogsJson(body, { max_attribute_bytes: 2 ** 18, now: Date.now() * 1000 })
  expect([rejected.size, noted.size]).toEqual([0, 0])
  const { input, output, finish_reason } = applied(
    events.map((one) => ({ ...one, version: version++ })),
    { span_id: events[0]?.span_id ?? '' },
  )
  return { input, output, finish_reason, lone: loneCall(events) }
}

const asked = '[{"role":"system","content":"Be terse."},{"role":"user","content":"Capital of France?"}]'
const answered = '[{"role":"assistant","content":"Paris is the capital.","finish_reason":"stop"}]'
const toolCall =
  '[{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\\"city\\":\\"Paris\\"}"}}],"finish_reason":"tool_calls"}]'

test.skipIf(!recorded).each([
  ['otel-openai-chat', asked, answered, 'stop', false],
  ['otel-openai-chat-nocontent', '', '', 'stop', false],
  ['otel-openai-tools', asked, toolCall, 'tool_calls', false],
  ['otel-openai-err429', '[{"role":"user","content":"err429"}]', '', '', true],
  ['otel-openai-drop', '[{"role":"user","content":"drop-stream"}]', '', '', true],
])('the recorded %s', (name, input, output, finish_reason, lone) => {
  expect(ofCapture(name)).toEqual({ input, output, finish_reason, lone })
})
