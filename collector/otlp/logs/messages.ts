/** Messages that came as one log event each: a conversation in order, as JSON. */
import type { LogEvent } from '../../../records/log-event.ts'
import { firstOf, text } from '../dialects/attributes.ts'

type Message = Record<string, unknown>

const roleInName = /^gen_ai\.(system|user|assistant|tool)\.message$/
/** The second of each pair is LiteLLM's. */
const promptNames = new Set(['gen_ai.content.prompt'])
const answerNames = new Set(['gen_ai.choice', 'gen_ai.content.completion'])
const exceptionNames = new Set(['gen_ai.client.operation.exception', 'exception'])
/** Where clients put a message that has no body. */
const contentNames = ['gen_ai.event.content', 'gen_ai.prompt', 'gen_ai.completion']

export const isPrompt = ({ event_name }: LogEvent) => roleInName.test(event_name) || promptNames.has(event_name)
export const isAnswer = ({ event_name }: LogEvent) => answerNames.has(event_name)
export const isDetails = ({ event_name }: LogEvent) => event_name === 'gen_ai.client.inference.operation.details'
export const isException = ({ event_name }: LogEvent) => exceptionNames.has(event_name)

/** Empty where the events tell nothing: clients that may not send content send the events all the same. */
export function messagesOf(events: readonly LogEvent[]): { input: string; output: string; finish_reason: string } {
  const choices = events.filter(isAnswer).map(choiceOf)
  choices.sort((a, b) => a.index - b.index)
  return {
    input: joined(events.filter(isPrompt).map(promptOf)),
    output: joined(choices.map((choice) => choice.message)),
    finish_reason: choices.find((choice) => choice.finish_reason !== '')?.finish_reason ?? '',
  }
}

/** Messages as they are, or nothing when they are but roles without words: `[{"role":"user","parts":[]}]`. */
export function unlessHollow(messages: string): string {
  const parsed = parse(messages)
  return parsed === null || speaks(parsed) ? messages : ''
}

function joined(messages: Message[]): string {
  return messages.some(speaks) ? JSON.stringify(messages) : ''
}

function promptOf(event: LogEvent): Message {
  const role = roleInName.exec(event.event_name)?.[1] ?? 'user'
  return { role, ...contentOf(event) }
}

function choiceOf(event: LogEvent): { index: number; finish_reason: string; message: Message } {
  const { index, finish_reason, message, ...rest } = contentOf(event)
  const reason = firstOf(typeof finish_reason === 'string' ? finish_reason : event.attributes.get('finish_reason'))
  const said = isObject(message) ? message : typeof message === 'string' ? { content: message } : rest
  return {
    index: typeof index === 'number' ? index : 0,
    finish_reason: reason,
    message: { role: 'assistant', ...said, ...(reason === '' ? {} : { finish_reason: reason }) },
  }
}

function contentOf({ body, attributes }: LogEvent): Message {
  const found = body === '' ? text(attributes, contentNames) : body
  const parsed = parse(found)
  return isObject(parsed) ? parsed : found === '' ? {} : { content: found }
}

/** What stands around words and is none. */
const shell = new Set(['role', 'type', 'index', 'finish_reason'])

function speaks(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(speaks)
  if (isObject(value)) return Object.entries(value).some(([key, item]) => !shell.has(key) && speaks(item))
  return value !== null && value !== undefined && value !== ''
}

function isObject(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Null for what is no JSON of messages. */
function parse(content: string): unknown {
  if (!content.startsWith('{') && !content.startsWith('[')) return null
  try {
    return JSON.parse(content) as unknown
  } catch {
    return null
  }
}
