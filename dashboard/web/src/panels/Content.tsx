import type { RequestDetail } from '../data/requests.ts'

/** Prompt and answer, where content is kept. */
export function Content({ request: { input, output } }: { request: RequestDetail }) {
  if (input === '' && output === '') return null
  return (
    <section className="request-section" aria-label="Content">
      <h3>Content</h3>
      {messagesOf(input, 'prompt').map(({ id, role, text }) => (
        <Message key={id} role={role} text={text} />
      ))}
      {messagesOf(output, 'answer').map(({ id, role, text }) => (
        <Message key={id} role={role} text={text} />
      ))}
    </section>
  )
}

function Message({ role, text }: { role: string; text: string }) {
  return (
    <figure className="message">
      <figcaption>{role}</figcaption>
      <pre>{text}</pre>
    </figure>
  )
}

interface Message {
  id: string
  role: string
  text: string
}

/** Messages when the text is JSON of some, the text itself otherwise. */
function messagesOf(text: string, role: string): Message[] {
  if (text === '') return []
  const parsed = parse(text)
  if (!Array.isArray(parsed)) return [{ id: role, role, text }]
  return parsed.map((message: unknown, index) => {
    const known = message as { role?: unknown; content?: unknown; parts?: unknown }
    const content = known?.content ?? known?.parts ?? message
    return {
      id: `${role} ${index}`,
      role: typeof known?.role === 'string' ? known.role : role,
      text: typeof content === 'string' ? content : textOf(content),
    }
  })
}

function textOf(content: unknown): string {
  const texts = Array.isArray(content)
    ? content.map(
        (part: unknown) =>
          (part as { text?: unknown; content?: unknown })?.text ?? (part as { content?: unknown })?.content,
      )
    : []
  return texts.length > 0 && texts.every((text) => typeof text === 'string')
    ? texts.join('\n')
    : JSON.stringify(content, null, 2)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
