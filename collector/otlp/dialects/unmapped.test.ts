import { expect, test } from 'vitest'
import { requestOf, unmappedCall } from './index.ts'
import { type PlainAttributes, span } from './testing.ts'

test.each<[PlainAttributes, string | null]>([
  [
    { 'gen_ai.operation.name': 'summarise', 'gen_ai.usage.input_tokens': 23 },
    'token counts with unknown operation "summarise"',
  ],
  [{ 'gen_ai.operation.name': 'a b'.repeat(99), 'gen_ai.request.model': 'm' }, 'a model with unknown operation "…"'],
  [{ 'gen_ai.operation.name': 7, 'llm.usage.total_tokens': 30 }, 'token counts with unknown operation "7"'],
  [{ 'gen_ai.usage.output_tokens': 7 }, 'token counts without gen_ai.operation.name and provider'],
  [{ 'llm.model_name': 'gpt-4o' }, 'a model without gen_ai.operation.name and provider'],
  [{ 'gen_ai.input.messages': '[]' }, 'messages without gen_ai.operation.name and provider'],
  [{ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': 46 }, null],
  [{ 'openinference.span.kind': 'CHAIN', 'llm.token_count.prompt': 5 }, null],
  [{ 'traceloop.span.kind': 'workflow', 'llm.usage.total_tokens': 5 }, null],
  [{ 'http.request.method': 'POST', 'server.address': 'api.openai.com' }, null],
  [{}, null],
])('%o: %o', (attributes, reason) => {
  expect(requestOf(span({ attributes }))).toBeNull()
  expect(unmappedCall(span({ attributes }))).toBe(reason)
})
