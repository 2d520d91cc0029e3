import { useSearch } from '../../lib/use-search.ts'
import { Table, type Column } from '../Table.tsx'

interface RowTableProps<Row> {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  id: (row: Row) => string
}

/** A table whose open row stands in the URL, and beside the page. */
export function RowTable<Row>({ label, columns, rows, id }: RowTableProps<Row>) {
  const [search, change] = useSearch()
  const open = (row: Row) => change((before) => ({ ...before, row: id(row) }), { replace: search.row !== undefined })
  return <Table label={label} columns={columns} rows={rows} id={id} open={search.row} onOpen={open} />
}
