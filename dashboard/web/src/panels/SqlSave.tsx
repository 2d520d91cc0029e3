/** Saves the query of the editor: for everybody on the instance, or in this browser. */
import { useState } from 'react'
import { useSaveQuery, type SharedQuery, type SharedQueryText } from '../data/saved-queries.ts'
import { useStored } from '../lib/stored.ts'

interface SqlSaveProps {
  query: Omit<SharedQueryText, 'name' | 'saved_by'>
  shared: readonly SharedQuery[]
  /** Keeps it in this browser. */
  onKeep: (name: string) => void
}

export function SqlSave(props: SqlSaveProps) {
  const [open, setOpen] = useState(false)
  if (open) return <SaveForm {...props} onDone={() => setOpen(false)} />
  return (
    <button type="button" className="control" onClick={() => setOpen(true)} disabled={props.query.sql.trim() === ''}>
      Save
    </button>
  )
}

function SaveForm({ query, shared, onKeep, onDone }: SqlSaveProps & { onDone: () => void }) {
  const [named, setNamed] = useState('')
  const [people, changePeople] = useStored('inferwatch.who', isText)
  const [who, setWho] = useState(people[0] ?? '')
  const save = useSaveQuery()
  const name = named.trim()
  const same = shared.find((other) => other.name === name)
  return (
    <form
      className="sql-save"
      onSubmit={(event) => {
        event.preventDefault()
        changePeople(() => [who.trim()])
        save.mutate({ ...query, name, saved_by: who.trim(), id: same?.id }, { onSuccess: onDone })
      }}
    >
      <input
        aria-label="Name of the query"
        placeholder="Name"
        maxLength={120}
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the field comes because one asked for it
        autoFocus
        required
        value={named}
        onChange={(event) => setNamed(event.target.value)}
      />
      <input
        aria-label="Who saves it"
        placeholder="Your name"
        maxLength={200}
        required
        value={who}
        onChange={(event) => setWho(event.target.value)}
      />
      <button type="submit" className="control" disabled={name === '' || who.trim() === '' || save.isPending}>
        {same ? 'Replace for everybody' : 'Save for everybody'}
      </button>
      <button
        type="button"
        className="control"
        disabled={name === ''}
        onClick={() => {
          onKeep(name)
          onDone()
        }}
      >
        Only in this browser
      </button>
      <button type="button" className="control" onClick={onDone}>
        Cancel
      </button>
      {save.error && (
        <span className="failure-text" role="alert">
          {save.error.message}
        </span>
      )}
    </form>
  )
}

const isText = (value: unknown): value is string => typeof value === 'string'
