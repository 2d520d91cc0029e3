/** What a glyph stands for: when, what, about what, by whom, where more is; and the end of it, where somebody made it. */
import { useRouter } from '@tanstack/react-router'
import { useState, type CSSProperties, type MouseEvent } from 'react'
import { useTakeBack, type Change } from '../data/changes.ts'
import { formatDateTime, formatIso } from '../lib/format.ts'
import { linkOf } from '../lib/mark-link.ts'
import { useSearch } from '../lib/use-search.ts'
import { kinds } from './mark-kinds.ts'
import type { PlacedMark } from './marks.ts'

/** Of one card; a closer look at the time shows the rest. */
const mostShown = 8

export function MarkCard({ marks, style }: { marks: readonly PlacedMark[]; style: CSSProperties }) {
  const left = marks.length - mostShown
  return (
    <div className="mark-card" style={style}>
      {marks.slice(0, mostShown).map(({ change }) => (
        <Told key={change.id} change={change} />
      ))}
      {left > 0 && <p className="dim">and {left} more: zoom in to see them</p>}
    </div>
  )
}

function Told({ change }: { change: Change }) {
  const { kind, severity, at, until, title, text, scope, by, annotation } = change
  const { word, icon: Icon } = kinds[kind]
  return (
    <article className="mark-told">
      <p className="mark-when">
        <Icon size={13} stroke={1.8} aria-hidden />
        {[word, severity].filter((part) => part !== '').join(', ')}
        <time dateTime={formatIso(at)} title={formatIso(at)}>
          {formatDateTime(at)}
        </time>
      </p>
      <p className="mark-title">{title}</p>
      {until !== null && <p className="dim">{until === 'now' ? 'Still going on' : `Until ${formatDateTime(until)}`}</p>}
      {text !== '' && <p className="mark-text">{text}</p>}
      <p className="mark-scope">
        {Object.entries(scope).map(([name, value]) => (
          <span key={name}>
            {name} <b>{value}</b>
          </span>
        ))}
        {by !== '' && <span>by {by}</span>}
      </p>
      <p className="mark-acts">
        <More change={change} />
        {annotation !== null && <TakeBack id={annotation} title={title} />}
      </p>
    </article>
  )
}

function More({ change: { link, title } }: { change: Change }) {
  const [search] = useSearch()
  const { history } = useRouter()
  if (link === '') return null
  const label = `More of ${title}`
  if (!link.startsWith('/'))
    return (
      <a href={link} target="_blank" rel="noreferrer noopener" aria-label={label}>
        More
      </a>
    )
  const address = linkOf(link, search)
  const go = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    history.push(address)
  }
  return (
    <a href={address} onClick={go} aria-label={label}>
      More
    </a>
  )
}

/** It is gone for everybody: asked twice. */
function TakeBack({ id, title }: { id: string; title: string }) {
  const [sure, setSure] = useState(false)
  const takeBack = useTakeBack()
  if (takeBack.isSuccess) return <span role="status">Deleted</span>
  if (!sure)
    return (
      <button type="button" className="chip-button" aria-label={`Delete ${title}`} onClick={() => setSure(true)}>
        Delete
      </button>
    )
  return (
    <>
      <span>For everybody?</span>
      <button
        type="button"
        className="chip-button"
        ref={(button) => button?.focus()}
        disabled={takeBack.isPending}
        onClick={() => takeBack.mutate({ id, title })}
      >
        Delete it
      </button>
      <button type="button" className="chip-button" onClick={() => setSure(false)}>
        Keep it
      </button>
      {takeBack.error && <span role="alert">{takeBack.error.message}</span>}
    </>
  )
}
