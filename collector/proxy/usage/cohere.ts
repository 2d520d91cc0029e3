/** Cohere's chat, both versions, and its embeddings. What is counted is what is billed. */
import { at, listAt, numberAt, textAt } from './json.ts'
import { inPath } from './openai-path.ts'
import { type Facts, readRequest, setInput, type UsageParser } from './parser.ts'

export const cohere: UsageParser = {
  name: 'cohere',
  provider: 'cohere',
  route({ method, path }) {
    if (method !== 'POST') return null
    if (inPath(path, '/v2/chat') || inPath(path, '/v1/chat')) return { operation: 'chat', model: '', streamed: null }
    return inPath(path, '/v2/embed') || inPath(path, '/v1/embed')
      ? { operation: 'embeddings', model: '', streamed: false }
      : null
  },
  request: readRequest,
  input: (body) => at(body, 'messages') ?? at(body, 'message') ?? at(body, 'texts') ?? at(body, 'inputs'),

  body(body, facts) {
    facts.request_id ||= textAt(body, 'id') || textAt(body, 'generation_id')
    readUsage(body, facts)
    facts.finish_reason = textAt(body, 'finish_reason') || facts.finish_reason
    facts.answer.addText(textAt(body, 'text'))
    for (const part of listAt(body, 'message', 'content')) readPart(part, facts)
    const calls = [...listAt(body, 'message', 'tool_calls'), ...listAt(body, 'tool_calls')]
    for (const [index, call] of calls.entries()) facts.answer.addToolCall(index, callOf(call))
  },

  event({ name, data }, facts) {
    const { answer } = facts
    const index = numberAt(data, 'index') ?? 0
    facts.request_id ||= textAt(data, 'id') || textAt(data, 'generation_id')
    switch (textAt(data, 'type') || textAt(data, 'event_type') || name) {
      case 'content-delta':
        return readPart(at(data, 'delta', 'message', 'content'), facts)
      case 'text-generation':
        return answer.addText(textAt(data, 'text'))
      case 'tool-plan-delta':
        return answer.addReasoning(textAt(data, 'delta', 'message', 'tool_plan'))
      case 'tool-call-start':
      case 'tool-call-delta':
        return answer.addToolCall(index, callOf(at(data, 'delta', 'message', 'tool_calls')))
      case 'message-end':
        facts.finish_reason = textAt(data, 'delta', 'finish_reason') || facts.finish_reason
        readUsage(at(data, 'delta'), facts)
        facts.error_message = textAt(data, 'delta', 'error')
        return false
      case 'stream-end':
        facts.finish_reason = textAt(data, 'finish_reason') || facts.finish_reason
        readUsage(at(data, 'response'), facts)
        return false
      default:
        return false
    }
  },
}

function readPart(part: unknown, facts: Facts): boolean {
  return facts.answer.addText(textAt(part, 'text')) || facts.answer.addReasoning(textAt(part, 'thinking'))
}

function callOf(call: unknown): { id: string; name: string; arguments: string } {
  const given = at(call, 'parameters')
  return {
    id: textAt(call, 'id'),
    name: textAt(call, 'function', 'name') || textAt(call, 'name'),
    arguments: textAt(call, 'function', 'arguments') || (given === undefined ? '' : JSON.stringify(given)),
  }
}

function readUsage(body: unknown, facts: Facts): void {
  const usage = at(body, 'usage') ?? at(body, 'meta')
  const units = at(usage, 'billed_units') ?? at(usage, 'tokens')
  setInput(facts, numberAt(units, 'input_tokens'), numberAt(usage, 'cached_tokens'))
  facts.output_tokens = numberAt(units, 'output_tokens') ?? facts.output_tokens
}
