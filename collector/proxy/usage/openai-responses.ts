/** OpenAI's responses. */
import { at, listAt, numberAt, textAt } from './json.ts'
import { readEnvelope, readStreamError } from './openai-usage.ts'
import { inPath } from './openai-path.ts'
import { readRequest, type Facts, type UsageParser } from './parser.ts'

export const openAiResponses: UsageParser = {
  name: 'openai-responses',
  provider: 'openai',
  route: ({ method, path }) =>
    method === 'POST' && inPath(path, '/responses') ? { operation: 'chat', model: '', streamed: null } : null,
  request: readRequest,

  input(body) {
    const instructions = textAt(body, 'instructions')
    const input = at(body, 'input')
    if (instructions === '') return input
    const rest = Array.isArray(input) ? (input as unknown[]) : [{ role: 'user', content: input }]
    return [{ role: 'system', content: instructions }, ...rest]
  },

  body(body, facts) {
    readResponse(body, facts)
    for (const [index, item] of listAt(body, 'output').entries()) {
      for (const part of listAt(item, 'content')) facts.answer.addText(textAt(part, 'text') || textAt(part, 'refusal'))
      for (const part of listAt(item, 'summary')) facts.answer.addReasoning(textAt(part, 'text'))
      if (isToolCall(item)) facts.answer.addToolCall(index, { ...callOf(item), arguments: argumentsOf(item) })
    }
  },

  event({ name, data }, facts) {
    const type = textAt(data, 'type') || name
    const delta = textAt(data, 'delta')
    switch (type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        return facts.answer.addText(delta)
      case 'response.reasoning_text.delta':
      case 'response.reasoning_summary_text.delta':
        return facts.answer.addReasoning(delta)
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
      case 'response.mcp_call_arguments.delta':
        return facts.answer.addToolCall(numberAt(data, 'output_index') ?? 0, { arguments: delta })
      case 'response.audio.delta':
        return delta !== ''
      case 'response.output_item.added':
        return isToolCall(at(data, 'item'))
          ? facts.answer.addToolCall(numberAt(data, 'output_index') ?? 0, callOf(at(data, 'item')))
          : false
      case 'error':
        facts.error_type = textAt(data, 'code') || textAt(data, 'error', 'code') || 'error'
        facts.error_message = textAt(data, 'message') || textAt(data, 'error', 'message')
        return false
      default:
        if (type.startsWith('response.') && at(data, 'response') !== undefined)
          readResponse(at(data, 'response'), facts)
        return false
    }
  },
}

function readResponse(response: unknown, facts: Facts): void {
  readEnvelope(response, facts)
  const status = textAt(response, 'status')
  if (status === 'failed') readStreamError(response, facts)
  if (status === 'incomplete') facts.finish_reason = textAt(response, 'incomplete_details', 'reason') || 'length'
  else if (status === 'cancelled') facts.finish_reason = status
  else if (status === 'completed')
    facts.finish_reason = listAt(response, 'output').some(isFunctionCall) ? 'tool_calls' : 'stop'
}

/** What the model called; tools that OpenAI runs itself, such as its web search, are among them. */
const isToolCall = (item: unknown) => textAt(item, 'type').endsWith('_call')
/** Calls that the client has to make, which is why the answer ends there. */
const isFunctionCall = (item: unknown) => ['function_call', 'custom_tool_call'].includes(textAt(item, 'type'))

const callOf = (item: unknown) => ({
  id: textAt(item, 'call_id') || textAt(item, 'id'),
  name: textAt(item, 'name') || textAt(item, 'type').replace(/_call$/, ''),
})
const argumentsOf = (item: unknown) => textAt(item, 'arguments') || textAt(item, 'input')
