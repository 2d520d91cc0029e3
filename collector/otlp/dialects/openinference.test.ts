import { expect, test } from 'vitest'
import { requestOf } from './index.ts'
import { span } from './testing.ts'

test('Anthropic through OpenInference', () => {
  const request = requestOf(
    span({
      name: 'Anthropic Messages',
      kind: 'internal',
      attributes: {
        'openinference.span.kind': 'LLM',
        'llm.provider': 'anthropic',
        'llm.system': 'anthropic',
        'llm.model_name': 'claude-3-5-sonnet-20241022',
        'llm.invocation_parameters': '{"model":"claude-3-5-sonnet-latest","max_tokens":64,"stream":true}',
        'llm.token_count.prompt': 23,
        'llm.token_count.completion': 7,
        'llm.token_count.prompt_details.cache_read': 6,
        'llm.token_count.prompt_details.cache_write': 4,
        'llm.finish_reason': 'end_turn',
      },
    }),
  )
  expect(request).toMatchObject({
    dialect: 'openinference',
    provider: 'anthropic',
    model: 'claude-3-5-sonnet',
    model_version: '20241022',
    requested_model: 'claude-3-5-sonnet-latest',
    input_tokens: 23,
    cached_input_tokens: 6,
    cache_write_tokens: 4,
    output_tokens: 7,
    finish_reason: 'stop',
    streamed: true,
    max_tokens: 64,
    ttft_ms: null,
  })
})

test('the host is the provider, before the product', () => {
  const attributes = { 'openinference.span.kind': 'LLM', 'llm.provider': 'azure', 'llm.system': 'openai' }
  expect(requestOf(span({ attributes }))?.provider).toBe('azure.ai.openai')
})

test('TTFT is the first token’s event', () => {
  const request = requestOf(
    span({
      attributes: { 'openinference.span.kind': 'LLM', 'llm.token_count.completion': 11 },
      events: [
        { name: 'First Token Stream Event', after_ms: 300 },
        { name: 'First Token Stream Event', after_ms: 120 },
      ],
    }),
  )
  expect(request).toMatchObject({ ttft_ms: 120, tpot_ms: 88, streamed: true })
})

test.each(['CHAIN', 'AGENT', 'TOOL', 'RETRIEVER', 'RERANKER', 'GUARDRAIL', 'EVALUATOR', 'PROMPT', 'UNKNOWN', 7])(
  '%s is no call',
  (kind) => {
    const attributes = { 'openinference.span.kind': kind, 'llm.model_name': 'gpt-4o', 'llm.token_count.prompt': 5 }
    expect(requestOf(span({ attributes }))).toBeNull()
  },
)

test('messages keep their order, parts and odd keys', () => {
  const request = requestOf(
    span({
      attributes: {
        'openinference.span.kind': 'LLM',
        'llm.input_messages.10.message.content': 'eleventh',
        'llm.input_messages.2.message.content': 'third',
        'llm.input_messages.2.message.__proto__': 'data',
        'llm.input_messages.0.message.contents.1.message_content.text': 'b',
        'llm.input_messages.0.message.contents.0.message_content.text': 'a',
      },
    }),
  )
  expect(request?.input).toBe(
    '[{"contents":[{"text":"a"},{"text":"b"}]},{"content":"third","__proto__":"data"},{"content":"eleventh"}]',
  )
})

test('an absurd index makes no list of that length', () => {
  const attributes = { 'openinference.span.kind': 'LLM', 'llm.input_messages.4000000000.message.content': 'x' }
  expect(requestOf(span({ attributes }))?.input).toBe('{"4000000000":{"content":"x"}}')
})

test('without messages the raw values stand', () => {
  const attributes = {
    'openinference.span.kind': 'LLM',
    'input.value': 'hello',
    'output.value': '{"id": "r-1", "x": 1}',
  }
  expect(requestOf(span({ attributes }))).toMatchObject({
    input: 'hello',
    output: '{"id": "r-1", "x": 1}',
    request_id: 'r-1',
  })
})

test('a name as deep as a megabyte of dots is no message', () => {
  const deep = `llm.input_messages.${'0.'.repeat(500_000)}`
  const attributes = { 'openinference.span.kind': 'LLM', [deep]: 'x', 'llm.input_messages.0.message.content': 'hi' }
  expect(requestOf(span({ attributes }))?.input).toBe('[{"content":"hi"}]')
})

const langchain = (kwargs: object, metadata = '{"ls_provider":"openai","ls_model_name":"gpt-4o"}') =>
  requestOf(
    span({
      scope_name: '@arizeai/openinference-instrumentation-langchain',
      attributes: {
        'openinference.span.kind': 'LLM',
        'llm.model_name': 'gpt-4o',
        'llm.invocation_parameters': '{"model":"gpt-4o","stream":false}',
        metadata,
        'output.value': JSON.stringify({ generations: [[{ text: 'Paris', message: { lc: 1, id: ['m'], kwargs } }]] }),
      },
    }),
  )

test('LangChain’s own JSON names the provider, and the answer’s id and model', () => {
  const kwargs = { content: 'Paris', id: 'chatcmpl-1', response_metadata: { model_name: 'gpt-4o-2024-08-06' } }
  expect(langchain(kwargs)).toMatchObject({
    provider: 'openai',
    model: 'gpt-4o',
    model_version: '2024-08-06',
    requested_model: 'gpt-4o',
    request_id: 'chatcmpl-1',
  })
})

test('LangChain’s id of a run is no id of the vendor’s', () => {
  expect(langchain({ id: 'run--0c6d', response_metadata: { id: 'chatcmpl-2' } })?.request_id).toBe('chatcmpl-2')
  expect(langchain({ id: 'run--0c6d' })?.request_id).toBe('')
})

test('what is not LangChain’s JSON leaves the fields unknown', () => {
  expect(langchain([], 'no JSON')).toMatchObject({ provider: '', model: 'gpt-4o', model_version: '', request_id: '' })
})
