/** What was said in a trace or a session, call by call: of each only what the call before did not say yet. */
import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useConversation, type Group, type Turn } from '../../data/traces.ts'
import { messagesOf, newMessages, type Message } from '../../lib/conversation.ts'
import { inTrace } from '../../lib/elsewhere.ts'
import { formatCount, formatCounted, formatIso, formatMs, formatTime, formatUsd } from '../../lib/format.ts'
import { RequestStatus } from '../Status.tsx'
import { Failure, PanelSkeleton } from '../states.tsx'
import { ContentNotes, NoContent } from './content-words.tsx'
import { Folded, Copy, Messages } from './Messages.tsx'

interface ConversationPanelProps {
  group: Group
  /** What it is of, in a sentence: this trace. */
  of: string
}

export function ConversationPanel({ group, of }: ConversationPanelProps) {
  const asked = useConversation(group)
  const [raw, setRaw] = useState(false)
  const turns = useMemo(() => read(asked.data?.pages.flatMap((page) => page.turns) ?? []), [asked.data])
  const kept = turns.some(({ turn }) => turn.input !== '' || turn.output !== '')
  return (
    <section className="panel panel-wide" aria-label="Conversation" aria-busy={asked.isPending}>
      <header className="panel-head">
        <h2>Conversation</h2>
        <span className="panel-unit">{asked.data && countWords(turns.length, asked.hasNextPage)}</span>
        <div className="panel-controls">
          {kept && (
            <button type="button" className="control" aria-pressed={raw} onClick={() => setRaw(!raw)}>
              As stored
            </button>
          )}
        </div>
      </header>
      <div className="conversation">
        {asked.isPending && <PanelSkeleton height={320} />}
        {asked.error && !asked.data && <Failure error={asked.error} retry={() => void asked.refetch()} height={240} />}
        {asked.data && !kept && (turns.length === 0 ? <p>{`No call of a model in ${of}`}</p> : <NoContent what={of} />)}
        {kept && <ContentNotes said={turns.map(({ turn }) => turn)} />}
        {turns.map((each) => (
          <TurnView
            key={`${each.turn.trace_id} ${each.turn.span_id}`}
            read={each}
            raw={raw}
            group={group}
            kept={kept}
          />
        ))}
        {asked.hasNextPage && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => void asked.fetchNextPage()}
            loading={asked.isFetchingNextPage}
          >
            Show later calls
          </Button>
        )}
      </div>
    </section>
  )
}

const countWords = (turns: number, more: boolean) => `${more ? 'first ' : ''}${formatCounted(turns, 'call')}`

interface ReadTurn {
  turn: Turn
  added: Message[]
  /** Messages that the call before said already. */
  before: Message[]
  answer: Message[]
}

function read(turns: readonly Turn[]): ReadTurn[] {
  let known: Message[] = []
  return turns.map((turn) => {
    const input = messagesOf(turn.input, 'user')
    const answer = messagesOf(turn.output, 'assistant')
    const { messages, repeated } = newMessages(known, input)
    // A failed call is asked again with the same messages: what was said does not shrink.
    if (input.length > 0) known = [...input, ...answer]
    return { turn, added: messages, before: input.slice(0, repeated), answer }
  })
}

interface TurnViewProps {
  read: ReadTurn
  raw: boolean
  group: Group
  kept: boolean
}

function TurnView({ read: { turn, added, before, answer }, raw, group, kept }: TurnViewProps) {
  const [all, setAll] = useState(false)
  return (
    <article className="turn" aria-label={`Call of ${turn.model || 'no model name'}`}>
      <header className="turn-head">
        <b>{turn.model || 'no model name'}</b>
        <RequestStatus status={turn.status} why={[turn.http_status, turn.error_type].filter(Boolean).join(' ')} />
        <span className="dim" title={formatIso(turn.timestamp_us / 1000)}>
          {formatTime(turn.timestamp_us / 1000, 0)}
        </span>
        <span className="dim">{formatMs(turn.duration_ms)}</span>
        <span className="dim">
          {formatCount(turn.input_tokens)} → {formatCounted(turn.output_tokens, 'token')}
        </span>
        <span className="dim">{formatUsd(turn.cost_usd)}</span>
        {turn.attempt > 1 && <span className="dim">attempt {turn.attempt}</span>}
        <Link
          to="/traces/$trace_id"
          params={{ trace_id: turn.trace_id }}
          search={inTrace(turn.span_id) as never}
          className="panel-link"
        >
          {'session_id' in group ? 'Trace' : 'Span'}
        </Link>
      </header>
      {turn.error_type !== '' && <p className="request-error">{turn.error_type}</p>}
      {raw ? (
        <>
          <Stored title="Input" text={turn.input} />
          <Stored title="Output" text={turn.output} />
        </>
      ) : (
        <>
          {before.length > 0 && (
            <button type="button" className="chip-button" aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? 'Hide' : 'Show'} {formatCount(before.length)} earlier{' '}
              {before.length === 1 ? 'message' : 'messages'} sent again
            </button>
          )}
          {all && <Messages messages={before} />}
          <Messages messages={[...added, ...answer]} />
          {kept && turn.input === '' && turn.output === '' && <p className="dim">Nothing of this call is stored</p>}
        </>
      )}
    </article>
  )
}

function Stored({ title, text }: { title: string; text: string }) {
  if (text === '') return null
  return (
    <figure className="stored">
      <figcaption className="dim">
        {title} <Copy text={text} label={`Copy the ${title.toLowerCase()}`} />
      </figcaption>
      <Folded text={text} rendered={false} />
    </figure>
  )
}
