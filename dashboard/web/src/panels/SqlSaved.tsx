/** Saved queries: those of everybody, which all may rename and delete, and those of this browser. */
import { ActionIcon, CloseButton, CopyButton } from '@mantine/core'
import { IconCheck, IconLink, IconPencil } from '@tabler/icons-react'
import { useState } from 'react'
import { useDeleteQuery, useRenameQuery, useSavedQueries, type SharedQuery } from '../data/saved-queries.ts'
import { formatAgo, formatIso } from '../lib/format.ts'
import { useNow } from '../lib/use-now.ts'
import { SqlEntry, type Pick, type SavedQuery } from './SqlEntry.tsx'
import { Failure } from './states.tsx'

interface SqlSavedProps {
  own: readonly SavedQuery[]
  onPick: Pick
  onForget: (name: string) => void
}

export function SqlSaved({ own, onPick, onForget }: SqlSavedProps) {
  const shared = useSavedQueries()
  return (
    <>
      <li className="sql-group">Everybody’s</li>
      {shared.error && (
        <li>
          <Failure error={shared.error} retry={() => void shared.refetch()} />
        </li>
      )}
      {shared.data?.length === 0 && <li className="panel-empty">What anybody saves shows here for all</li>}
      {shared.data?.map((query) => (
        <Shared key={query.id} query={query} onPick={onPick} />
      ))}
      <li className="sql-group">In this browser</li>
      {own.length === 0 && <li className="panel-empty">None is kept for you alone</li>}
      {own.map((query) => (
        <SqlEntry key={query.name} name={query.name} query={query} onPick={onPick}>
          <CloseButton size="xs" aria-label={`Forget ${query.name}`} onClick={() => onForget(query.name)} />
        </SqlEntry>
      ))}
    </>
  )
}

function Shared({ query, onPick }: { query: SharedQuery; onPick: Pick }) {
  const now = useNow()
  const [doing, setDoing] = useState<'nothing' | 'rename' | 'delete'>('nothing')
  const done = () => setDoing('nothing')
  if (doing === 'rename') return <Rename query={query} onDone={done} />
  if (doing === 'delete') return <Delete query={query} onDone={done} />
  return (
    <SqlEntry
      name={query.name}
      query={query}
      onPick={onPick}
      about={
        <span title={formatIso(query.saved_at)}>
          {query.saved_by}, {formatAgo(query.saved_at, now)}
        </span>
      }
    >
      <CopyButton value={new URL(`/sql?saved=${query.id}`, window.location.href).href}>
        {({ copied, copy }) => (
          <ActionIcon size="xs" variant="subtle" color="gray" onClick={copy} aria-label={`Copy link to ${query.name}`}>
            {copied ? <IconCheck size={13} aria-hidden /> : <IconLink size={13} aria-hidden />}
          </ActionIcon>
        )}
      </CopyButton>
      <ActionIcon
        size="xs"
        variant="subtle"
        color="gray"
        onClick={() => setDoing('rename')}
        aria-label={`Rename ${query.name}`}
      >
        <IconPencil size={13} aria-hidden />
      </ActionIcon>
      <CloseButton size="xs" aria-label={`Delete ${query.name}`} onClick={() => setDoing('delete')} />
    </SqlEntry>
  )
}

function Rename({ query: { id, name }, onDone }: { query: SharedQuery; onDone: () => void }) {
  const rename = useRenameQuery()
  return (
    <li className="sql-entry">
      <form
        className="sql-save"
        onSubmit={(event) => {
          event.preventDefault()
          const given = new FormData(event.currentTarget).get('name')
          if (typeof given === 'string') rename.mutate({ id, name: given }, { onSuccess: onDone })
        }}
        onKeyDown={(event) => event.key === 'Escape' && onDone()}
      >
        {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- the field comes because one asked for it */}
        <input name="name" aria-label={`New name of ${name}`} defaultValue={name} maxLength={120} autoFocus required />
        <button type="submit" className="control" disabled={rename.isPending}>
          Rename
        </button>
        {rename.error && (
          <span className="failure-text" role="alert">
            {rename.error.message}
          </span>
        )}
      </form>
    </li>
  )
}

function Delete({ query: { id, name }, onDone }: { query: SharedQuery; onDone: () => void }) {
  const remove = useDeleteQuery()
  return (
    <li className="sql-entry">
      <span className="wrap">Delete “{name}” for everybody?</span>
      <button type="button" className="control" onClick={() => remove.mutate(id)} disabled={remove.isPending}>
        Delete
      </button>
      <button type="button" className="control" onClick={onDone}>
        Keep
      </button>
      {remove.error && (
        <span className="failure-text" role="alert">
          {remove.error.message}
        </span>
      )}
    </li>
  )
}
