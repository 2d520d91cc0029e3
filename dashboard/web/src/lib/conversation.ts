/**
 * What is stored of prompts and answers, in whatever shape the client sent it, as one list of messages: OpenAI chat, completions and
 * responses, Anthropic, Gemini, Bedrock Converse, OpenTelemetry GenAI, Vercel AI, LangChain, Cohere, plain text. What no shape fits
 * stays what it is, as JSON.
 */
import { parseCut } from './cut-json.ts'

export type Part =
  | { kind: 'text'; text: string }
  | { kind: 'reasoning'; text: string }
  | { kind: 'tool_call'; id: string; name: string; arguments: string }
  | { kind: 'tool_result'; id: string; name: string; text: string }
  /** An image, a sound, a file: said, never shown or fetched. */
  | { kind: 'media'; media: string; what: string }
  /** Of a shape that is not known. */
  | { kind: 'data'; json: string }

export interface Message {
  /** system, user, assistant, tool, or the client's own word. */
  role: string
  /** Of the speaker or the tool, when the client says one. */
  name: string
  parts: Part[]
}

type Fields = Record<string, unknown>

/** Messages of one stored text; `role` is that of text which says none. Empty for an empty text. */
export function messagesOf(text: string, role: 'user' | 'assistant'): Message[] {
  if (text === '') return []
  const parsed = /^\s*[[{"]/.test(text) ? parseCut(text) : undefined
  if (parsed === undefined || typeof parsed !== 'object' || parsed === null)
    return [said(role, [{ kind: 'text', text: typeof parsed === 'string' ? parsed : text }])]
  try {
    const messages = fromValue(parsed, role, 0)
    return messages.length > 0 ? messages : [said(role, [{ kind: 'data', json: pretty(parsed) }])]
  } catch (error) {
    // Nested deeper than the stack goes: no client writes so, and the text can be read as it is.
    if (error instanceof RangeError) return [said(role, [{ kind: 'text', text }])]
    throw error
  }
}

const said = (role: string, parts: Part[], name = ''): Message => ({ role, name, parts })

/** Deeper than clients wrap messages in lists and objects. */
const maxDepth = 6

function fromValue(value: unknown, role: string, depth: number): Message[] {
  if (typeof value === 'string') return value === '' ? [] : [said(role, [{ kind: 'text', text: value }])]
  if (value === null || value === undefined) return []
  if (depth > maxDepth || typeof value !== 'object') return [said(role, [{ kind: 'data', json: pretty(value) }])]
  if (!Array.isArray(value)) return fromObject(value as Fields, role, depth)
  // A list of parts is one message; a list of texts are several prompts.
  if (value.length > 0 && value.every((item) => isPart(item))) return [said(role, value.flatMap(partsOf))]
  return joined(value.flatMap((item) => fromValue(item, role, depth + 1)))
}

/** Items of the Responses API and pieces of one answer stand beside each other: of one speaker they are one message. */
function joined(messages: Message[]): Message[] {
  const out: Message[] = []
  for (const message of messages) {
    const last = out.at(-1)
    const isCall = (one: Message) => one.parts.every(({ kind }) => kind === 'tool_call' || kind === 'reasoning')
    if (last && last.role === message.role && last.role === 'assistant' && (isCall(last) || isCall(message)))
      last.parts = [...last.parts, ...message.parts]
    else out.push(message)
  }
  return out
}

function fromObject(value: Fields, role: string, depth: number): Message[] {
  const unwrapped = wrapped(value, role, depth)
  if (unwrapped) return unwrapped
  const item = itemOf(value)
  if (item) return [item]
  const speaker = speakerOf(value)
  if (speaker === null && !hasContent(value))
    return isPart(value) ? [said(role, partsOf(value))] : [said(role, [{ kind: 'data', json: pretty(value) }])]
  return [messageOf(value, speaker ?? role)]
}

/** Objects around messages: request and answer bodies, and how frameworks write lists down. */
function wrapped(value: Fields, role: string, depth: number): Message[] | null {
  const inner = (key: string, as = role) => fromValue(value[key], as, depth + 1)
  const system = ['system', 'systemInstruction', 'system_instruction', 'instructions', 'preamble'].flatMap((key) =>
    value.role === undefined && value[key] !== undefined ? inner(key, 'system') : [],
  )
  for (const key of ['messages', 'contents', 'chat_history', 'input', 'prompt', 'prompts'])
    if (value.role === undefined && value.type === undefined && value[key] !== undefined && value[key] !== null) {
      const isList = Array.isArray(value[key]) || typeof value[key] === 'string'
      if (!isList && key !== 'messages') continue
      const latest = typeof value.message === 'string' ? inner('message', 'user') : []
      return [...system.map((message) => ({ ...message, role: 'system' })), ...inner(key), ...latest]
    }
  if (Array.isArray(value.choices)) return value.choices.flatMap((choice) => choiceOf(choice, depth))
  if (Array.isArray(value.candidates))
    return value.candidates.flatMap((one) => fromValue((one as Fields)?.content, 'assistant', depth + 1))
  if (Array.isArray(value.generations)) return inner('generations', 'assistant')
  if (
    value.output !== undefined &&
    value.role === undefined &&
    (value.type === undefined || value.object !== undefined)
  )
    return inner('output', 'assistant')
  if (value.message !== undefined && typeof value.message === 'object' && value.role === undefined)
    return inner('message')
  // LangChain writes { type: 'human', data: { content } } and { id: [..., 'HumanMessage'], kwargs: { content } }.
  if (isFields(value.kwargs) && Array.isArray(value.id))
    return [messageOf(value.kwargs, roleWord(String(value.id.at(-1)).replace(/Message(?:Chunk)?$/, '')))]
  if (isFields(value.data) && typeof value.type === 'string' && hasContent(value.data))
    return [messageOf(value.data, roleWord(value.type))]
  return system.length > 0 && !hasContent(value) ? system : null
}

function choiceOf(choice: unknown, depth: number): Message[] {
  const { message, delta, text } = (choice ?? {}) as Fields
  return fromValue(message ?? delta ?? text, 'assistant', depth + 1)
}

/** An item of the Responses API that is no message. */
function itemOf(value: Fields): Message | null {
  const { type } = value
  if (typeof type !== 'string' || value.role !== undefined) return null
  if (type === 'reasoning' && (value.summary !== undefined || value.encrypted_content !== undefined))
    return said('assistant', [
      { kind: 'reasoning', text: textOf(value.summary) || textOf(value.content) || 'not disclosed' },
    ])
  if (type.endsWith('_call_output'))
    return said('tool', [
      { kind: 'tool_result', id: word(value.call_id), name: word(value.name), text: textOf(value.output) },
    ])
  if (type === 'function_call' || type === 'custom_tool_call' || type === 'mcp_call')
    return said('assistant', [callOf(value.call_id ?? value.id, value.name, value.arguments ?? value.input)])
  if (type.endsWith('_call') && type !== 'tool_call')
    return said('assistant', [callOf(value.id, type.slice(0, -5), value.action ?? value.queries ?? value.code)])
  return null
}

function messageOf(value: Fields, role: string): Message {
  const parts: Part[] = []
  const thought = value.reasoning_content ?? value.reasoning ?? value.thinking
  if (typeof thought === 'string' && thought !== '') parts.push({ kind: 'reasoning', text: thought })
  const content = value.parts ?? value.content ?? value.contents ?? value.message ?? value.text
  const isResult = role === 'tool' || role === 'function'
  if (isResult && !holdsResults(content))
    parts.push({
      kind: 'tool_result',
      id: word(value.tool_call_id ?? value.toolCallId ?? value.id),
      name: word(value.name ?? value.tool_name),
      text: textOf(content),
    })
  else if (content !== undefined && content !== null) parts.push(...partsOf(content))
  if (typeof value.refusal === 'string' && value.refusal !== '') parts.push({ kind: 'text', text: value.refusal })
  for (const key of [
    'tool_calls',
    'toolCalls',
    'tool_results',
    'images',
    'function_call',
    'functionCall',
    'audio',
  ] as const)
    parts.push(...extraParts(key, value[key]))
  const name = isResult ? '' : word(value.name)
  return said(role, parts, name)
}

const holdsResults = (content: unknown) =>
  Array.isArray(content) && content.some((part) => partsOf(part).some(({ kind }) => kind === 'tool_result'))

function extraParts(key: string, value: unknown): Part[] {
  if (value === undefined || value === null) return []
  if (key === 'images') return listOf(value).map(() => ({ kind: 'media', media: 'image', what: '' }))
  if (key === 'audio') return [{ kind: 'media', media: 'audio', what: word((value as Fields).transcript) }]
  if (key === 'tool_results')
    return listOf(value).map((result) => ({ kind: 'tool_result', id: '', name: '', text: textOf(result) }))
  return listOf(value).map((call) => {
    const { id, name, args, input, arguments: given, toolCallId, toolName, function: of } = (call ?? {}) as Fields
    const inner = isFields(of) ? of : {}
    return callOf(id ?? toolCallId, inner.name ?? name ?? toolName, inner.arguments ?? given ?? args ?? input)
  })
}

const callOf = (id: unknown, name: unknown, given: unknown): Part => ({
  kind: 'tool_call',
  id: word(id),
  name: word(name),
  arguments: typeof given === 'string' ? given : given === undefined || given === null ? '' : pretty(given),
})

/** A part, a list of them, or a text. */
function partsOf(value: unknown): Part[] {
  if (typeof value === 'string') return value === '' ? [] : [{ kind: 'text', text: value }]
  if (Array.isArray(value)) return value.flatMap(partsOf)
  if (!isFields(value)) return value === null || value === undefined ? [] : [{ kind: 'data', json: pretty(value) }]
  const type = word(value.type).toLowerCase().replaceAll('-', '_')
  return typedParts(type, value) ?? keyedParts(value) ?? [{ kind: 'data', json: pretty(value) }]
}

const textTypes = new Set(['text', 'input_text', 'output_text', 'summary_text', 'refusal', 'message'])
const reasoningTypes = new Set(['thinking', 'reasoning', 'redacted_thinking', 'reasoning_text', 'thought'])
const callTypes = new Set(['tool_call', 'tool_use', 'server_tool_use', 'mcp_tool_use', 'function_call', 'function'])
const isResultType = (type: string) => /^(?:tool_call_response|tool_result|function_response)$|_tool_result$/.test(type)
const media = /image|audio|video|document|file|blob|uri/

/** Parts that say their type: OpenAI, Anthropic, OpenTelemetry, Vercel. */
function typedParts(type: string, value: Fields): Part[] | null {
  if (type === '') return null
  if (textTypes.has(type)) {
    const text = value.text ?? value.content ?? value.refusal
    return typeof text === 'string' ? [{ kind: 'text', text }] : text === undefined ? null : partsOf(text)
  }
  if (reasoningTypes.has(type)) {
    const text = value.thinking ?? value.text ?? value.content ?? value.summary
    return [{ kind: 'reasoning', text: text === undefined ? 'not disclosed' : textOf(text) }]
  }
  if (callTypes.has(type)) {
    const [call] = extraParts('tool_calls', value)
    return call ? [call] : null
  }
  if (isResultType(type)) {
    const result = value.response ?? value.result ?? value.output ?? value.content
    const id = value.tool_use_id ?? value.toolCallId ?? value.tool_call_id ?? value.id
    return [{ kind: 'tool_result', id: word(id), name: word(value.toolName ?? value.name), text: textOf(result) }]
  }
  if (media.test(type)) return [mediaOf(value.modality ?? type, value)]
  return null
}

/** Parts that are named by their key: Gemini, Bedrock Converse, OpenInference. */
function keyedParts(value: Fields): Part[] | null {
  const { functionCall, functionResponse, toolUse, toolResult, reasoningContent } = value
  if (isFields(value.message_content)) return partsOf(value.message_content)
  if (isFields(functionCall)) return [callOf(functionCall.id, functionCall.name, functionCall.args)]
  if (isFields(functionResponse)) return [result(functionResponse.id, functionResponse.name, functionResponse.response)]
  if (isFields(toolUse)) return [callOf(toolUse.toolUseId, toolUse.name, toolUse.input)]
  if (isFields(toolResult)) return [result(toolResult.toolUseId, '', toolResult.content)]
  if (isFields(reasoningContent)) {
    const text = isFields(reasoningContent.reasoningText) ? reasoningContent.reasoningText.text : reasoningContent.text
    return [{ kind: 'reasoning', text: typeof text === 'string' ? text : 'not disclosed' }]
  }
  if (typeof value.text === 'string') return [{ kind: value.thought === true ? 'reasoning' : 'text', text: value.text }]
  if (isFields(value.executableCode)) return [callOf('', 'code', value.executableCode.code)]
  if (isFields(value.codeExecutionResult)) return [result('', 'code', value.codeExecutionResult.output)]
  for (const key of ['inlineData', 'inline_data', 'fileData', 'file_data', 'image', 'document', 'video', 'audio'])
    if (isFields(value[key])) return [mediaOf(key, value[key])]
  if (value.cachePoint !== undefined) return []
  if (value.json !== undefined) return [{ kind: 'data', json: pretty(value.json) }]
  return null
}

const result = (id: unknown, name: unknown, content: unknown): Part => ({
  kind: 'tool_result',
  id: word(id),
  name: word(name),
  text: textOf(content),
})

/** What is said of an image or a file: its type and where it is from, never its bytes. */
function mediaOf(kind: unknown, value: Fields): Part {
  const source = isFields(value.source) ? value.source : isFields(value.file) ? value.file : value
  const type = [source, value]
    .flatMap((from) => [from.media_type, from.mediaType, from.mimeType, from.mime_type, from.format])
    .find((known) => typeof known === 'string')
  const address = isFields(value.image_url) ? value.image_url.url : value.image_url
  const place = [
    address,
    source.url,
    source.uri,
    source.fileUri,
    source.image,
    source.file_id,
    source.filename,
    value.name,
  ].find((known): known is string => typeof known === 'string' && known !== '')
  const word = String(kind)
    .replace(/^input_/, '')
    .replace(/_url$|Data$|_data$/, '')
  const about = typeof type === 'string' ? type : ''
  return {
    kind: 'media',
    media: /image/.test(`${word} ${about}`)
      ? 'image'
      : /audio/.test(`${word} ${about}`)
        ? 'audio'
        : /video/.test(`${word} ${about}`)
          ? 'video'
          : 'file',
    what: [about, place === undefined ? '' : placeOf(place)].filter((text) => text !== '').join(', '),
  }
}

function placeOf(address: string): string {
  const inline = /^data:([\w.+/-]{0,100})/.exec(address)
  if (inline) return inline[1] ?? ''
  return address.length > 120 ? `${address.slice(0, 120)}…` : address
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value])
const word = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
const pretty = (value: unknown) => JSON.stringify(value, null, 2) ?? ''

/** Roles as vendors call them. */
const roles: Record<string, string> = {
  model: 'assistant',
  ai: 'assistant',
  bot: 'assistant',
  chatbot: 'assistant',
  human: 'user',
  function: 'tool',
}
function roleWord(role: string): string {
  const lower = role.toLowerCase()
  return Object.hasOwn(roles, lower) ? (roles[lower] ?? lower) : lower
}

function speakerOf(value: Fields): string | null {
  if (typeof value.role === 'string' && value.role !== '') return roleWord(value.role)
  // LangChain's shortest form.
  return typeof value.type === 'string' && /^(?:human|ai|system|tool|chat)$/.test(value.type) && hasContent(value)
    ? roleWord(value.type)
    : null
}

const hasContent = (value: Fields) =>
  ['content', 'parts', 'contents', 'tool_calls'].some((key) => value[key] !== undefined && value[key] !== null) &&
  !isPart(value)

/** Whether it is a piece of a message and no message. */
function isPart(value: unknown): boolean {
  if (!isFields(value) || value.role !== undefined) return false
  const type = word(value.type).toLowerCase().replaceAll('-', '_')
  if (type !== '')
    return (
      type !== 'message' &&
      (textTypes.has(type) ||
        reasoningTypes.has(type) ||
        callTypes.has(type) ||
        isResultType(type) ||
        media.test(type)) &&
      itemOf(value) === null
    )
  const keys = Object.keys(value)
  return keys.length > 0 && keyedParts(value) !== null
}

/** All text of a result: text as it is, parts' texts below each other, anything else as JSON. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  const parts = partsOf(value)
  const isPlain = Array.isArray(value) || (isFields(value) && word(value.type) !== '')
  return isPlain && parts.every((part) => part.kind === 'text' || part.kind === 'media')
    ? parts
        .map((part) => (part.kind === 'text' ? part.text : `[${part.kind === 'media' ? part.media : ''}]`))
        .join('\n')
    : pretty(value)
}

/**
 * What a call added to the one before: chat clients send all that was said with every call. Messages at the start that were in the
 * call before, or were its answer, are left out; `repeated` says how many.
 */
export function newMessages(
  before: readonly Message[],
  input: readonly Message[],
): { messages: Message[]; repeated: number } {
  let repeated = 0
  while (repeated < input.length && repeated < before.length && same(before[repeated], input[repeated])) repeated += 1
  // One that is asked again from another place is told in full.
  return repeated === input.length ? { messages: [], repeated } : { messages: input.slice(repeated), repeated }
}

const same = (a: Message | undefined, b: Message | undefined) => comparable(a) === comparable(b)

/** Ids and spaces differ between what was answered and what is sent back; reasoning is seldom sent back. */
function comparable(message: Message | undefined): string {
  if (!message) return ''
  const parts = message.parts
    .filter(({ kind }) => kind !== 'reasoning')
    .map((part) => {
      if (part.kind === 'text') return part.text.trim()
      if (part.kind === 'tool_call') return [part.name, part.arguments.replaceAll(/\s/g, '')]
      return part.kind === 'tool_result' ? part.text.trim() : part
    })
  return JSON.stringify([message.role, parts])
}

/** The first words of what was said last, for a list. */
export function previewOf(text: string, role: 'user' | 'assistant'): string {
  const parts = messagesOf(text, role).at(-1)?.parts ?? []
  const first = parts.find((part) => part.kind === 'text') ?? parts[0]
  if (!first) return ''
  if (first.kind === 'tool_call') return `calls ${first.name}`
  if (first.kind === 'media') return `[${first.media}]`
  return first.kind === 'data' ? first.json : first.text
}
