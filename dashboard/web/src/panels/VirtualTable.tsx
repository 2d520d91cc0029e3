/** A table of any length: only the rows in sight are in the page. Sticky head; click, enter, j and k open rows. */
import { useHotkeys } from '@mantine/hooks'
import {
  memo,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type CSSProperties,
  type KeyboardEvent,
  type ReactNode,
} from 'react'
import type { Column } from './Table.tsx'
import { overscan, useRowsInSight } from './use-rows-in-sight.ts'

interface VirtualTableProps<Row> {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  /** What the rows answer: another list is read from its beginning. */
  of: string
  id: (row: Row) => string
  open?: string | undefined
  onOpen: (row: Row) => void
  /** Columns that order the rows, which somebody else does; `sorted` is the key with a minus in front from the highest down. */
  sorts?: readonly string[]
  sorted?: string
  onSort?: (sorted: string) => void
  /** Called while the last rows are in sight. */
  onEnd: () => void
}

const rowHeight = 30
const usualWidth = 88

export function VirtualTable<Row>({ label, columns, rows, of, id, open, ...rest }: VirtualTableProps<Row>) {
  const { onOpen, onEnd, ...order } = rest
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState<string | undefined>(open)
  const indexes = useMemo(() => new Map(rows.map((row, index) => [id(row), index])), [rows, id])
  const { first, end, bringIntoSight } = useRowsInSight(scroller, { rows: rows.length, rowHeight, head: rowHeight })
  const before = useRef(of)
  useLayoutEffect(() => {
    if (before.current !== of) scroller.current?.scrollTo({ top: 0 })
    before.current = of
  }, [of])
  const nearEnd = end >= rows.length - overscan
  useEffect(() => {
    if (nearEnd) onEnd()
  }, [nearEnd, onEnd, rows.length])
  useEffect(() => {
    const index = open === undefined ? undefined : indexes.get(open)
    if (index === undefined) return
    setActive(open)
    bringIntoSight(index)
    // Where it is matters when it opens, not when rows come.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [open])

  const pick = useCallback(
    (row: Row) => {
      setActive(id(row))
      onOpen(row)
    },
    [id, onOpen],
  )
  const at = active === undefined ? -1 : (indexes.get(active) ?? -1)
  const moveTo = (index: number) => {
    const row = rows[Math.max(0, Math.min(index, rows.length - 1))]
    if (!row) return
    setActive(id(row))
    bringIntoSight(indexes.get(id(row)) ?? 0)
    if (open !== undefined) onOpen(row)
  }
  useHotkeys([
    ['j', () => moveTo(at + 1)],
    ['k', () => moveTo(at - 1)],
  ])
  const keyed = (event: KeyboardEvent) => {
    const row = rows[at]
    // One row stays in sight.
    const page = Math.max(Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2, 1)
    if (event.key === 'Enter' && row) return onOpen(row)
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length,
    }[event.key]
    if (to === undefined) return
    event.preventDefault()
    moveTo(to)
  }
  const width = (some: readonly Column<Row>[]) => some.reduce((sum, column) => sum + (column.width ?? usualWidth), 0)
  const widths = { '--wide': `${width(columns)}px`, '--narrow': `${width(columns.filter(({ wide }) => !wide))}px` }
  return (
    <div className="table-scroll virtual" ref={scroller}>
      <table
        className="table"
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- rows are chosen by keys
        role="grid"
        aria-label={label}
        aria-rowcount={rows.length + 1}
        aria-activedescendant={at >= first && at < end ? `row-${at}` : undefined}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the keys are the grid's
        tabIndex={0}
        onKeyDown={keyed}
        style={widths as CSSProperties}
      >
        <colgroup>
          {columns.map((column) => (
            <col
              key={column.key}
              className={column.wide ? 'wide-only' : ''}
              style={{ width: column.width ?? usualWidth }}
            />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.key} column={column} {...order} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Space rows={first} />
          {rows.slice(first, end).map((row, index) => {
            const rowId = id(row)
            return (
              <VirtualRow
                key={rowId}
                id={rowId}
                index={first + index}
                row={row}
                columns={columns}
                open={rowId === open}
                active={first + index === at}
                onPick={pick}
              />
            )
          })}
          <Space rows={rows.length - end} />
        </tbody>
      </table>
    </div>
  )
}

/** As high as rows that are not drawn. */
function Space({ rows }: { rows: number }) {
  return rows > 0 && <tr aria-hidden className="virtual-space" style={{ height: rows * rowHeight }} />
}

interface VirtualRowProps<Row> {
  id: string
  index: number
  row: Row
  columns: readonly Column<Row>[]
  open: boolean
  active: boolean
  onPick: (row: Row) => void
}

/** Those that stay in sight while one scrolls stay as they are. */
const VirtualRow = memo(function VirtualRow<Row>(props: VirtualRowProps<Row>) {
  const { id, index, row, columns, open, active, onPick } = props
  return (
    <tr
      id={`row-${index}`}
      aria-rowindex={index + 2}
      aria-selected={open}
      data-id={id}
      data-open={open}
      data-active={active}
      className="opens"
      onClick={() => onPick(row)}
    >
      {columns.map((column) => (
        <td key={column.key} className={classOf(column)} title={column.title?.(row)}>
          {column.render(row)}
        </td>
      ))}
    </tr>
  )
}) as <Row>(props: VirtualRowProps<Row>) => ReactNode

type HeadProps<Row> = Pick<VirtualTableProps<Row>, 'sorts' | 'sorted' | 'onSort'> & { column: Column<Row> }

function Head<Row>({ column, sorts, sorted, onSort }: HeadProps<Row>) {
  const { key, head, hint } = column
  const sortable = sorts?.includes(key) ?? false
  const direction = sorted === key ? 'ascending' : sorted === `-${key}` ? 'descending' : 'none'
  return (
    <th scope="col" className={classOf(column)} title={hint} aria-sort={sortable ? direction : undefined}>
      {sortable ? (
        <button type="button" onClick={() => onSort?.(direction === 'descending' ? key : `-${key}`)}>
          {head}
          <span aria-hidden>{{ ascending: '↑', descending: '↓', none: '' }[direction]}</span>
        </button>
      ) : (
        head
      )}
    </th>
  )
}

function classOf<Row>({ number = false, wide = false, short = false }: Column<Row>): string {
  return [number && 'number', wide && 'wide-only', short && 'short'].filter(Boolean).join(' ')
}
