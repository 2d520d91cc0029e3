/** A table: sortable, by an order that stands in the URL; sticky head, right-aligned numbers, rows that open by click, enter, j and k. */
import { useEffect, useMemo, useRef, type KeyboardEvent, type ReactNode } from 'react'
import { nameOfChoice, useSetting } from '../lib/use-choice.ts'

export interface Column<Row> {
  key: string
  head: string
  /** Where columns are chosen, what it is called; as its head unless said. */
  name?: string
  /** The term's definition, on hover. */
  hint?: string
  render: (row: Row) => ReactNode
  /** Sorts by this; without it the column does not sort. Unknown comes last either way. */
  sort?: (row: Row) => number | string | null
  number?: boolean
  /** Left out on narrow screens. */
  wide?: boolean
  /** In px, where rows come and go and widths must not. */
  width?: number
  /** What it shows fits that width, whatever traffic sends: nothing of it is cut off. Numbers do too. */
  short?: boolean
  title?: (row: Row) => string | undefined
}

interface TableProps<Row> {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  id: (row: Row) => string
  /** Which column, descending, at first. */
  sortBy?: string
  /** The order, where somebody else keeps it: the column's key, with a minus in front from the highest down. */
  sorted?: string | undefined
  onSort?: (sorted: string) => void
  open?: string | undefined
  onOpen?: (row: Row) => void
  maxHeight?: number
  /** Rows beyond these, in their order, are left out. */
  most?: number | undefined
}

type Order = { key: string; down: boolean }

const orderOf = (sorted: string): Order => ({ key: sorted.replace(/^-/, ''), down: sorted.startsWith('-') })

export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, id, sortBy, open, onOpen, onSort, maxHeight } = props
  const [own, setOwn] = useSetting(`sort-${nameOfChoice(label)}`, sortBy === undefined ? '' : `-${sortBy}`)
  const wanted = props.sorted ?? own
  const order = useMemo(() => orderOf(wanted), [wanted])
  const setOrder = ({ key, down }: Order) => (onSort ?? setOwn)(`${down ? '-' : ''}${key}`)
  const sorted = useMemo(() => sort(rows, columns, order).slice(0, props.most), [rows, columns, order, props.most])
  const body = useRef<HTMLTableSectionElement>(null)

  useEffect(() => {
    if (open === undefined) return
    body.current?.querySelector(`[data-id="${CSS.escape(open)}"]`)?.scrollIntoView({ block: 'nearest' })
  }, [open])

  const move = (event: KeyboardEvent<HTMLTableRowElement>, index: number) => {
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key]
    const row = sorted[index + (step ?? 0)]
    if (event.key === 'Enter' && row) onOpen?.(row)
    if (step === undefined || !row) return
    event.preventDefault()
    body.current?.querySelectorAll<HTMLElement>('tr')[index + step]?.focus()
    if (open !== undefined) onOpen?.(row)
  }
  const focusable = onOpen ? (sorted.some((row) => id(row) === open) ? open : sorted[0] && id(sorted[0])) : undefined
  return (
    <div className="table-scroll" style={{ maxHeight }}>
      <table className="table" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.key} column={column} order={order} onOrder={setOrder} />
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {sorted.map((row, index) => (
            <tr
              key={id(row)}
              data-id={id(row)}
              data-open={id(row) === open}
              {...(onOpen && {
                className: 'opens',
                tabIndex: id(row) === focusable ? 0 : -1,
                onClick: () => onOpen(row),
                onKeyDown: (event: KeyboardEvent<HTMLTableRowElement>) => move(event, index),
              })}
            >
              {columns.map((column) => (
                <td key={column.key} className={classOf(column)} title={column.title?.(row)}>
                  {column.render(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface HeadProps<Row> {
  column: Column<Row>
  order: Order
  onOrder: (order: Order) => void
}

function Head<Row>({ column, order, onOrder }: HeadProps<Row>) {
  const active = order.key === column.key
  const direction = active ? (order.down ? 'descending' : 'ascending') : 'none'
  return (
    <th className={classOf(column)} aria-sort={column.sort ? direction : undefined} title={column.hint}>
      {column.sort ? (
        <button type="button" onClick={() => onOrder({ key: column.key, down: active ? !order.down : true })}>
          {column.head}
          <span aria-hidden>{active ? (order.down ? '↓' : '↑') : ''}</span>
        </button>
      ) : (
        column.head
      )}
    </th>
  )
}

function classOf<Row>({ number = false, wide = false }: Column<Row>): string {
  return [number && 'number', wide && 'wide-only'].filter(Boolean).join(' ')
}

function sort<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: Order) {
  const by = columns.find(({ key }) => key === order.key)?.sort
  if (!by) return rows
  const sign = order.down ? -1 : 1
  return rows.toSorted((a, b) => {
    const [x, y] = [by(a), by(b)]
    if (x === y) return 0
    if (x === null) return 1
    if (y === null) return -1
    return x < y ? -sign : sign
  })
}
