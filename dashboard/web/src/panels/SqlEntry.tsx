/** One query of the library: a click puts it into the editor. */
import type { ShownAs } from './SqlResult.tsx'

export interface LibraryQuery {
  sql: string
  /** What their inputs held. */
  params?: Record<string, string>
  chart?: ShownAs
  /** Of one that everybody sees. */
  id?: string
}

export interface PastQuery extends LibraryQuery {
  /** Epoch ms. */
  at: number
  /** `12 rows` or what went wrong. */
  outcome: string
}

/** Kept in this browser. */
export interface SavedQuery extends LibraryQuery {
  name: string
}

export type Pick = (query: LibraryQuery) => void

interface SqlEntryProps {
  name: string
  query: LibraryQuery
  hint?: string
  /** Below its name. */
  about?: React.ReactNode
  onPick: Pick
  children?: React.ReactNode
}

export function SqlEntry({ name, query, hint = query.sql, about, onPick, children }: SqlEntryProps) {
  return (
    <li className="sql-entry">
      <button type="button" title={hint} onClick={() => onPick(query)}>
        {name}
      </button>
      {children}
      {about !== undefined && <div className="sql-entry-about dim">{about}</div>}
    </li>
  )
}
