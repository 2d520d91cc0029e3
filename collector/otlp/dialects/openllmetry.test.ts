import { describe, expect, test } from 'vitest'
import { requestOf } from './index.ts'
import { span } from './testing.ts'

const legacy = {
  'llm.request.type': 'chat',
  'gen_ai.system': 'OpenAI',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.response.model': 'gpt-4o-2024-08-06',
  'gen_ai.usage.prompt_tokens': 23,
  'gen_ai.usage.completion_tokens': 7,
  'llm.usage.total_tokens': 30,
  'gen_ai.prompt.0.role': 'system',
  'gen_ai.prompt.0.content': 'Be terse.',
  'gen_ai.prompt.1.role': 'user',
  'gen_ai.prompt.1.content': 'Capital of France?',
  'gen_ai.completion.0.role': 'assistant',
  'gen_ai.completion.0.content': 'Paris is the capital.',
  'gen_ai.completion.0.finish_reason': 'tool_calls',
  'gen_ai.completion.0.tool_calls.0.name': 'get_weather',
  'llm.is_streaming': 'True',
  'traceloop.association.properties.user_id': 'u1',
  'traceloop.association.properties.session_id': 's1',
  'traceloop.association.properties.plan': 'pro',
  'traceloop.prompt.key': 'capital',
  'traceloop.prompt.version': 4,
}

test('the legacy form: flattened messages, capitalised provider, strings for booleans', () => {
  const request = requestOf(span({ name: 'openai.chat', attributes: legacy }))
  expect(request).toMatchObject({
    dialect: 'openllmetry',
    operation: 'chat',
    provider: 'openai',
    model: 'gpt-4o',
    model_version: '2024-08-06',
    input_tokens: 23,
    output_tokens: 7,
    finish_reason: 'tool_calls',
    streamed: true,
    ttft_ms: null,
    user_id: 'u1',
    session_id: 's1',
    prompt_name: 'capital',
    prompt_version: '4',
    input: '[{"role":"system","content":"Be terse."},{"role":"user","content":"Capital of France?"}]',
  })
  expect(JSON.parse(request?.output ?? '')).toEqual([
    {
      role: 'assistant',
      content: 'Paris is the capital.',
      finish_reason: 'tool_calls',
      tool_calls: [{ name: 'get_weather' }],
    },
  ])
  expect([...(request?.attributes ?? [])]).toEqual([['traceloop.association.properties.plan', 'pro']])
})

test('the oldest names', () => {
  const attributes = {
    'llm.request.type': 'completion',
    'llm.vendor': 'Anthropic',
    'llm.request.model': 'claude-2',
    'llm.usage.prompt_tokens': 5,
    'llm.usage.completion_tokens': 6,
    'llm.response.stop_reason': 'stop_sequence',
  }
  expect(requestOf(span({ attributes }))).toMatchObject({
    operation: 'text_completion',
    provider: 'anthropic',
    model: 'claude-2',
    input_tokens: 5,
    output_tokens: 6,
    finish_reason: 'stop',
  })
})

test('Anthropic for JavaScript leaves the cache out of its input', () => {
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': 'claude-3-5-sonnet-20241022',
    'gen_ai.usage.input_tokens': 13,
    'gen_ai.usage.cache_creation.input_tokens': 4,
    'gen_ai.usage.cache_read.input_tokens': 6,
    'gen_ai.usage.output_tokens': 7,
    'gen_ai.response.finish_reasons': [],
  }
  const usage = { cached_input_tokens: 6, cache_write_tokens: 4, output_tokens: 7, finish_reason: '' }
  const javascript = requestOf(span({ scope_name: '@traceloop/instrumentation-anthropic', attributes }))
  expect(javascript).toMatchObject({ dialect: 'openllmetry', input_tokens: 23, ...usage })
  const other = requestOf(span({ scope_name: 'opentelemetry.instrumentation.anthropic', attributes }))
  expect(other).toMatchObject({ dialect: 'gen_ai', input_tokens: 13, ...usage })
})

test('OpenAI for JavaScript counts the tokens of streams by itself', () => {
  const attributes = { ...legacy, 'llm.is_streaming': true }
  const javascript = '@traceloop/instrumentation-openai'
  expect(requestOf(span({ scope_name: javascript, attributes }))?.usage_source).toBe('estimated')
  expect(requestOf(span({ scope_name: 'opentelemetry.instrumentation.openai.v1', attributes }))?.usage_source).toBe(
    'reported',
  )
  expect(
    requestOf(span({ scope_name: javascript, attributes: { ...legacy, 'llm.is_streaming': false } })),
  ).toMatchObject({
    usage_source: 'reported',
    streamed: false,
  })
})

test('Bedrock Converse says who and which model, no more', () => {
  const request = requestOf(
    span({
      name: 'bedrock.completion',
      scope_name: '@traceloop/instrumentation-bedrock',
      attributes: { 'gen_ai.provider.name': 'aws.bedrock', 'gen_ai.request.model': 'claude-3-sonnet-20240229-v1:0' },
    }),
  )
  expect(request).toMatchObject({
    provider: 'aws.bedrock',
    model: 'claude-3-sonnet',
    model_version: '20240229-v1:0',
    requested_model: 'claude-3-sonnet-20240229-v1:0',
    input_tokens: null,
    output_tokens: null,
  })
})

test('TTFT is the first chunk’s event', () => {
  const events = [200, 90, 300].map((after_ms) => ({ name: 'llm.content.completion.chunk', after_ms }))
  expect(requestOf(span({ attributes: legacy, events }))?.ttft_ms).toBe(90)
})

describe('not calls', () => {
  test.each(['workflow', 'task', 'agent', 'tool'])('a %s', (kind) => {
    expect(requestOf(span({ attributes: { ...legacy, 'traceloop.span.kind': kind } }))).toBeNull()
  })

  test('a rerank, a span without a model', () => {
    expect(requestOf(span({ attributes: { ...legacy, 'llm.request.type': 'rerank' } }))).toBeNull()
    expect(requestOf(span({ scope_name: '@traceloop/instrumentation-pinecone' }))).toBeNull()
  })
})
