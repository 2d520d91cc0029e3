import { describe, expect, test } from 'vitest'
import { normalFinishReason } from './outcome.ts'
import { requestOf } from './index.ts'
import { span, type SpanParts } from './testing.ts'

const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o' }
const exception = (type: string, message = '', after_ms = 10) => ({
  name: 'exception',
  after_ms,
  attributes: { 'exception.type': type, 'exception.message': message },
})

/** The shapes of errors that clients were seen to send, and the edges between them. */
const outcomes: [string, SpanParts, { status: string; error_type: string; http_status: number | null }][] = [
  ['nothing wrong', {}, { status: 'ok', error_type: '', http_status: null }],
  [
    'OTel instrumentation: class name, code in the message',
    { status: 'error', status_message: '429 Rate limit reached', attributes: { 'error.type': 'RateLimitError' } },
    { status: 'rate_limited', error_type: 'RateLimitError', http_status: 429 },
  ],
  [
    'Anthropic SDK: API type and code',
    { status: 'error', attributes: { 'error.type': 'rate_limit_error', 'http.response.status_code': 429 } },
    { status: 'rate_limited', error_type: 'rate_limit_error', http_status: 429 },
  ],
  [
    'Traceloop: a nameless exception with the code in its message',
    { status: 'error', status_message: '429 {"type":"error"}', events: [exception('Error', '429 {"type":"error"}')] },
    { status: 'rate_limited', error_type: '429', http_status: 429 },
  ],
  [
    'AI SDK 6: words alone',
    {
      status: 'error',
      status_message: 'Rate limit reached (mock)',
      events: [exception('AI_APICallError', 'Rate limit reached (mock)')],
    },
    { status: 'rate_limited', error_type: 'AI_APICallError', http_status: null },
  ],
  [
    'AI SDK 7: exception and code',
    { status: 'error', attributes: { 'http.response.status_code': 429 }, events: [exception('AI_APICallError', 'x')] },
    { status: 'rate_limited', error_type: 'AI_APICallError', http_status: 429 },
  ],
  [
    'AI SDK 7: a stream that broke after its 200',
    {
      status: 'error',
      attributes: { 'http.response.status_code': 200 },
      events: [exception('TypeError', 'terminated')],
    },
    { status: 'error', error_type: 'TypeError', http_status: 200 },
  ],
  [
    'LangSmith: status ok, exception after the end',
    { status: 'ok', events: [exception('Error', 'Error: 429 Rate limit', 1200)] },
    { status: 'rate_limited', error_type: '429', http_status: 429 },
  ],
  [
    'Langfuse: a level, with the status unset',
    {
      attributes: {
        'langfuse.observation.level': 'ERROR',
        'langfuse.observation.status_message': 'Error: 429 Rate limit reached',
      },
    },
    { status: 'rate_limited', error_type: '429', http_status: 429 },
  ],
  [
    'Langfuse: a level without more',
    { attributes: { 'langfuse.observation.level': 'ERROR' } },
    { status: 'error', error_type: '', http_status: null },
  ],
  [
    'Langfuse: a warning',
    { attributes: { 'langfuse.observation.level': 'WARNING' } },
    { status: 'ok', error_type: '', http_status: null },
  ],
  [
    'LiteLLM: the code under a name of its own',
    { status: 'error', attributes: { 'error.type': 'APIError', 'litellm.provider.error.code': '503' } },
    { status: 'error', error_type: 'APIError', http_status: 503 },
  ],
  [
    'LiteLLM: a code that is none',
    { status: 'error', attributes: { 'error.type': 'APIError', 'error.code': 'insufficient_quota' } },
    { status: 'error', error_type: 'APIError', http_status: null },
  ],
  [
    'an error type that is the code',
    { status: 'error', attributes: { 'error.type': '503' } },
    { status: 'error', error_type: '503', http_status: 503 },
  ],
  [
    'only a code',
    { attributes: { 'http.response.status_code': '500' } },
    { status: 'error', error_type: '500', http_status: 500 },
  ],
  ['only a status', { status: 'error' }, { status: 'error', error_type: '', http_status: null }],
  [
    'a time-out by type',
    { status: 'error', attributes: { 'error.type': 'APIConnectionTimeoutError' } },
    { status: 'timeout', error_type: 'APIConnectionTimeoutError', http_status: null },
  ],
  [
    'a time-out by code',
    { status: 'error', attributes: { 'http.response.status_code': 408 } },
    { status: 'timeout', error_type: '408', http_status: 408 },
  ],
  [
    'a time-out by message',
    { status: 'error', status_message: 'Request timed out.', events: [exception('Error', 'Request timed out.')] },
    { status: 'timeout', error_type: 'Error', http_status: null },
  ],
  [
    'an abort',
    { status: 'error', events: [exception('AbortError', 'This operation was aborted')] },
    { status: 'cancelled', error_type: 'AbortError', http_status: null },
  ],
  [
    'LangChain: a stream that broke, with the stack in the message',
    {
      status: 'error',
      status_message:
        'terminated\n\nTypeError: terminated\n    at Fetch.onAborted (node:internal/deps/undici:13877:53)',
    },
    { status: 'error', error_type: '', http_status: null },
  ],
  [
    'LangChain: an abort',
    { status: 'error', status_message: 'AbortError\n\nError: AbortError\n    at ChatOpenAI.invoke (chat.js:1:1)' },
    { status: 'cancelled', error_type: '', http_status: null },
  ],
  [
    'the last exception counts',
    { status: 'error', events: [exception('AbortError', ''), exception('RateLimitError', '', 20)] },
    { status: 'rate_limited', error_type: 'RateLimitError', http_status: null },
  ],
  [
    'the code decides before the words do',
    {
      status: 'error',
      status_message: '500 upstream said: rate limit',
      attributes: { 'http.response.status_code': 429 },
    },
    { status: 'rate_limited', error_type: '429', http_status: 429 },
  ],
  [
    'Azure refuses a prompt',
    { status: 'error', status_message: '400 The response was filtered due to the content_filter policy' },
    { status: 'filtered', error_type: '400', http_status: 400 },
  ],
  [
    'an answer that was cut by a filter',
    { attributes: { 'gen_ai.response.finish_reasons': ['SAFETY'] } },
    { status: 'filtered', error_type: '', http_status: null },
  ],
  [
    'a finish reason of error',
    { attributes: { 'gen_ai.response.finish_reasons': ['error'] } },
    { status: 'error', error_type: '', http_status: null },
  ],
  [
    'no code at all in the code',
    { attributes: { 'http.response.status_code': 99_999 } },
    { status: 'ok', error_type: '', http_status: null },
  ],
]

test.each(outcomes)('%s', (_name, parts, outcome) => {
  const request = requestOf(span({ ...parts, attributes: { ...chat, ...parts.attributes } }))
  expect(request).toMatchObject(outcome)
})

describe('normalFinishReason', () => {
  test.each([
    ['stop', 'stop'],
    ['STOP', 'stop'],
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['FINISH_REASON_STOP', 'stop'],
    ['FinishReason.STOP', 'stop'],
    ['FinishReason.MAX_TOKENS', 'length'],
    ['length', 'length'],
    ['max_tokens', 'length'],
    ['MAX_TOKENS', 'length'],
    ['tool_calls', 'tool_calls'],
    ['tool_call', 'tool_calls'],
    ['tool-calls', 'tool_calls'],
    ['tool_use', 'tool_calls'],
    ['function_call', 'tool_calls'],
    ['content-filter', 'content_filter'],
    ['SAFETY', 'content_filter'],
    ['refusal', 'content_filter'],
    ['error', 'error'],
    ['pause_turn', 'pause_turn'],
    ['Unknown', 'Unknown'],
    ['', ''],
  ])('%s → %s', (word, reason) => {
    expect(normalFinishReason(word)).toBe(reason)
  })
})
