/** Ollama's own API: one JSON object a line while it streams, the last with counts and durations. */
import { at, listAt, numberAt, textAt } from './json.ts'
import { inPath } from './openai-path.ts'
import { type Facts, setInput, type UsageParser } from './parser.ts'

const operations: readonly (readonly [string, string])[] = [
  ['/api/chat', 'chat'],
  ['/api/generate', 'text_completion'],
  ['/api/embed', 'embeddings'],
  ['/api/embeddings', 'embeddings'],
]

export const ollama: UsageParser = {
  name: 'ollama',
  provider: 'ollama',
  route({ method, path }) {
    const operation = method === 'POST' && operations.find(([ending]) => inPath(path, ending))?.[1]
    return operation ? { operation, model: '', streamed: null } : null
  },
  request(body, facts) {
    facts.requested_model ||= textAt(body, 'model')
    // It streams unless told not to; there are no streams of vectors.
    facts.streamed = at(body, 'stream') !== false && at(body, 'input') === undefined
    facts.max_tokens ??= numberAt(body, 'options', 'num_predict')
    if (facts.max_tokens !== null && facts.max_tokens < 0) facts.max_tokens = null
  },
  input: (body) => at(body, 'messages') ?? at(body, 'prompt') ?? at(body, 'input'),
  body: (body, facts) => void read(body, facts),
  event: ({ data }, facts) => read(data, facts),
}

function read(body: unknown, facts: Facts): boolean {
  const error = textAt(body, 'error')
  if (error !== '') {
    facts.error_type = 'error'
    facts.error_message = error
    return false
  }
  const { answer } = facts
  facts.answered_model ||= textAt(body, 'model')
  const message = at(body, 'message')
  let content = answer.addText(textAt(message, 'content') || textAt(body, 'response'))
  if (answer.addReasoning(textAt(message, 'thinking') || textAt(body, 'thinking'))) content = true
  for (const call of listAt(message, 'tool_calls')) {
    const given = at(call, 'function', 'arguments')
    content = true
    answer.addToolCall(answer.toolCalls, {
      name: textAt(call, 'function', 'name'),
      arguments: given === undefined ? '' : JSON.stringify(given),
    })
  }
  if (at(body, 'done') === true || at(body, 'prompt_eval_count') !== undefined) readDone(body, facts)
  return content
}

function readDone(body: unknown, facts: Facts): void {
  facts.finish_reason = textAt(body, 'done_reason') || facts.finish_reason
  if (facts.answer.toolCalls > 0 && facts.finish_reason === 'stop') facts.finish_reason = 'tool_calls'
  setInput(facts, numberAt(body, 'prompt_eval_count'), null)
  facts.output_tokens = numberAt(body, 'eval_count') ?? facts.output_tokens
  // Loading the model is what a call waits for before it is served.
  facts.queue_ms = inMs(numberAt(body, 'load_duration')) ?? facts.queue_ms
  facts.prefill_ms = inMs(numberAt(body, 'prompt_eval_duration')) ?? facts.prefill_ms
  facts.decode_ms = inMs(numberAt(body, 'eval_duration')) ?? facts.decode_ms
}

const inMs = (nanos: number | null) => (nanos === null ? null : nanos / 1e6)
