/** What one may run: ready questions, saved queries, those of before, and the tables. */
import { CloseButton } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { SchemaAnswer } from '../data/sql.ts'
import { formatAgo, formatIso } from '../lib/format.ts'
import { useNow } from '../lib/use-now.ts'

export interface PastQuery {
  sql: string
  /** Epoch ms. */
  at: number
  /** `12 rows` or what went wrong. */
  outcome: string
}

export interface SavedQuery {
  name: string
  sql: string
}

interface SqlLibraryProps {
  schema: SchemaAnswer
  past: readonly PastQuery[]
  saved: readonly SavedQuery[]
  onPick: (sql: string) => void
  onForget: (name: string) => void
}

const tabs = ['Questions', 'Saved', 'History', 'Tables'] as const

export function SqlLibrary({ schema, past, saved, onPick, onForget }: SqlLibraryProps) {
  const [tab, setTab] = useState<(typeof tabs)[number]>('Questions')
  const now = useNow()
  return (
    <section className="panel sql-library" aria-label="Library">
      <header className="panel-head">
        <div className="toggles" role="group" aria-label="Library">
          {tabs.map((name) => (
            <button key={name} type="button" aria-pressed={name === tab} onClick={() => setTab(name)}>
              {name}
            </button>
          ))}
        </div>
      </header>
      <ul className="sql-list">
        {tab === 'Questions' &&
          schema.questions.map(({ title, sql }) => <Entry key={title} name={title} sql={sql} onPick={onPick} />)}
        {tab === 'Saved' && saved.length === 0 && <li className="panel-empty">Saved queries stay in this browser</li>}
        {tab === 'Saved' &&
          saved.map(({ name, sql }) => (
            <Entry key={name} name={name} sql={sql} onPick={onPick}>
              <CloseButton size="xs" aria-label={`Forget ${name}`} onClick={() => onForget(name)} />
            </Entry>
          ))}
        {tab === 'History' && past.length === 0 && <li className="panel-empty">Queries that you run show here</li>}
        {tab === 'History' &&
          past.map(({ sql, at, outcome }) => (
            <Entry key={`${at} ${sql}`} name={sql.replaceAll(/\s+/g, ' ')} sql={sql} onPick={onPick}>
              <span className="dim nowrap" title={formatIso(at)}>
                {outcome}, {formatAgo(at, now)}
              </span>
            </Entry>
          ))}
        {tab === 'Tables' && (
          <>
            <li className="sql-entry">
              <Link to="/schema" className="panel-link">
                All columns, with units and examples
              </Link>
            </li>
            {schema.tables.map(({ name, comment, query }) => (
              <Entry key={name} name={name} sql={query} hint={comment} onPick={onPick} />
            ))}
          </>
        )}
      </ul>
    </section>
  )
}

interface EntryProps {
  name: string
  sql: string
  hint?: string
  onPick: (sql: string) => void
  children?: React.ReactNode
}

function Entry({ name, sql, hint = sql, onPick, children }: EntryProps) {
  return (
    <li className="sql-entry">
      <button type="button" title={hint} onClick={() => onPick(sql)}>
        {name}
      </button>
      {children}
    </li>
  )
}
