/** Messages of a conversation: who said what, tools and their results, reasoning; long ones folded. */
import { CopyButton } from '@mantine/core'
import { IconBrain, IconPhoto, IconTool } from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'
import type { Message, Part } from '../../lib/conversation.ts'
import { formatCount } from '../../lib/format.ts'
import '../../styles/trace.css'

const Markdown = lazy(() => import('./Markdown.tsx'))

interface MessagesProps {
  messages: readonly Message[]
  /** As stored, instead of rendered. */
  raw?: boolean
}

export function Messages({ messages, raw = false }: MessagesProps) {
  return (
    <ol className="messages">
      {messages.map((message, index) => (
        // A conversation only grows: a message keeps its place.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={index} className="message" data-role={message.role}>
          <header className="message-head">
            <b>{message.role}</b>
            {message.name !== '' && <span className="dim">{message.name}</span>}
            <Copy text={textOf(message)} label={`Copy this ${message.role} message`} />
          </header>
          {message.parts.map((part, place) => (
            // oxlint-disable-next-line react/no-array-index-key
            <PartView key={place} part={part} raw={raw} />
          ))}
          {message.parts.length === 0 && <p className="dim">empty</p>}
        </li>
      ))}
    </ol>
  )
}

function PartView({ part, raw }: { part: Part; raw: boolean }) {
  if (part.kind === 'text') return <Folded text={part.text} rendered={!raw} />
  if (part.kind === 'data') return <Folded text={part.json} rendered={false} />
  if (part.kind === 'reasoning')
    return (
      <details className="message-aside" open={part.text.length < 400}>
        <summary>
          <IconBrain size={14} aria-hidden /> Reasoning
        </summary>
        <Folded text={part.text} rendered={!raw} />
      </details>
    )
  if (part.kind === 'media')
    return (
      <p className="media">
        <IconPhoto size={14} aria-hidden /> {part.media} <span className="dim">{part.what || 'not stored'}</span>
      </p>
    )
  const isCall = part.kind === 'tool_call'
  const text = isCall ? part.arguments : part.text
  return (
    <div className="message-aside">
      <p className="message-tool">
        <IconTool size={14} aria-hidden /> {isCall ? 'calls' : 'result of'}{' '}
        <b className="mono">{part.name || 'a tool'}</b>
        {part.id !== '' && <span className="dim mono">{part.id}</span>}
      </p>
      {text !== '' && <Folded text={indented(text)} rendered={false} />}
    </div>
  )
}

/** Beyond these a message is folded. */
const foldedAt = 2000

/** Text, rendered or as it is, its end behind a button when it is long. */
export function Folded({ text, rendered }: { text: string; rendered: boolean }) {
  const [open, setOpen] = useState(false)
  const long = text.length > foldedAt
  const shown = long && !open ? `${text.slice(0, foldedAt)}…` : text
  const plain = <pre className="message-text">{shown}</pre>
  return (
    <>
      {rendered ? (
        <Suspense fallback={plain}>
          <Markdown text={shown} />
        </Suspense>
      ) : (
        plain
      )}
      {long && (
        <button type="button" className="chip-button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Show less' : `Show all ${formatCount(text.length)} characters`}
        </button>
      )}
    </>
  )
}

export function Copy({ text, label }: { text: string; label: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <button type="button" className="chip-button message-copy" onClick={copy} aria-label={label}>
          {copied ? 'Copied' : 'Copy'}
        </button>
      )}
    </CopyButton>
  )
}

function textOf({ parts }: Message): string {
  const texts = parts.map((part) => {
    if (part.kind === 'tool_call') return `${part.name}(${part.arguments})`
    if (part.kind === 'media') return `[${part.media}]`
    return part.kind === 'data' ? part.json : part.text
  })
  return texts.join('\n')
}

/** JSON as people read it; anything else as it is. */
function indented(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
