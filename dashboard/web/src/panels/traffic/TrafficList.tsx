import { useMediaQuery } from '@mantine/hooks'
import type { ReactNode } from 'react'
import type { Traffic, TrafficRow } from '../../data/traffic.ts'
import type { Asked } from '../../data/use-question.ts'
import { useSearch } from '../../lib/use-search.ts'
import { Columns, useColumns } from '../Columns.tsx'
import { Panel } from '../Panel.tsx'
import { Table, type Column } from '../Table.tsx'
import { trafficColumns } from './columns.tsx'

interface TrafficListProps {
  title: string
  asked: Asked<Traffic>
  /** The first column, and those that only this list has. */
  name: Column<TrafficRow>
  more?: readonly Column<TrafficRow>[]
  /** Columns that are there by choice, or where the screen is wide enough for all of them. */
  spare: readonly string[]
  /** What is known without a request of the range. */
  idle?: readonly TrafficRow[]
  onOpen: (name: string) => void
  empty: ReactNode
}

const noColumns: readonly Column<TrafficRow>[] = []
const noRows: readonly TrafficRow[] = []

/** All columns of either list fit. */
const wideScreen = '(min-width: 1900px)'

/** Everything that had requests, with its figures; order and the filter of names stand in the URL. */
export function TrafficList({
  title,
  asked,
  name,
  more = noColumns,
  spare,
  idle = noRows,
  onOpen,
  empty,
}: TrafficListProps) {
  const [search, change] = useSearch()
  const isWide = useMediaQuery(wideScreen) ?? false
  const { from = 0, to = 0 } = asked.data ?? {}
  const all = withMore(trafficColumns({ from, to, comparing: search.compare !== 'off' }), more)
  const keys = all.map(({ key }) => key)
  const { columns, usual, choose } = useColumns({
    name: title.toLowerCase(),
    known: keys,
    usual: isWide ? keys : keys.filter((key) => !spare.includes(key)),
  })
  const sort = search.sort ?? '-requests'
  // Where a link sorts by a column, it is there to see.
  const drawn = all.filter(({ key }) => columns.includes(key) || key === search.sort?.replace(/^-/, ''))
  const wanted = (search.name ?? '').trim().toLowerCase()
  const known = ({ rows }: Traffic) => [...rows, ...idle.filter((one) => !rows.some((row) => row.name === one.name))]
  const shown = (data: Traffic) => known(data).filter((row) => row.name.toLowerCase().includes(wanted))
  const fold = (view: 'all' | null) =>
    change(({ view: _view, ...rest }) => (view === null ? rest : { ...rest, view }), { replace: true })
  return (
    <Panel
      title={title}
      unit={asked.data ? unitOf(asked.data) : ''}
      asked={asked}
      height={420}
      wide
      controls={
        <>
          <input
            type="search"
            className="list-filter"
            placeholder="Filter by name"
            aria-label={`Filter ${title.toLowerCase()} by name`}
            value={search.name ?? ''}
            onChange={(event) => {
              const text = event.currentTarget.value
              change(({ name: _name, ...rest }) => (text === '' ? rest : { ...rest, name: text }), { replace: true })
            }}
          />
          <Columns all={all} columns={columns} usual={usual} onChoose={choose} />
        </>
      }
      renderEmpty={(data) =>
        known(data).length === 0 ? empty : shown(data).length === 0 ? <p>No name contains “{search.name}”</p> : null
      }
      table={(data) => tableOf(shown(data))}
    >
      {(data) => (
        <div className="traffic-list">
          <Table
            label={title}
            columns={[name, ...drawn]}
            rows={shown(data)}
            id={(row) => row.name}
            sorted={sort}
            onSort={(sort) =>
              change(({ sort: _sort, ...rest }) => (sort === '-requests' ? rest : { ...rest, sort }), { replace: true })
            }
            onOpen={(row) => onOpen(row.name)}
            most={search.view === 'all' ? undefined : shownFirst}
          />
          {shown(data).length > shownFirst && (
            <div className="panel-foot">
              <button
                type="button"
                className="panel-link fold"
                onClick={() => fold(search.view === 'all' ? null : 'all')}
              >
                {search.view === 'all' ? `Show the first ${shownFirst}` : `Show all ${shown(data).length}`}
              </button>
            </div>
          )}
        </div>
      )}
    </Panel>
  )
}

/** In the chosen order; the rest is folded away. */
const shownFirst = 100

/** What only this list has stands before the latencies: in sight. */
function withMore(columns: readonly Column<TrafficRow>[], more: readonly Column<TrafficRow>[]) {
  const before = columns.findIndex(({ key }) => key === 'p50_ms')
  return [...columns.slice(0, before), ...more, ...columns.slice(before)]
}

function unitOf({ rows, all, source }: Traffic): string {
  const busiest = all > rows.length ? `busiest ${rows.length} of ${all}` : ''
  const exact = source === 'raw' ? '' : `percentiles from ${source}, within 0.02 %`
  return [busiest, exact].filter(Boolean).join(', ')
}

const tableOf = (rows: readonly TrafficRow[]) => {
  const flat = rows.map(({ providers, regions, others, previous, spark: _spark, ...row }) => ({
    ...row,
    providers: providers.join(' '),
    regions: regions.join(' '),
    others: others.join(' '),
    previous_requests: previous?.requests ?? null,
    previous_errors: previous?.errors ?? null,
    previous_p95_ms: previous?.p95_ms ?? null,
    previous_cost_usd: previous?.cost_usd ?? null,
  }))
  return { columns: Object.keys(flat[0] ?? {}), rows: flat.map((row) => Object.values(row)) }
}
