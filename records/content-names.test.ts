import { expect, test } from 'vitest'
import { attributeClass, isContentEvent } from './content-names.ts'

test.each([
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.prompt',
  'gen_ai.prompt.0.content',
  'gen_ai.completion.12.tool_calls.0.arguments',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.definitions',
  'gen_ai.prompt.variable.country',
  'annotations.0.annotation.explanation',
  'session.evaluations.12.evaluation.metadata',
  'input.value',
  'output.value',
  'llm.input_messages.0.message.content',
  'llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments',
  'llm.tools.0.tool.json_schema',
  'llm.prompts.0.prompt.text',
  'llm.prompt_template.variables',
  'embedding.embeddings.0.embedding.vector',
  'retrieval.documents.0.document.content',
  'ai.prompt',
  'ai.prompt.messages',
  'ai.prompt.tools',
  'ai.response.text',
  'ai.response.toolCalls',
  'ai.toolCall.result',
  'ai.values',
  'traceloop.entity.input',
  'traceloop.entity.output',
  'langfuse.observation.input',
  'langfuse.trace.output',
  'gcp.vertex.agent.llm_request',
  'mlflow.spanOutputs',
  'all_messages_events',
  'llm.openai.messages',
])('%s bears content', (name) => {
  expect(attributeClass(name)).toBe('content')
})

test.each([
  'authorization',
  'Authorization',
  'x-api-key',
  'api_key',
  'api-key',
  'openai.api_key',
  'http.request.header.authorization',
  'http.request.header.x-api-key',
  'ai.request.headers.authorization',
  'ai.request.headers.api-key',
  'http.request.header.x-goog-api-key',
  'http.response.header.set-cookie',
  'aws.secret_access_key',
  'db.password',
  'oauth.access_token',
])('%s is a secret', (name) => {
  expect(attributeClass(name)).toBe('secret')
})

test.each([
  'gen_ai.operation.name',
  'gen_ai.request.model',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.prompt.name',
  'gen_ai.prompt.version',
  'gen_ai.prompt.0.role',
  'gen_ai.completion.0.finish_reason',
  'llm.token_count.prompt',
  'ai.telemetry.metadata.userId',
  'langfuse.observation.model.name',
  'server.address',
  'api_key.name',
  'tokens',
  'keyboard',
])('%s is plain', (name) => {
  expect(attributeClass(name)).toBe('plain')
})

test('message events', () => {
  expect(['gen_ai.user.message', 'gen_ai.choice', 'gen_ai.content.prompt'].every(isContentEvent)).toBe(true)
  expect(['exception', 'ai.stream.firstChunk', 'gen_ai.evaluation.result'].some(isContentEvent)).toBe(false)
})
