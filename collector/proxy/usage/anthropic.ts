/** Anthropic's messages: its own API, and what Bedrock's invoke, Vertex and other vendors carry of it. */
import { at, listAt, numberAt, textAt } from './json.ts'
import { inPath } from './openai-path.ts'
import { type Facts, readIds, readRequest, setInputParts, type StreamEvent, type UsageParser } from './parser.ts'

export const anthropic: UsageParser = {
  name: 'anthropic',
  provider: 'anthropic',

  route({ method, path }) {
    if (method !== 'POST') return null
    if (inPath(path, '/messages') || inPath(path, '/v1/complete'))
      return { operation: 'chat', model: '', streamed: null }
    // Vertex names model and stream in the path.
    const vertex = /\/publishers\/anthropic\/models\/([^/:]+):(raw|streamRaw)Predict$/.exec(path)
    return vertex && { operation: 'chat', model: vertex[1] ?? '', streamed: vertex[2] === 'streamRaw' }
  },
  request: readRequest,
  input: promptOf,
  body: readMessage,
  event: readMessageEvent,
}

export function promptOf(body: unknown): unknown {
  const system = at(body, 'system')
  const messages = at(body, 'messages') ?? at(body, 'prompt')
  return system === undefined || !Array.isArray(messages)
    ? messages
    : [{ role: 'system', content: system }, ...messages]
}

export function readMessage(body: unknown, facts: Facts): void {
  readIds(body, facts)
  readUsage(at(body, 'usage'), facts)
  facts.finish_reason = textAt(body, 'stop_reason') || facts.finish_reason
  facts.answer.addText(textAt(body, 'completion'))
  for (const [index, block] of listAt(body, 'content').entries()) readBlock(block, index, facts)
}

export function readMessageEvent({ name, data }: StreamEvent, facts: Facts): boolean {
  const { answer } = facts
  switch (textAt(data, 'type') || name) {
    case 'message_start':
      readIds(at(data, 'message'), facts)
      readUsage(at(data, 'message', 'usage'), facts)
      return false
    case 'content_block_start':
      return readBlock(at(data, 'content_block'), numberAt(data, 'index') ?? 0, facts)
    case 'content_block_delta': {
      const delta = at(data, 'delta')
      const more = textAt(delta, 'partial_json')
      if (more !== '') return answer.addToolCall(numberAt(data, 'index') ?? 0, { arguments: more })
      return answer.addText(textAt(delta, 'text')) || answer.addReasoning(textAt(delta, 'thinking'))
    }
    case 'message_delta':
      facts.finish_reason = textAt(data, 'delta', 'stop_reason') || facts.finish_reason
      readUsage(at(data, 'usage'), facts)
      return false
    case 'error':
      facts.error_type = textAt(data, 'error', 'type') || 'error'
      facts.error_message = textAt(data, 'error', 'message')
      return false
    case 'completion':
      facts.finish_reason = textAt(data, 'stop_reason') || facts.finish_reason
      return answer.addText(textAt(data, 'completion'))
    default:
      return false
  }
}

/** A block as it stands in an answer, or as a stream opens it: mostly empty there. */
function readBlock(block: unknown, index: number, facts: Facts): boolean {
  const { answer } = facts
  const type = textAt(block, 'type')
  if (type === 'tool_use' || type === 'server_tool_use' || type === 'mcp_tool_use') {
    const input = at(block, 'input')
    const given =
      typeof input === 'object' && input !== null && Object.keys(input).length > 0 ? JSON.stringify(input) : ''
    return answer.addToolCall(index, { id: textAt(block, 'id'), name: textAt(block, 'name'), arguments: given })
  }
  return answer.addText(textAt(block, 'text')) || answer.addReasoning(textAt(block, 'thinking'))
}

/** Later counts of a stream are of the whole message, and replace earlier ones. */
function readUsage(usage: unknown, facts: Facts): void {
  setInputParts(
    facts,
    numberAt(usage, 'input_tokens'),
    numberAt(usage, 'cache_read_input_tokens'),
    numberAt(usage, 'cache_creation_input_tokens'),
  )
  facts.output_tokens = numberAt(usage, 'output_tokens') ?? facts.output_tokens
  facts.reasoning_tokens = numberAt(usage, 'output_tokens_details', 'thinking_tokens') ?? facts.reasoning_tokens
  facts.service_tier = textAt(usage, 'service_tier') || facts.service_tier
}
