import { Button } from '@mantine/core'
import { useMemo } from 'react'
import { useModelNames } from '../data/overview.ts'
import { requestId, useRequestPages } from '../data/requests.ts'
import { formatCount } from '../lib/format.ts'
import { useSearch } from '../lib/use-search.ts'
import { NothingHere } from '../panels/NothingHere.tsx'
import { PageProvider, usePage } from '../panels/page-context.tsx'
import { requestColumns } from '../panels/request-columns.tsx'
import { RequestDrawer } from '../panels/RequestDrawer.tsx'
import { Failure, PanelSkeleton } from '../panels/states.tsx'
import { Table } from '../panels/Table.tsx'

type Pages = ReturnType<typeof useRequestPages>

/** Every request of the range, newest first, a page at a time. */
export default function Requests() {
  const pages = useRequestPages()
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.requests) ?? [], [pages.data])
  const models = useModelNames()
  const names = useMemo(() => [models], [models])
  return (
    <PageProvider names={names}>
      <section className="panel panel-wide" aria-label="Requests">
        {pages.isPending && <PanelSkeleton height={480} />}
        {pages.error && !pages.data && <Failure error={pages.error} retry={() => void pages.refetch()} height={240} />}
        {pages.data && rows.length === 0 && (
          <div className="panel-empty">
            <NothingHere what="No request in this range" />
          </div>
        )}
        {rows.length > 0 && <List pages={pages} rows={rows} />}
      </section>
      <RequestDrawer />
    </PageProvider>
  )
}

function List({ pages, rows }: { pages: Pages; rows: NonNullable<Pages['data']>['pages'][number]['requests'] }) {
  const { color } = usePage()
  const [search, change] = useSearch()
  const asOf = pages.data?.pages[0]?.to ?? 0
  return (
    <>
      <Table
        label="Requests"
        columns={requestColumns(asOf, color)}
        rows={rows}
        id={requestId}
        open={search.open}
        onOpen={(row) =>
          change((before) => ({ ...before, open: requestId(row) }), { replace: search.open !== undefined })
        }
      />
      <footer className="panel-foot">
        <span className="dim">{formatCount(rows.length)} shown</span>
        <Button size="compact-sm" variant="default" onClick={() => void pages.refetch()} loading={pages.isRefetching}>
          Refresh
        </Button>
        {pages.hasNextPage && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => void pages.fetchNextPage()}
            loading={pages.isFetchingNextPage}
          >
            Show earlier
          </Button>
        )}
      </footer>
    </>
  )
}
