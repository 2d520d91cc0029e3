import { describe, expect, test } from 'vitest'
import { dialects, requestOf } from './index.ts'
import { type PlainAttributes, span } from './testing.ts'

const of = (attributes: PlainAttributes) => requestOf(span({ attributes }))

describe('which spans are calls', () => {
  test.each<[string, PlainAttributes]>([
    ['chat', { 'gen_ai.operation.name': 'chat' }],
    ['text completion', { 'gen_ai.operation.name': 'text_completion', 'gen_ai.request.model': 'm' }],
    ['generate_content', { 'gen_ai.operation.name': 'generate_content' }],
    ['embeddings', { 'gen_ai.operation.name': 'embeddings' }],
    ['system and model without an operation', { 'gen_ai.system': 'aws.bedrock', 'gen_ai.request.model': 'm' }],
    [
      'an operation nobody listed, of a model',
      { 'gen_ai.operation.name': 'x', 'gen_ai.system': 's', 'gen_ai.request.model': 'm' },
    ],
  ])('%s', (_name, attributes) => {
    expect(of(attributes)?.dialect).toBe('gen_ai')
  })

  test.each<[string, PlainAttributes]>([
    ['no attributes', {}],
    ['an HTTP request', { 'http.request.method': 'POST', 'server.address': 'api.openai.com' }],
    [
      'an agent that repeats its calls’ usage',
      {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.usage.input_tokens': 46,
      },
    ],
    ['a step of it', { 'gen_ai.operation.name': 'agent_step', 'gen_ai.request.model': 'm', 'gen_ai.system': 's' }],
    ['a tool', { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'get_weather' }],
    [
      'a LangSmith chain',
      { 'gen_ai.operation.name': 'chain', 'gen_ai.system': 'langchain', 'gen_ai.request.model': 'm' },
    ],
    ['a LangSmith tool named as a chat', { 'gen_ai.operation.name': 'chat', 'langsmith.span.kind': 'tool' }],
    [
      'an OpenInference chain with names of both',
      { 'gen_ai.operation.name': 'chat', 'openinference.span.kind': 'CHAIN' },
    ],
    ['a chain by its kind', { 'gen_ai.operation.name': 'chat', 'gen_ai.span.kind': 'CHAIN' }],
    ['a Langfuse span with names of both', { 'gen_ai.operation.name': 'chat', 'langfuse.observation.type': 'span' }],
    ['an unknown operation without a model', { 'gen_ai.operation.name': 'x', 'gen_ai.system': 's' }],
    ['only usage', { 'gen_ai.usage.input_tokens': 5 }],
    ['an operation of another type', { 'gen_ai.operation.name': 5, 'gen_ai.system': 's', 'gen_ai.request.model': 'm' }],
  ])('not %s', (_name, attributes) => {
    expect(of(attributes)).toBeNull()
  })

  test('not the raw dump beside a LiteLLM call', () => {
    const attributes = { 'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt-4o' }
    expect(requestOf(span({ name: 'raw_gen_ai_request', attributes }))).toBeNull()
  })
})

test('Anthropic’s SDK: newest names, finish reason under its own', () => {
  const request = requestOf(
    span({
      name: 'anthropic.messages.create',
      scope_name: 'com.anthropic.sdk.typescript',
      status: 'ok',
      duration_ms: 340,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'anthropic',
        'gen_ai.request.model': 'claude-3-5-sonnet-20241022',
        'gen_ai.response.model': 'claude-3-5-sonnet-20241022',
        'gen_ai.response.id': 'msg_1',
        'gen_ai.request.max_tokens': 64,
        'gen_ai.request.stream': true,
        'gen_ai.response.time_to_first_chunk': 0.152,
        'gen_ai.usage.input_tokens': 23,
        'gen_ai.usage.cache_read.input_tokens': 6,
        'gen_ai.usage.cache_write.input_tokens': 4,
        'gen_ai.usage.output_tokens': 7,
        'anthropic.message.stop_reason': 'end_turn',
        'server.address': 'api.anthropic.com',
        'server.port': 443,
      },
    }),
  )
  expect(request).toMatchObject({
    provider: 'anthropic',
    model: 'claude-3-5-sonnet',
    model_version: '20241022',
    input_tokens: 23,
    cached_input_tokens: 6,
    cache_write_tokens: 4,
    output_tokens: 7,
    finish_reason: 'stop',
    streamed: true,
    ttft_ms: 152,
    request_id: 'msg_1',
    instance: 'api.anthropic.com:443',
    max_tokens: 64,
    status: 'ok',
  })
  expect(request?.tpot_ms).toBeCloseTo((340 - 152) / 6)
})

test('AI SDK 7: the metric’s name as a span attribute, in seconds', () => {
  const request = of({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.client.operation.time_to_first_chunk': 0.186,
  })
  expect(request).toMatchObject({ ttft_ms: 186, streamed: true })
})

test('TTFT of clients that record every chunk', () => {
  const attributes = { 'gen_ai.operation.name': 'chat' }
  const events = [200, 90].map((after_ms) => ({ name: 'gen_ai.content.completion.chunk', after_ms }))
  expect(requestOf(span({ attributes, events }))).toMatchObject({ ttft_ms: 90, streamed: true })
  const said = { ...attributes, 'gen_ai.response.time_to_first_chunk': 0.15 }
  expect(requestOf(span({ attributes: said, events }))?.ttft_ms).toBe(150)
})

test('deprecated names, and those of 1.27 in span events', () => {
  const request = requestOf(
    span({
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.system': 'az.ai.openai',
        'gen_ai.request.model': 'prod-gpt',
        'gen_ai.response.model': 'gpt-4o-2024-08-06',
        'gen_ai.usage.prompt_tokens': '23',
        'gen_ai.usage.completion_tokens': 7.0,
        'gen_ai.usage.cache_creation.input_tokens': 4,
        'gen_ai.response.finish_reason': 'length',
      },
      events: [
        { name: 'gen_ai.content.prompt', attributes: { 'gen_ai.prompt': '[{"role":"user","content":"hi"}]' } },
        {
          name: 'gen_ai.content.completion',
          attributes: { 'gen_ai.completion': '[{"role":"assistant","content":"ho"}]' },
        },
      ],
    }),
  )
  expect(request).toMatchObject({
    provider: 'azure.ai.openai',
    model: 'gpt-4o',
    requested_model: 'prod-gpt',
    input_tokens: 23,
    output_tokens: 7,
    cache_write_tokens: 4,
    finish_reason: 'length',
    input: '[{"role":"user","content":"hi"}]',
    output: '[{"role":"assistant","content":"ho"}]',
  })
})

test('current names win over deprecated ones on the same span', () => {
  const request = of({
    'gen_ai.operation.name': 'chat',
    'gen_ai.system': 'openai',
    'gen_ai.provider.name': 'azure.ai.openai',
    'gen_ai.usage.prompt_tokens': 1,
    'gen_ai.usage.input_tokens': 23,
  })
  expect(request).toMatchObject({ provider: 'azure.ai.openai', input_tokens: 23 })
})

test('one event a message, as Azure sends them', () => {
  const request = requestOf(
    span({
      attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.system': 'az.ai.inference' },
      events: [
        {
          name: 'gen_ai.system.message',
          attributes: { 'gen_ai.event.content': '{"role":"system","content":"Be terse."}' },
        },
        { name: 'gen_ai.user.message', attributes: { 'gen_ai.system': 'az.ai.inference', content: 'Capital?' } },
        { name: 'gen_ai.choice', attributes: { 'gen_ai.event.content': '{"message":{"content":"Paris"},"index":0}' } },
      ],
    }),
  )
  expect(request?.input).toBe('[{"role":"system","content":"Be terse."},{"role":"user","content":"Capital?"}]')
  expect(request?.output).toBe('[{"message":{"content":"Paris"},"index":0}]')
})

test('system instructions come first, structured messages become JSON', () => {
  const request = of({
    'gen_ai.operation.name': 'chat',
    'gen_ai.system_instructions': '[{"type":"text","content":"Be terse."}]',
    'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'hi' }] }],
    'gen_ai.output.messages': '[]',
  })
  expect(JSON.parse(request?.input ?? '')).toEqual([
    { role: 'system', parts: [{ type: 'text', content: 'Be terse.' }] },
    { role: 'user', parts: [{ type: 'text', content: 'hi' }] },
  ])
})

test('a span is never written to, whatever is in it', () => {
  const hostile = span({
    status: 'error',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.input_tokens': { a: 1 },
      'gen_ai.request.model': ['a'],
      'gen_ai.response.finish_reasons': { __proto__: null, x: 1 },
      'gen_ai.input.messages': [[]],
      'langfuse.observation.usage_details': '{"input":"x","output":-5,"input_cached_tokens":null,"__proto__":{"a":1}}',
      'langfuse.observation.model.parameters': '[1]',
      'langfuse.observation.completion_start_time': '"never"',
      'langfuse.observation.cost_details': { total: 'free' },
      'langsmith.usage_metadata': '{"input_token_details":[],"output_tokens":{}}',
      'gen_ai.usage.output_token_details': 5,
      'llm.invocation_parameters': '{"service_tier":{"a":1},"stream":"x","max_tokens":1e400}',
      'output.value': '{"service_tier":"',
      'ai.response.providerMetadata': '{"openai":{"serviceTier":7,"cache":[]}}',
      'gcp.vertex.agent.llm_request': {},
      metadata: '{"user_id":{"a":[null]},"__proto__":1}',
      events: '[null,1,"gen_ai.choice",{"event.name":"gen_ai.choice"},[]]',
      'error.type': 7,
      'server.port': 'x',
      __proto__: 'x',
    },
    events: [{ name: 'exception' }, { name: 'gen_ai.choice', attributes: { a: { b: 1n } } }],
  })
  const before = structuredClone(hostile)
  for (const dialect of dialects) expect(() => dialect.toRequest(hostile)).not.toThrow()
  expect(requestOf(hostile)).toMatchObject({
    user_id: '{"a":[null]}',
    input_tokens: NaN,
    error_type: '7',
    status: 'error',
  })
  expect(hostile).toEqual(before)
})
