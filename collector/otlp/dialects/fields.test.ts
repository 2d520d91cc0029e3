import { describe, expect, test } from 'vitest'
import { requestOf } from './index.ts'
import { roleOfScope } from './roles.ts'
import { type PlainAttributes, span } from './testing.ts'

const of = (attributes: PlainAttributes) => requestOf(span({ attributes }))

describe('finish reasons', () => {
  test.each<[string, PlainAttributes[string]]>([
    ['an array', ['tool_calls']],
    ['one string', 'tool_calls'],
    ['a JSON string', '["tool_calls"]'],
    ['comma-joined', 'tool_calls,stop'],
  ])('%s', (_name, value) => {
    const request = of({ 'gen_ai.operation.name': 'chat', 'gen_ai.response.finish_reasons': value })
    expect(request?.finish_reason).toBe('tool_calls')
  })

  test('none in an empty list', () => {
    expect(of({ 'gen_ai.operation.name': 'chat', 'gen_ai.response.finish_reasons': [] })?.finish_reason).toBe('')
  })
})

describe('time to first token', () => {
  test.each([
    [0.25, 250],
    ['0.25', 250],
    [1, 1000],
    [0, null],
    [-0.1, null],
    [1.5, null],
    ['soon', null],
  ])('%o s of a 1 s span is %o ms', (seconds, ttft_ms) => {
    const request = of({ 'gen_ai.operation.name': 'chat', 'gen_ai.response.time_to_first_chunk': seconds })
    expect(request).toMatchObject({ ttft_ms, streamed: ttft_ms !== null })
  })
})

describe('usage', () => {
  test('absent is null, never 0', () => {
    expect(of({ 'gen_ai.operation.name': 'chat' })).toMatchObject({
      input_tokens: null,
      cached_input_tokens: null,
      cache_write_tokens: null,
      output_tokens: null,
      reasoning_tokens: null,
      max_tokens: null,
      reported_cost_usd: null,
    })
  })

  test('zeros all round mean that nothing was reported', () => {
    const zeros = { 'gen_ai.usage.input_tokens': 0, 'gen_ai.usage.output_tokens': 0, 'gen_ai.usage.cost': 0 }
    expect(of({ 'gen_ai.operation.name': 'chat', ...zeros })).toMatchObject({
      input_tokens: null,
      output_tokens: null,
      reported_cost_usd: null,
    })
  })

  test('a zero among others is a zero', () => {
    const some = { 'gen_ai.usage.input_tokens': 23, 'gen_ai.usage.output_tokens': 0 }
    expect(of({ 'gen_ai.operation.name': 'chat', ...some })).toMatchObject({ input_tokens: 23, output_tokens: 0 })
  })

  test('input that is surely without its cached part is made whole', () => {
    const usage = { 'gen_ai.usage.input_tokens': 13, 'gen_ai.usage.cache_read.input_tokens': 600 }
    expect(of({ 'gen_ai.operation.name': 'chat', ...usage })?.input_tokens).toBe(613)
    const whole = { 'gen_ai.usage.input_tokens': 23, 'gen_ai.usage.cache_read.input_tokens': 23 }
    expect(of({ 'gen_ai.operation.name': 'chat', ...whole })?.input_tokens).toBe(23)
  })

  test('what the gateway says it cost', () => {
    expect(of({ 'gen_ai.operation.name': 'chat', 'gen_ai.usage.cost': '0.0042' })?.reported_cost_usd).toBe(0.0042)
  })
})

test('who, where and what for', () => {
  const request = requestOf(
    span({
      attributes: {
        'gen_ai.operation.name': 'chat',
        'enduser.id': 'u1',
        'gen_ai.conversation.id': 'c1',
        'inferwatch.feature': 'search',
        'gen_ai.prompt.name': 'p',
        'gen_ai.prompt.version': 3,
        tenant: 'acme',
        'app.retries': 2,
        'http.route': '/chat',
        'gen_ai.request.temperature': 0.2,
      },
    }),
  )
  expect(request).toMatchObject({
    user_id: 'u1',
    session_id: 'c1',
    feature: 'search',
    prompt_name: 'p',
    prompt_version: '3',
    service: 'shop',
    environment: 'production',
  })
  expect([...(request?.attributes ?? [])]).toEqual([
    ['tenant', 'acme'],
    ['app.retries', '2'],
  ])
})

test('own attributes are bounded', () => {
  const many: PlainAttributes = { 'gen_ai.operation.name': 'chat', long: 'x'.repeat(5000), ['k'.repeat(300)]: 'x' }
  for (let i = 0; i < 100; i++) many[`key${i}`] = i
  const kept = of(many)?.attributes
  expect(kept?.size).toBe(64)
  expect(kept?.get('long')).toHaveLength(1024)
  expect([...(kept?.keys() ?? [])].every((key) => key.length < 256)).toBe(true)
})

test.each([
  ['openai', 'acme.openai.azure.com', 'azure.ai.openai'],
  ['openai', 'openrouter.ai', 'openrouter'],
  ['openai', 'api.openai.com', 'openai'],
  ['openai', '127.0.0.1', 'openai'],
  ['groq', 'openrouter.ai', 'groq'],
])('%s at %s is %s', (said, host, provider) => {
  const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': said, 'server.address': host }
  expect(of(attributes)?.provider).toBe(provider)
})

test.each<[PlainAttributes, string]>([
  [{ 'openai.response.service_tier': 'default', 'openai.request.service_tier': 'flex' }, ''],
  [{ 'openai.response.service_tier': 'flex', 'openai.request.service_tier': 'auto' }, 'flex'],
  [{ 'gen_ai.openai.response.service_tier': 'Priority' }, 'priority'],
  [{ 'anthropic.response.service_tier': 'standard' }, ''],
  [{ 'anthropic.response.service_tier': 'batch' }, 'batch'],
  [{ 'gen_ai.response.service_tier': 'scale' }, 'scale'],
  [{ 'gen_ai.openai.request.service_tier': 'priority' }, 'priority'],
  [{ 'openai.request.service_tier': 'auto' }, ''],
  [{}, ''],
])('the tier of %o is %o', (attributes, tier) => {
  expect(of({ 'gen_ai.operation.name': 'chat', ...attributes })?.service_tier).toBe(tier)
})

test.each<[PlainAttributes, number]>([
  [{}, 1],
  [{ 'http.request.resend_count': 2 }, 3],
  [{ 'http.request.resend_count': 0 }, 1],
  [{ 'inferwatch.attempt': '2', 'http.request.resend_count': 7 }, 2],
  [{ 'inferwatch.attempt': -1 }, 1],
  [{ 'inferwatch.attempt': 'x' }, 1],
  [{ 'inferwatch.attempt': 1e9 }, 255],
])('%o is attempt %d', (attributes, attempt) => {
  expect(of({ 'gen_ai.operation.name': 'chat', ...attributes })?.attempt).toBe(attempt)
})

test.each([
  ['openai', 'https://acme.openai.azure.com:443/openai', 'azure.ai.openai', 'acme.openai.azure.com:443'],
  ['langchain', 'api.mistral.ai', 'mistral_ai', 'api.mistral.ai'],
  ['Unknown', '', '', ''],
  ['acme-llm', 'llm.acme.internal', 'acme-llm', 'llm.acme.internal'],
])('%s at %s: %s, %s', (said, address, provider, instance) => {
  const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': said, 'server.address': address }
  expect(of(attributes)).toMatchObject({ provider, instance })
})

test.each([
  ['@opentelemetry/instrumentation-openai', 'client'],
  ['@arizeai/openinference-instrumentation-langchain', 'framework'],
  ['opentelemetry.instrumentation.llamaindex', 'framework'],
  ['opentelemetry.instrumentation.openai_agents', 'framework'],
  ['Experimental.Microsoft.Extensions.AI', 'framework'],
  ['org.springframework.ai', 'framework'],
  ['gen_ai', 'framework'],
  ['sglang.request', 'engine'],
  ['portkey', 'gateway'],
  ['', 'client'],
])('scope %s: %s', (scope_name, role) => {
  expect(roleOfScope(scope_name)).toBe(role)
})
