/** Amazon Bedrock: converse, whose answers are one shape, and invoke, whose bodies are each model family's own. */
import type { IncomingHttpHeaders } from 'node:http'
import { promptOf, readMessage, readMessageEvent } from './anthropic.ts'
import { at, listAt, numberAt, parsed, textAt } from './json.ts'
import { openAiChat } from './openai-chat.ts'
import { readUsage } from './openai-usage.ts'
import { decoded } from './openai-path.ts'
import { type Facts, readRequest, setInput, setInputParts, type StreamEvent, type UsageParser } from './parser.ts'

const modelPath = /\/model\/(.+)\/(converse|converse-stream|invoke|invoke-with-response-stream)$/

export const bedrock: UsageParser = {
  name: 'bedrock',
  provider: 'aws.bedrock',

  route({ method, path }) {
    const [, model = '', call = ''] = modelPath.exec(path) ?? []
    if (method !== 'POST' || call === '') return null
    const operation = /embed/i.test(model) ? 'embeddings' : 'chat'
    return { operation, model: decoded(model), streamed: call.includes('stream') }
  },

  request(body, facts) {
    facts.max_tokens ??=
      numberAt(body, 'inferenceConfig', 'maxTokens') ??
      numberAt(body, 'textGenerationConfig', 'maxTokenCount') ??
      numberAt(body, 'max_gen_len')
    readRequest(body, facts)
  },

  input: (body) => at(body, 'inputText') ?? at(body, 'texts') ?? promptOf(body),

  /** Of an invoke that is no stream the counts stand in the head, whatever the model. */
  head(headers, facts) {
    const count = (name: string) => countIn(headers, `x-amzn-bedrock-${name}-token-count`)
    facts.request_id ||= textAt(headers, 'x-amzn-requestid')
    setInputParts(facts, count('input'), count('cache-read-input'), count('cache-write-input'))
    facts.output_tokens = count('output') ?? facts.output_tokens
  },

  body(body, facts) {
    if (at(body, 'output', 'message') !== undefined || at(body, 'usage', 'inputTokens') !== undefined)
      readConverse(body, facts)
    else readInvoke(body, facts)
  },

  event(event, facts) {
    if (event.name === 'chunk') {
      const inner = parsed(Buffer.from(textAt(event.data, 'bytes'), 'base64').toString('utf8'))
      readMetrics(at(inner, 'amazon-bedrock-invocationMetrics'), facts)
      return readInvokeEvent({ name: '', data: inner }, facts)
    }
    if (/exception$/i.test(event.name)) {
      facts.error_type = event.name
      facts.error_message = textAt(event.data, 'message')
      return false
    }
    return readConverseEvent(event, facts)
  },
}

function readConverse(body: unknown, facts: Facts): void {
  readConverseUsage(body, facts)
  facts.finish_reason = textAt(body, 'stopReason') || facts.finish_reason
  for (const [index, block] of listAt(body, 'output', 'message', 'content').entries()) {
    facts.answer.addText(textAt(block, 'text'))
    facts.answer.addReasoning(textAt(block, 'reasoningContent', 'reasoningText', 'text'))
    const tool = at(block, 'toolUse')
    if (tool !== undefined)
      facts.answer.addToolCall(index, {
        id: textAt(tool, 'toolUseId'),
        name: textAt(tool, 'name'),
        arguments: jsonOf(at(tool, 'input')),
      })
  }
}

function readConverseEvent({ name, data }: StreamEvent, facts: Facts): boolean {
  const index = numberAt(data, 'contentBlockIndex') ?? 0
  switch (name) {
    case 'contentBlockStart': {
      const tool = at(data, 'start', 'toolUse')
      if (tool === undefined) return false
      return facts.answer.addToolCall(index, { id: textAt(tool, 'toolUseId'), name: textAt(tool, 'name') })
    }
    case 'contentBlockDelta': {
      const delta = at(data, 'delta')
      const input = textAt(delta, 'toolUse', 'input')
      if (input !== '') return facts.answer.addToolCall(index, { arguments: input })
      return (
        facts.answer.addText(textAt(delta, 'text')) ||
        facts.answer.addReasoning(textAt(delta, 'reasoningContent', 'text'))
      )
    }
    case 'messageStop':
      facts.finish_reason = textAt(data, 'stopReason') || facts.finish_reason
      return false
    case 'metadata':
      readConverseUsage(data, facts)
      return false
    default:
      return false
  }
}

function readConverseUsage(body: unknown, facts: Facts): void {
  const usage = at(body, 'usage')
  const cached = numberAt(usage, 'cacheReadInputTokens') ?? numberAt(usage, 'cacheReadInputTokenCount')
  const written = numberAt(usage, 'cacheWriteInputTokens') ?? numberAt(usage, 'cacheWriteInputTokenCount')
  setInputParts(facts, numberAt(usage, 'inputTokens'), cached, written)
  facts.output_tokens = numberAt(usage, 'outputTokens') ?? facts.output_tokens
  const tier = textAt(body, 'performanceConfig', 'latency') || textAt(body, 'serviceTier', 'type')
  if (tier !== '') facts.service_tier = tier
}

/** Counts that the service itself adds to the last chunk of any model. */
function readMetrics(metrics: unknown, facts: Facts): void {
  if (metrics === undefined) return
  const cached = numberAt(metrics, 'cacheReadInputTokenCount')
  setInputParts(facts, numberAt(metrics, 'inputTokenCount'), cached, numberAt(metrics, 'cacheWriteInputTokenCount'))
  facts.output_tokens = numberAt(metrics, 'outputTokenCount') ?? facts.output_tokens
}

function readInvoke(body: unknown, facts: Facts): void {
  readFamily(body, facts)
  if (at(body, 'choices') !== undefined) openAiChat.body(body, facts)
  else readMessage(body, facts)
}

function readInvokeEvent(event: StreamEvent, facts: Facts): boolean {
  const { data } = event
  // Nova streams what converse does, each event under its own name.
  for (const name of ['contentBlockStart', 'contentBlockDelta', 'messageStop', 'metadata'] as const)
    if (at(data, name) !== undefined) return readConverseEvent({ name, data: at(data, name) }, facts)
  if (at(data, 'choices') !== undefined) return openAiChat.event(event, facts)
  return readFamily(data, facts) || readMessageEvent(event, facts)
}

/** Llama, Titan, Cohere, Mistral and AI21's older shapes; whole or in chunks they differ little. */
function readFamily(body: unknown, facts: Facts): boolean {
  const { answer } = facts
  setInput(facts, numberAt(body, 'prompt_token_count') ?? numberAt(body, 'inputTextTokenCount'), null)
  facts.output_tokens =
    numberAt(body, 'generation_token_count') ?? numberAt(body, 'totalOutputTextTokenCount') ?? facts.output_tokens
  let content = answer.addText(textAt(body, 'generation')) || answer.addText(textAt(body, 'outputText'))
  // Llama's chunks say null until the last.
  if (textAt(body, 'generation') !== '' || at(body, 'generation') !== undefined)
    facts.finish_reason = textAt(body, 'stop_reason') || facts.finish_reason
  facts.finish_reason = textAt(body, 'completionReason') || textAt(body, 'finish_reason') || facts.finish_reason
  for (const result of [...listAt(body, 'results'), ...listAt(body, 'outputs'), ...listAt(body, 'generations')]) {
    if (answer.addText(textAt(result, 'outputText') || textAt(result, 'text'))) content = true
    facts.output_tokens = numberAt(result, 'tokenCount') ?? facts.output_tokens
    const reason =
      textAt(result, 'completionReason') || textAt(result, 'stop_reason') || textAt(result, 'finish_reason')
    facts.finish_reason = reason || facts.finish_reason
  }
  if (at(body, 'choices') === undefined && at(body, 'type') === undefined) readUsage(at(body, 'usage'), facts)
  return content
}

function countIn(headers: IncomingHttpHeaders, name: string): number | null {
  const value = headers[name]
  return typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : null
}

const jsonOf = (value: unknown) => (value === undefined ? '' : JSON.stringify(value))
