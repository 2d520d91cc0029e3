/** OTLP/JSON requests of LLM spans with known ids. */
import { randomBytes } from 'node:crypto'

export interface SentSpan {
  trace_id: string
  span_id: string
}

const models = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5']

/** One OTLP request body with `count` gen_ai spans, and the ids in it. */
export function llmSpans(count: number, service: string): { body: string; ids: SentSpan[] } {
  const ids: SentSpan[] = []
  const now = BigInt(Date.now()) * 1_000_000n
  const spans = Array.from({ length: count }, (_, index) => {
    const trace_id = randomBytes(16).toString('hex')
    const span_id = randomBytes(8).toString('hex')
    ids.push({ trace_id, span_id })
    const model = models[index % models.length]
    return {
      traceId: trace_id,
      spanId: span_id,
      name: `chat ${model}`,
      kind: 3,
      startTimeUnixNano: String(now - BigInt(1_000_000_000 + index * 1_000_000)),
      endTimeUnixNano: String(now),
      attributes: [
        { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
        { key: 'gen_ai.provider.name', value: { stringValue: index % 3 === 2 ? 'anthropic' : 'openai' } },
        { key: 'gen_ai.request.model', value: { stringValue: model } },
        { key: 'gen_ai.usage.input_tokens', value: { intValue: 100 + index } },
        { key: 'gen_ai.usage.output_tokens', value: { intValue: 10 + index } },
      ],
      status: {},
    }
  })
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] }
  return { body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }), ids }
}
