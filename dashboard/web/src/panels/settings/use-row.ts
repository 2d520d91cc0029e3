import { useSearch } from '../../lib/use-search.ts'

/** The row of the view that is open beside the page, in the URL. */
export function useRow() {
  const [search, change] = useSearch()
  return {
    row: search.row,
    open: (row: string) => change((before) => ({ ...before, row }), { replace: search.row !== undefined }),
    close: () => change(({ row: _row, ...rest }) => rest),
  }
}
