import { expect, test } from 'vitest'
import { requestOf } from './index.ts'
import { span } from './testing.ts'

const stream = {
  'ai.operationId': 'ai.streamText.doStream',
  'ai.model.provider': 'amazon-bedrock.chat',
  'ai.model.id': 'us.anthropic.claude-3-5-sonnet-20241022-v2:0',
  'ai.usage.inputTokens': 23,
  'ai.usage.cachedInputTokens': 6,
  'ai.usage.inputTokenDetails.cacheWriteTokens': 4,
  'ai.usage.outputTokens': 7,
}

test('its own names stand where gen_ai ones are missing', () => {
  expect(requestOf(span({ attributes: { ...stream, 'ai.response.msToFirstChunk': 186 } }))).toMatchObject({
    dialect: 'vercel_ai',
    provider: 'aws.bedrock',
    model: 'claude-3-5-sonnet',
    model_version: '20241022-v2:0',
    requested_model: 'us.anthropic.claude-3-5-sonnet-20241022-v2:0',
    input_tokens: 23,
    cached_input_tokens: 6,
    cache_write_tokens: 4,
    output_tokens: 7,
    ttft_ms: 186,
    streamed: true,
  })
})

test('TTFT is the attribute, on the span or the event, never the event’s time', () => {
  const event = { name: 'ai.stream.firstChunk', after_ms: 900 }
  expect(requestOf(span({ attributes: stream, events: [event] }))?.ttft_ms).toBeNull()
  const attributes = { 'ai.stream.msToFirstChunk': 150 }
  expect(requestOf(span({ attributes: stream, events: [{ ...event, attributes }] }))?.ttft_ms).toBe(150)
})

test('version 4 counts prompt and completion', () => {
  const attributes = {
    'ai.operationId': 'ai.generateObject.doGenerate',
    'ai.usage.promptTokens': 23,
    'ai.usage.completionTokens': 7,
    'ai.settings.maxTokens': 64,
    'ai.response.object': '{"city":"Paris"}',
    'ai.response.finishReason': 'tool-calls',
  }
  expect(requestOf(span({ attributes }))).toMatchObject({
    input_tokens: 23,
    output_tokens: 7,
    max_tokens: 64,
    output: '{"city":"Paris"}',
    finish_reason: 'tool_calls',
    streamed: false,
  })
})

test('metadata without a column is kept', () => {
  const attributes = {
    ...stream,
    'ai.telemetry.metadata.userId': 'u1',
    'ai.telemetry.metadata.tenant': 'acme',
    'ai.telemetry.metadata.teamSize': 3,
    'ai.telemetry.functionId': 'summarise',
  }
  const request = requestOf(span({ attributes }))
  expect(request).toMatchObject({ user_id: 'u1', feature: 'summarise' })
  expect([...(request?.attributes ?? [])]).toEqual([
    ['ai.telemetry.metadata.tenant', 'acme'],
    ['ai.telemetry.metadata.teamSize', '3'],
  ])
})

test.each(['ai.generateText', 'ai.streamText', 'ai.embed', 'ai.toolCall', 'ai.generateText.doGenerateX', 7])(
  '%s is no call, though it sums up calls',
  (operation) => {
    const attributes = {
      ...stream,
      'ai.operationId': operation,
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'gpt-4o',
    }
    expect(requestOf(span({ attributes }))).toBeNull()
  },
)

test.each([
  // provider metadata, input as the SDK says it, then: input, cached, written
  [
    '{"anthropic":{"usage":{"input_tokens":13,"cache_creation_input_tokens":4,"cache_read_input_tokens":6}}}',
    13,
    23,
    6,
    4,
  ],
  [
    '{"anthropic":{"usage":{"input_tokens":13,"cache_creation_input_tokens":4,"cache_read_input_tokens":6}}}',
    23,
    23,
    6,
    4,
  ],
  ['{"anthropic":{"cacheCreationInputTokens":4,"cacheReadInputTokens":6}}', 13, 13, 6, 4],
  ['{"openai":{"cachedPromptTokens":10,"acceptedPredictionTokens":0}}', 23, 23, 10, null],
  ['{"bedrock":{"usage":{"cacheWriteInputTokens":4}}}', 23, 23, null, 4],
  ['{"openai":{"acceptedPredictionTokens":0}}', 23, 23, null, null],
  ['{"cache":', 23, 23, null, null],
  ['{"anthropic":[],"cache":1}', 23, 23, null, null],
])('cache tokens up to version 5: %s of %d', (metadata, input, total, cached, written) => {
  const attributes = {
    'ai.operationId': 'ai.generateText.doGenerate',
    'ai.usage.promptTokens': input,
    'ai.response.providerMetadata': metadata,
  }
  expect(requestOf(span({ attributes }))).toMatchObject({
    input_tokens: total,
    cached_input_tokens: cached,
    cache_write_tokens: written,
  })
})
