/**
 * Chat completions: OpenAI's, Azure's, and what vLLM, SGLang, TGI, llama.cpp, Mistral, Groq, DeepSeek, OpenRouter, Gemini and many
 * more serve under the same path.
 */
import { at, listAt, numberAt, textAt } from './json.ts'
import { readEnvelope, readStreamError } from './openai-usage.ts'
import { deploymentOf, inPath } from './openai-path.ts'
import { type Facts, readRequest, type UsageParser } from './parser.ts'

export const openAiChat: UsageParser = {
  name: 'openai-chat',
  provider: 'openai',
  route: ({ method, path }) =>
    method === 'POST' && inPath(path, '/chat/completions')
      ? { operation: 'chat', model: deploymentOf(path), streamed: null }
      : null,
  request: readRequest,
  input: (body) => at(body, 'messages'),

  body(body, facts) {
    readEnvelope(body, facts)
    for (const choice of listAt(body, 'choices')) {
      readDelta(at(choice, 'message'), numberAt(choice, 'index') ?? 0, facts)
      facts.finish_reason ||= textAt(choice, 'finish_reason')
    }
  },

  event({ data }, facts) {
    if (readStreamError(data, facts)) return false
    readEnvelope(data, facts)
    let content = false
    for (const choice of listAt(data, 'choices')) {
      if (readDelta(at(choice, 'delta'), numberAt(choice, 'index') ?? 0, facts)) content = true
      facts.finish_reason ||= textAt(choice, 'finish_reason')
    }
    return content
  },
}

/** A message, or a piece of one. True when it bears content. */
function readDelta(delta: unknown, choice: number, facts: Facts): boolean {
  const { answer } = facts
  let content = answer.addText(textAt(delta, 'content'), choice)
  // Mistral's reasoning models answer in parts.
  for (const part of listAt(delta, 'content')) {
    if (answer.addText(textAt(part, 'text'), choice)) content = true
    for (const thought of listAt(part, 'thinking')) if (answer.addReasoning(textAt(thought, 'text'))) content = true
  }
  if (answer.addText(textAt(delta, 'refusal'), choice)) content = true
  // DeepSeek's and vLLM's name, then OpenRouter's, Groq's and newer vLLM's.
  if (answer.addReasoning(textAt(delta, 'reasoning_content') || textAt(delta, 'reasoning'))) content = true
  if (textAt(delta, 'audio', 'data') !== '' || textAt(delta, 'audio', 'transcript') !== '') content = true
  for (const [index, call] of listAt(delta, 'tool_calls').entries()) {
    const key = `${choice}.${numberAt(call, 'index') ?? index}`
    if (answer.addToolCall(key, toolCall(call))) content = true
  }
  const old = at(delta, 'function_call')
  if (typeof old === 'object' && old !== null && answer.addToolCall(`${choice}.function`, functionOf(old)))
    content = true
  return content
}

const toolCall = (call: unknown) => ({ id: textAt(call, 'id'), ...functionOf(at(call, 'function')) })

function functionOf(call: unknown): { name?: string; arguments: string } {
  const name = textAt(call, 'name')
  const given = at(call, 'arguments')
  // Some servers send an object where OpenAI sends its JSON.
  const text = typeof given === 'string' ? given : given === undefined || given === null ? '' : JSON.stringify(given)
  return name === '' ? { arguments: text } : { name, arguments: text }
}
