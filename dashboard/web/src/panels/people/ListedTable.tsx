/** A table that the server sorts and cuts into pages; the order is chosen beside its title. */
import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { pageSize } from '../../data/people.ts'
import { formatExact, formatTime } from '../../lib/format.ts'
import type { Asked } from '../../data/use-question.ts'
import type { Cell, DataTable } from '../../lib/table.ts'
import { NothingHere } from '../NothingHere.tsx'
import { Panel } from '../Panel.tsx'
import { Table, type Column } from '../Table.tsx'
import type { Before } from './change-column.tsx'

interface ListedTableProps<T, Row, Order extends string> {
  title: string
  asked: Asked<T>
  rows: (data: T) => readonly Row[]
  /** Rows there are in all. */
  all: (data: T) => number
  columns: readonly Column<Row>[]
  id: (row: Row) => string
  onOpen: (row: Row) => void
  orders: Record<Order, string>
  order: Order
  offset: number
  go: (order: Order, offset: number) => void
  empty: string
  /** What of the range was not read, or how exact it is. */
  renderNote: (data: T) => ReactNode
}

export function ListedTable<T, Row extends { previous?: Before }, Order extends string>(
  props: ListedTableProps<T, Row, Order>,
) {
  const { title, asked, rows, all, columns, id, onOpen, orders, order, offset, go, empty, renderNote } = props
  return (
    <Panel
      title={title}
      asked={asked}
      height={420}
      wide
      controls={
        <select
          className="control"
          aria-label={`Order of ${title.toLowerCase()}`}
          value={order}
          onChange={(event) => go(event.currentTarget.value as Order, 0)}
        >
          {Object.entries<string>(orders).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      }
      renderEmpty={(data) => (rows(data).length === 0 && offset === 0 ? <NothingHere what={empty} /> : null)}
      table={(data) => tableOf(rows(data).map(flat))}
    >
      {(data) => (
        <>
          <Table label={title} columns={columns} rows={rows(data)} id={id} onOpen={onOpen} />
          <footer className="panel-foot">
            <span className="dim list-note">{renderNote(data)}</span>
            <span className="dim">
              {rows(data).length === 0
                ? `none of ${formatExact(all(data))}`
                : `${formatExact(offset + 1)}–${formatExact(offset + rows(data).length)} of ${formatExact(all(data))}`}
            </span>
            <Button
              size="compact-sm"
              variant="default"
              disabled={offset === 0}
              onClick={() => go(order, Math.max(offset - pageSize, 0))}
            >
              Previous
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              disabled={offset + rows(data).length >= all(data) || rows(data).length === 0}
              onClick={() => go(order, offset + pageSize)}
            >
              Next
            </Button>
          </footer>
        </>
      )}
    </Panel>
  )
}

const previousColumns = ['requests', 'errors', 'cost_usd', 'p95_ms'] as const

/** A row as a file has it: its period before, where one compares, in columns of its own. */
function flat(row: { previous?: Before }): Record<string, Cell> {
  const { previous, ...rest } = row
  const own = Object.entries(rest).map(([key, value]) => [key, Array.isArray(value) ? value.join(', ') : value])
  const before = previousColumns.map((column) => [`previous_${column}`, previous?.[column] ?? null])
  return Object.fromEntries(previous === undefined ? own : [...own, ...before]) as Record<string, Cell>
}

const tableOf = (rows: readonly Record<string, Cell>[]): DataTable => ({
  columns: Object.keys(rows[0] ?? {}),
  rows: rows.map((row) => Object.values(row)),
})

/** Said where the range holds more requests than a list can read. */
export function ReadFrom({ from, read_from }: { from: number; read_from: number }) {
  if (read_from <= from) return null
  return <>The range holds many requests: only those since {formatTime(read_from, 7 * 86_400_000)} were read. </>
}
