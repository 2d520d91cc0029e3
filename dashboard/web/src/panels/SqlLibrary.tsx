/** What one may run: ready questions, saved queries, those of before, and the tables. */
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { SchemaAnswer } from '../data/sql.ts'
import { formatAgo, formatIso } from '../lib/format.ts'
import { useChoice } from '../lib/use-choice.ts'
import { useNow } from '../lib/use-now.ts'
import { SqlEntry, type PastQuery, type Pick, type SavedQuery } from './SqlEntry.tsx'
import { SqlSaved } from './SqlSaved.tsx'

interface SqlLibraryProps {
  schema: SchemaAnswer
  /** Why it holds nothing. */
  problem: ReactNode
  past: readonly PastQuery[]
  /** In this browser. */
  saved: readonly SavedQuery[]
  onPick: Pick
  onForget: (name: string) => void
}

const tabs = ['Questions', 'Saved', 'History', 'Tables'] as const

export function SqlLibrary({ schema, problem, past, saved, onPick, onForget }: SqlLibraryProps) {
  const [tab, setTab] = useChoice('library', tabs, 'Questions')
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
        {(tab === 'Questions' || tab === 'Tables') && problem !== null && <li>{problem}</li>}
        {tab === 'Questions' &&
          schema.questions.map(({ title, sql }) => (
            <SqlEntry key={title} name={title} query={{ sql }} onPick={onPick} />
          ))}
        {tab === 'Saved' && <SqlSaved own={saved} onPick={onPick} onForget={onForget} />}
        {tab === 'History' && past.length === 0 && <li className="panel-empty">Queries that you run show here</li>}
        {tab === 'History' &&
          past.map((query) => (
            <SqlEntry key={`${query.at} ${query.sql}`} name={pastName(query)} query={query} onPick={onPick}>
              <span className="dim nowrap" title={formatIso(query.at)}>
                {query.outcome}, {formatAgo(query.at, now)}
              </span>
            </SqlEntry>
          ))}
        {tab === 'Tables' && (
          <>
            <li className="sql-entry">
              <Link to="/schema" className="panel-link">
                All columns, with units and examples
              </Link>
            </li>
            {schema.tables.map(({ name, comment, query }) => (
              <SqlEntry key={name} name={name} query={{ sql: query }} hint={comment} onPick={onPick} />
            ))}
          </>
        )}
      </ul>
    </section>
  )
}

/** Its values come first: they tell runs of one query apart. */
function pastName({ sql, params = {} }: PastQuery): string {
  const values = Object.entries(params).map(([name, value]) => `${name} = ${value}`)
  return [...values, sql.replaceAll(/\s+/g, ' ')].join(', ')
}
