/** Gemini's generateContent and embeddings, on Google's API and on Vertex. */
import { at, listAt, numberAt, plus, textAt } from './json.ts'
import { readStreamError } from './openai-usage.ts'
import { decoded } from './openai-path.ts'
import { setInput, type Facts, type UsageParser } from './parser.ts'

const operations: Record<string, string> = {
  generateContent: 'generate_content',
  streamGenerateContent: 'generate_content',
  embedContent: 'embeddings',
  batchEmbedContents: 'embeddings',
}

export const gemini: UsageParser = {
  name: 'gemini',
  provider: 'gcp.gemini',

  route({ method, path }) {
    const [, model = '', call = ''] = /\/(?:models|tunedModels|endpoints)\/([^/:]+):(\w+)$/.exec(path) ?? []
    if (method !== 'POST' || !Object.hasOwn(operations, call)) return null
    return {
      operation: operations[call] ?? '',
      model: decoded(model),
      streamed: call === 'streamGenerateContent',
    }
  },

  request(body, facts) {
    facts.max_tokens ??=
      numberAt(body, 'generationConfig', 'maxOutputTokens') ?? numberAt(body, 'generation_config', 'max_output_tokens')
  },

  input(body) {
    const system = at(body, 'systemInstruction') ?? at(body, 'system_instruction')
    const contents = at(body, 'contents') ?? at(body, 'content') ?? at(body, 'requests')
    const parts = at(system, 'parts')
    return parts === undefined || !Array.isArray(contents) ? contents : [{ role: 'system', parts }, ...contents]
  },

  body: (body, facts) => void read(body, facts),
  event: ({ data }, facts) => !readStreamError(data, facts) && read(data, facts),
}

function read(body: unknown, facts: Facts): boolean {
  // Answers that were asked for as a stream of no events are one list of chunks.
  if (Array.isArray(body)) return body.map((chunk) => read(chunk, facts)).includes(true)
  facts.request_id ||= textAt(body, 'responseId')
  facts.answered_model ||= textAt(body, 'modelVersion')
  readUsage(at(body, 'usageMetadata'), facts)
  const blocked = textAt(body, 'promptFeedback', 'blockReason')
  if (blocked !== '') facts.finish_reason = 'content_filter'
  let content = false
  for (const [choice, candidate] of listAt(body, 'candidates').entries()) {
    if (readParts(candidate, numberAt(candidate, 'index') ?? choice, facts)) content = true
    facts.finish_reason = textAt(candidate, 'finishReason') || facts.finish_reason
  }
  // The reason stays STOP where tools are called.
  if (facts.answer.toolCalls > 0 && facts.finish_reason === 'STOP') facts.finish_reason = 'tool_calls'
  return content
}

function readParts(candidate: unknown, choice: number, facts: Facts): boolean {
  let content = false
  for (const part of listAt(candidate, 'content', 'parts')) {
    const text = textAt(part, 'text')
    const added = at(part, 'thought') === true ? facts.answer.addReasoning(text) : facts.answer.addText(text, choice)
    if (added || at(part, 'inlineData') !== undefined) content = true
    const call = at(part, 'functionCall')
    if (call === undefined) continue
    const given = at(call, 'args')
    content = true
    facts.answer.addToolCall(facts.answer.toolCalls, {
      id: textAt(call, 'id'),
      name: textAt(call, 'name'),
      arguments: given === undefined ? '' : JSON.stringify(given),
    })
  }
  return content
}

/** Every chunk has the usage so far. Thoughts stand beside the candidates, and what tools put in beside the prompt. */
function readUsage(usage: unknown, facts: Facts): void {
  if (usage === undefined) return
  const thoughts = numberAt(usage, 'thoughtsTokenCount')
  setInput(
    facts,
    plus(numberAt(usage, 'promptTokenCount'), numberAt(usage, 'toolUsePromptTokenCount')),
    numberAt(usage, 'cachedContentTokenCount'),
  )
  facts.reasoning_tokens = thoughts ?? facts.reasoning_tokens
  facts.output_tokens =
    plus(numberAt(usage, 'candidatesTokenCount') ?? (thoughts && 0), thoughts) ?? facts.output_tokens
  const tier = textAt(usage, 'trafficType')
  if (tier === 'PROVISIONED_THROUGHPUT') facts.service_tier = 'provisioned'
}
