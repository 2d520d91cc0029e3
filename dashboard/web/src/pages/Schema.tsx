import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useSchema, type SchemaTable } from '../data/sql.ts'
import { formatCounted } from '../lib/format.ts'
import { useSearch } from '../lib/use-search.ts'
import { Failure, PanelSkeleton } from '../panels/states.tsx'
import '../styles/sql.css'

/** Every table and view that queries may read: what each column means, its unit, an example. */
export default function Schema() {
  const schema = useSchema()
  const [search, change] = useSearch()
  // What is typed is not what a slow navigation says it was.
  const [text, setText] = useState(search.find ?? '')
  const find = (wanted: string) => {
    setText(wanted)
    change(({ find: _find, ...rest }) => (wanted === '' ? rest : { ...rest, find: wanted }), { replace: true })
  }
  if (schema.error) return <Failure error={schema.error} retry={() => void schema.refetch()} height={240} />
  if (!schema.data) return <PanelSkeleton height={400} />
  const wanted = text.trim().toLowerCase()
  const shown = schema.data.tables.flatMap((table) => matching(table, wanted))
  return (
    <div className="sql-schema">
      <input
        className="sql-search"
        type="search"
        value={text}
        maxLength={300}
        onChange={(event) => find(event.currentTarget.value)}
        placeholder="Column, table or word"
        aria-label="Search tables and columns"
      />
      {shown.length === 0 && <p className="panel-empty">No table or column has this word</p>}
      {shown.map((table) => (
        <Described key={table.name} table={table} open={wanted !== '' || table.kind === 'view'} />
      ))}
    </div>
  )
}

/** The table with those of its columns that have the word; whole when its own name has it. */
function matching(table: SchemaTable, wanted: string): SchemaTable[] {
  if (table.name.includes(wanted) || table.comment.toLowerCase().includes(wanted)) return [table]
  const columns = table.columns.filter(({ name, comment }) => `${name} ${comment}`.toLowerCase().includes(wanted))
  return columns.length > 0 ? [{ ...table, columns }] : []
}

function Described({ table, open }: { table: SchemaTable; open: boolean }) {
  return (
    <details className="panel" open={open}>
      <summary className="panel-head">
        <h2 className="mono">{table.name}</h2>
        <span className="panel-unit">
          {table.kind}, {formatCounted(table.columns.length, 'column')}
        </span>
      </summary>
      <p className="sql-about">
        {table.comment}{' '}
        <Link to="/sql" search={(before: object) => ({ ...before, sql: table.query })} className="panel-link">
          Query it
        </Link>
      </p>
      <div className="table-scroll">
        <table className="table" aria-label={table.name}>
          <thead>
            <tr>
              <th>column</th>
              <th>what</th>
              <th>unit</th>
              <th className="wide-only">type</th>
              <th className="wide-only">example</th>
            </tr>
          </thead>
          <tbody>
            {table.columns.map(({ name, type, unit, comment, example }) => (
              <tr key={name}>
                <td className="mono">{name}</td>
                <td>
                  <span className="wrap">{comment}</span>
                </td>
                <td>{unit}</td>
                <td className="mono dim wide-only">{type}</td>
                <td className="mono wide-only">{example}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
