import { Link } from '@tanstack/react-router'
import { useLatestRequests, requestId } from '../data/requests.ts'
import { useSearch } from '../lib/use-search.ts'
import { NothingHere } from './NothingHere.tsx'
import { usePage } from './page-context.tsx'
import { Panel } from './Panel.tsx'
import { requestColumns } from './request-columns.tsx'
import { Table } from './Table.tsx'

/** The newest requests; a row opens its side panel. */
export function LatestRequests({ limit = 15 }: { limit?: number }) {
  const asked = useLatestRequests(limit)
  const { color } = usePage()
  const [search, change] = useSearch()
  return (
    <Panel
      title="Latest requests"
      asked={asked}
      height={300}
      wide
      controls={
        <Link to="/requests" search={true} className="panel-link">
          All requests
        </Link>
      }
      renderEmpty={(data) => (data.requests.length === 0 ? <NothingHere what="No request in this range" /> : null)}
      table={(data) => ({
        columns: Object.keys(data.requests[0] ?? {}),
        rows: data.requests.map((row) =>
          Object.values(row).map((value) => (typeof value === 'boolean' ? String(value) : value)),
        ),
      })}
    >
      {(data) => (
        <Table
          label="Latest requests"
          columns={requestColumns(data.to, color)}
          rows={data.requests}
          id={requestId}
          open={search.open}
          onOpen={(row) =>
            change((before) => ({ ...before, open: requestId(row) }), { replace: search.open !== undefined })
          }
        />
      )}
    </Panel>
  )
}
