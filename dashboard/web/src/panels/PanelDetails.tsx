import { Button, CopyButton, Modal } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ExplainedQuery } from '../data/use-question.ts'
import type { DataTable } from '../lib/table.ts'
import { Failure, PanelSkeleton } from './states.tsx'

interface DetailsProps {
  title: string
  table: DataTable | null
  explain: (() => Promise<ExplainedQuery[]>) | null
  onClose: () => void
}

/** A panel's data as a table, or the SQL behind it. */
export default function PanelDetails({ title, table, explain, onClose }: DetailsProps) {
  return (
    <Modal opened onClose={onClose} size="xl" title={table ? `${title}, as a table` : `${title}, its query`}>
      {table && <PlainTable table={table} title={title} />}
      {explain && <Queries title={title} explain={explain} />}
    </Modal>
  )
}

/** More rows than anyone reads on a page; the CSV has all. */
const shownRows = 400

function PlainTable({ table, title }: { table: DataTable; title: string }) {
  return (
    <div className="table-scroll" style={{ maxHeight: '65vh' }}>
      <table className="table" aria-label={title}>
        <thead>
          <tr>
            {table.columns.map((column) => (
              <th key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.slice(-shownRows).map((row) => (
            <tr key={JSON.stringify(row)}>
              {row.map((cell, index) => (
                <td key={table.columns[index]} className={typeof cell === 'number' ? 'number' : ''}>
                  {cell ?? '—'}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Queries({ title, explain }: { title: string; explain: () => Promise<ExplainedQuery[]> }) {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['explain', title], queryFn: explain, gcTime: 0 })
  if (isPending) return <PanelSkeleton height={160} />
  if (error) return <Failure error={error} retry={() => void refetch()} height={160} />
  if (data.length === 0) return <p className="dim">This answer came without a query.</p>
  return data.map(({ sql, params }) => {
    const text = `${dedent(sql)}\n\n${Object.entries(params)
      .map(([name, value]) => `-- {${name}} = ${JSON.stringify(value)}`)
      .join('\n')}`
    return (
      <div key={sql} className="query">
        <pre>{text}</pre>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </div>
    )
  })
}

/** Takes away the indentation that the SQL has in its source file. */
function dedent(sql: string): string {
  const [first = '', ...rest] = sql.trim().split('\n')
  const indent = Math.min(...rest.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)))
  return [first, ...rest.map((line) => line.slice(Number.isFinite(indent) ? indent : 0))].join('\n')
}
