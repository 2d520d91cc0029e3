/** Every request of the range and the filters, newest first or by a measure, loaded as one scrolls. */
import { Button, Menu } from '@mantine/core'
import { IconArrowUp, IconDownload } from '@tabler/icons-react'
import { useCallback, useMemo } from 'react'
import { useNewRequests } from '../../data/explorer.ts'
import {
  exportLink,
  requestId,
  requestSorts,
  sortOf,
  useRequestPages,
  type RequestPages,
  type RequestRow,
} from '../../data/requests.ts'
import { eachOnce } from '../../lib/each-once.ts'
import { formatExactly, formatCount, formatExact, formatIso, formatTime } from '../../lib/format.ts'
import { isLive } from '../../lib/search.ts'
import { useNow } from '../../lib/use-now.ts'
import { useSearch } from '../../lib/use-search.ts'
import { NothingHere } from '../NothingHere.tsx'
import { usePage } from '../page-context.tsx'
import { Panel } from '../Panel.tsx'
import { allRequestColumns, usualColumns } from '../request-columns.tsx'
import { VirtualTable } from '../VirtualTable.tsx'
import { Columns, useColumns } from '../Columns.tsx'

/** The API gives no more in one file. */
const mostExported = 100_000

export function RequestList() {
  const { pages, question, asked, reread } = useRequestPages()
  const [search] = useSearch()
  const { color } = usePage()
  const now = useNow()
  const rows = useMemo(() => eachOnce(pages.data?.pages.map(({ requests }) => requests) ?? [], requestId), [pages.data])
  const first = pages.data?.pages[0]
  // Ages go on while the page does; on a paused one they are those of the moment that it was read.
  const asOf = isLive(search) ? now : (first?.to ?? now)
  const all = useMemo(() => allRequestColumns(asOf, color), [asOf, color])
  const { columns, usual, choose } = useColumns({
    name: 'request',
    known: all.map(({ key }) => key),
    usual: usualColumns,
  })
  const shown = useMemo(() => all.filter(({ key }) => columns.includes(key)), [all, columns])
  const fresh = useNewRequests(first?.read_at)
  const count = fresh.data?.requests ?? 0
  return (
    <Panel
      title="Requests"
      asked={asked}
      height={420}
      wide
      controls={
        <>
          {count > 0 && (
            <button type="button" className="control new-requests" onClick={reread}>
              <IconArrowUp size={13} aria-hidden />
              {formatCount(count)} new
            </button>
          )}
          <Columns all={all} columns={columns} usual={usual} onChoose={choose} />
        </>
      }
      menu={(['csv', 'json'] as const).map((format) => (
        <Menu.Item
          key={format}
          component="a"
          href={exportLink(search, format)}
          download
          leftSection={<IconDownload size={15} />}
        >
          All as {format.toUpperCase()}, at most {formatExactly(mostExported, 'row')}
        </Menu.Item>
      ))}
      renderEmpty={() =>
        rows.length === 0 && !pages.hasNextPage ? <NothingHere what={nothingOf(sortOf(search), all)} /> : null
      }
    >
      {() => <List pages={pages} question={question} rows={rows} columns={shown} />}
    </Panel>
  )
}

const orders = ['timestamp', ...requestSorts]

type ListColumns = ReturnType<typeof allRequestColumns>

function nothingOf(sort: string | undefined, columns: ListColumns): string {
  const by = columns.find(({ key }) => key === sort?.replace(/^-/, ''))
  return by ? `No request in this range tells its ${nameOf(by)}` : 'No request in this range'
}

/** Of a measure within a sentence. */
const nameOf = ({ key, head, hint }: ListColumns[number]) =>
  key.endsWith('_ms') && head === head.toUpperCase() ? head : (hint ?? head).toLowerCase()

interface ListProps {
  pages: RequestPages
  question: string
  rows: readonly RequestRow[]
  columns: ListColumns
}

function List({ pages, question, rows, columns }: ListProps) {
  const [search, change] = useSearch()
  const sort = sortOf(search)
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = pages
  const searchedFrom = pages.data?.pages.at(-1)?.searched_from ?? null
  // A search that took long goes on when one says so; after a failure too.
  const goesOn = hasNextPage && !isFetchingNextPage && !isError && searchedFrom === null
  const onEnd = useCallback(() => {
    if (goesOn) void fetchNextPage()
  }, [goesOn, fetchNextPage])
  const open = useCallback(
    (row: RequestRow) =>
      change((before) => ({ ...before, open: requestId(row) }), { replace: search.open !== undefined }),
    [change, search.open],
  )
  // Time has one order: the newest first.
  const order = (next: string) =>
    change(({ sort: _sort, ...rest }) => (next.endsWith('timestamp') ? rest : { ...rest, sort: next }))
  return (
    <>
      <VirtualTable
        label="Requests"
        columns={columns}
        sorts={orders}
        sorted={sort ?? '-timestamp'}
        onSort={order}
        rows={rows}
        of={question}
        id={requestId}
        open={search.open}
        onOpen={open}
        onEnd={onEnd}
      />
      <footer className="panel-foot">
        <span className="dim" role="status">
          {formatExact(rows.length)} loaded
          {sort === undefined ? (
            !hasNextPage && ', that is all'
          ) : (
            <Sorted pages={pages} sort={sort} columns={columns} />
          )}
          {isFetchingNextPage && ', reading on'}
          {searchedFrom !== null && !isFetchingNextPage && (
            <span title={formatIso(searchedFrom)}>
              ; searched back to {formatTime(searchedFrom, 7 * 86_400_000)}, few requests fulfil these filters
            </span>
          )}
        </span>
        {(searchedFrom !== null || isError) && hasNextPage && (
          <Button size="compact-sm" variant="default" onClick={() => void fetchNextPage()} loading={isFetchingNextPage}>
            {isError ? 'Retry' : 'Search further back'}
          </Button>
        )}
      </footer>
    </>
  )
}

/** Of which requests these are the first, and in which order. */
function Sorted({ pages, sort, columns }: { pages: RequestPages; sort: string; columns: ListColumns }) {
  const page = pages.data?.pages[0]
  const by = columns.find(({ key }) => key === sort.replace(/^-/, ''))
  const from = page?.sorted_from ?? null
  return (
    <>
      {pages.hasNextPage &&
        `: those with the ${sort.startsWith('-') ? 'highest' : 'lowest'} ${by ? nameOf(by) : sort.replace(/^-/, '')}`}
      {!pages.hasNextPage && ', all that tell it'}
      {from !== null && (
        <span title={formatIso(from)}>
          ; of those since {formatTime(from, 7 * 86_400_000)} alone, the range holds more than can be sorted
        </span>
      )}
    </>
  )
}
