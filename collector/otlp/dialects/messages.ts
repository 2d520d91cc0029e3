/** Messages in the four carriers clients use: JSON strings, structured values, span events, flattened attributes. */
import type { Attributes, AttributeValue, Span } from '../../../records/span.ts'
import { json, text, textOf } from './attributes.ts'

/** More messages or parts than any conversation has: a flattened index beyond is not trusted. */
const maxIndex = 10_000
/** Deeper than any message: what is longer is no flattened message, and would only fill the stack. */
const maxSteps = 24

interface Node {
  value?: AttributeValue
  children?: Map<string, Node>
}

/**
 * Rebuilds messages from attributes such as `llm.input_messages.0.message.content`, as JSON; empty when there are none.
 * `unwrap` names the levels that only wrap (`message`, `tool_call`).
 */
export function unflatten(attributes: Attributes, prefix: string, unwrap: ReadonlySet<string>): string {
  const root: Node = {}
  for (const [key, value] of attributes) {
    if (!key.startsWith(prefix)) continue
    const steps = key.slice(prefix.length).split('.', maxSteps + 1)
    if (steps.length > maxSteps) continue
    let node = root
    for (const step of steps) {
      if (unwrap.has(step)) continue
      node.children ??= new Map()
      let next = node.children.get(step)
      if (!next) node.children.set(step, (next = {}))
      node = next
    }
    node.value = value
  }
  if (!root.children) return ''
  return json(build(root))
}

function build(node: Node): AttributeValue {
  if (!node.children) return node.value ?? null
  const entries = [...node.children]
  if (entries.every(([key]) => /^\d{1,5}$/.test(key) && Number(key) <= maxIndex)) {
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => build(child))
  }
  // fromEntries defines properties, so that a key of __proto__ stays data.
  return Object.fromEntries(entries.map(([key, child]) => [key, build(child)]))
}

/** System instructions, which OTel keeps apart, put in front of the messages. */
export function withSystem(system: string, messages: string): string {
  if (system === '') return messages
  const parts = system.startsWith('[') ? system : json([{ type: 'text', content: system }])
  const first = `{"role":"system","parts":${parts}}`
  if (!messages.startsWith('[')) return messages === '' ? `[${first}]` : messages
  return messages.length > 2 ? `[${first},${messages.slice(1)}` : `[${first}]`
}

const promptEvents = new Set([
  'gen_ai.content.prompt',
  'gen_ai.system.message',
  'gen_ai.user.message',
  'gen_ai.assistant.message',
  'gen_ai.tool.message',
])
const answerEvents = new Set(['gen_ai.content.completion', 'gen_ai.choice'])
const detailEvents = new Set(['gen_ai.client.inference.operation.details'])

/** Messages that came as span events. One event that already holds a list is passed on as it is. */
export function eventMessages(span: Span): { input: string; output: string } {
  if (span.events.length === 0) return { input: '', output: '' }
  const details = span.events.find((event) => detailEvents.has(event.name))
  if (details) {
    return {
      input: withSystem(
        text(details.attributes, ['gen_ai.system_instructions']),
        text(details.attributes, ['gen_ai.input.messages']),
      ),
      output: text(details.attributes, ['gen_ai.output.messages']),
    }
  }
  return { input: joined(span, promptEvents), output: joined(span, answerEvents) }
}

function joined(span: Span, names: ReadonlySet<string>): string {
  const messages = span.events.filter((event) => names.has(event.name)).map(eventMessage)
  const [first] = messages
  if (first === undefined) return ''
  return messages.length === 1 && first.startsWith('[') ? first : `[${messages.join(',')}]`
}

/** JSON of one message event: its JSON body where it has one, else its attributes. */
function eventMessage(event: { name: string; attributes: Attributes }): string {
  const body = text(event.attributes, ['gen_ai.event.content', 'gen_ai.prompt', 'gen_ai.completion'])
  if (body.startsWith('{') || body.startsWith('[')) return body
  const role = /^gen_ai\.(system|user|assistant|tool)\.message$/.exec(event.name)?.[1]
  if (body !== '') return json({ role: role ?? (answerEvents.has(event.name) ? 'assistant' : 'user'), content: body })
  const fields = [...event.attributes].filter(([key]) => key !== 'gen_ai.system' && key !== 'event.name')
  return json({ ...(role === undefined ? {} : { role }), ...Object.fromEntries(fields) })
}

/** An answer as one message when it has tool calls beside its text; plain text stays plain. */
export function answer(content: string, toolCalls: AttributeValue | undefined): string {
  const calls = textOf(toolCalls)
  if (calls === null || !calls.startsWith('[')) return content
  return `[{"role":"assistant","content":${JSON.stringify(content)},"tool_calls":${calls}}]`
}
