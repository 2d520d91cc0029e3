import { useState } from 'react'
import type { RequestDetail } from '../data/requests.ts'
import { messagesOf } from '../lib/conversation.ts'
import { ContentNotes, NoContent } from './trace/content-words.tsx'
import { Copy, Folded, Messages } from './trace/Messages.tsx'

interface ContentProps {
  request: Pick<RequestDetail, 'input' | 'output'>
}

/** Prompt and answer, or why they are not there. */
export function Content({ request }: ContentProps) {
  const [raw, setRaw] = useState(false)
  const { input, output } = request
  const none = input === '' && output === ''
  return (
    <section className="request-section" aria-label="Content">
      <h3>
        Content{' '}
        {!none && (
          <button type="button" className="chip-button" aria-pressed={raw} onClick={() => setRaw(!raw)}>
            {raw ? 'Rendered' : 'As stored'}
          </button>
        )}
      </h3>
      {none && <NoContent what="this call" />}
      <ContentNotes said={[request]} />
      {raw
        ? [input, output].map(
            (text, index) =>
              text !== '' && (
                <figure key={index === 0 ? 'input' : 'output'} className="stored">
                  <figcaption className="dim">
                    {index === 0 ? 'Input' : 'Output'}{' '}
                    <Copy text={text} label={`Copy the ${index === 0 ? 'input' : 'output'}`} />
                  </figcaption>
                  <Folded text={text} rendered={false} />
                </figure>
              ),
          )
        : !none && <Messages messages={[...messagesOf(input, 'user'), ...messagesOf(output, 'assistant')]} />}
    </section>
  )
}
