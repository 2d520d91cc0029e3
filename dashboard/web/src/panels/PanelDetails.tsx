import { Button, CopyButton, Modal } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import type { Explain } from '../data/use-question.ts'
import { dedented, sqlLink } from '../lib/sql-link.ts'
import type { DataTable } from '../lib/table.ts'
import { useSearch } from '../lib/use-search.ts'
import type { Detail } from './PanelMenu.tsx'
import { Failure, PanelSkeleton } from './states.tsx'

interface DetailsProps {
  title: string
  detail: Detail
  table: (() => DataTable) | null
  explain: Explain | undefined
  onClose: () => void
}

/** A panel's data as a table, or the SQL behind it. */
export default function PanelDetails({ title, detail, table, explain, onClose }: DetailsProps) {
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={detail === 'table' ? `${title}, as a table` : `${title}, its query`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {detail === 'table' && table && <PlainTable table={table()} title={title} />}
      {detail === 'query' && explain && <Queries title={title} explain={explain} onClose={onClose} />}
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

type QueriesProps = Pick<DetailsProps, 'title' | 'onClose'> & { explain: Explain }

function Queries({ title, explain, onClose }: QueriesProps) {
  const [search] = useSearch()
  const { history } = useRouter()
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['explain', title], queryFn: explain, gcTime: 0 })
  if (isPending) return <PanelSkeleton height={160} />
  if (error) return <Failure error={error} retry={() => void refetch()} height={160} />
  if (data.length === 0) return <p className="dim">This answer came without a query.</p>
  return data.map((query) => {
    const { sql, params } = query
    const link = sqlLink(query, search)
    const text = `${dedented(sql)}\n\n${Object.entries(params)
      .map(([name, value]) => `-- {${name}} = ${JSON.stringify(value)}`)
      .join('\n')}`
    return (
      <div key={sql} className="query">
        <pre>{text}</pre>
        <div className="query-actions">
          <CopyButton value={text}>
            {({ copied, copy }) => (
              <Button size="compact-xs" variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
          {link === null ? (
            <span className="dim">Too long for an address: copy it into the SQL page</span>
          ) : (
            <Button
              size="compact-xs"
              variant="default"
              onClick={() => {
                onClose()
                history.push(link)
              }}
            >
              Open in SQL page
            </Button>
          )}
        </div>
      </div>
    )
  })
}
