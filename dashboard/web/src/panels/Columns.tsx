/** Which columns the list has: the address says so, else this browser remembers. */
import { Popover } from '@mantine/core'
import { IconColumns3 } from '@tabler/icons-react'
import { useRouter } from '@tanstack/react-router'
import { parseSearch } from '../../lib/search.ts'
import { useStored } from '../../lib/stored.ts'
import { useSearch } from '../../lib/use-search.ts'
import { usualColumns } from '../request-columns.tsx'

const isText = (value: unknown): value is string => typeof value === 'string'

export function useColumns(known: readonly string[]) {
  const [search, change] = useSearch()
  const [stored, store] = useStored('inferwatch.request-columns', isText)
  const { history } = useRouter()
  const columnsOf = (cols: readonly string[] | undefined) => {
    const asked = cols ?? (stored.length > 0 ? stored : usualColumns)
    const chosen = known.filter((key) => asked.includes(key))
    return chosen.length > 0 ? chosen : usualColumns
  }
  /** From those of the address, which may not be drawn yet: of two quick clicks the second knows of the first. */
  const choose = (next: (columns: readonly string[]) => readonly string[]) => {
    const keys = next(columnsOf(parseSearch(history.location.search).cols))
    store(() => keys)
    const usual = keys.join() === usualColumns.join()
    change(({ cols: _cols, ...rest }) => (usual ? rest : { ...rest, cols: [...keys] }), { replace: true })
  }
  return { columns: columnsOf(search.cols), choose }
}

interface ColumnsProps {
  all: readonly { key: string; head: string; hint?: string }[]
  columns: readonly string[]
  onChoose: (next: (columns: readonly string[]) => readonly string[]) => void
}

export function Columns({ all, columns, onChoose }: ColumnsProps) {
  const toggle = (key: string) =>
    onChoose((shown) => all.map((column) => column.key).filter((other) => (other === key) !== shown.includes(other)))
  return (
    <Popover position="bottom-end" withinPortal trapFocus>
      <Popover.Target>
        <button type="button" className="control" aria-haspopup="dialog">
          <IconColumns3 size={14} stroke={1.7} aria-hidden />
          Columns
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <fieldset className="columns">
          <legend className="sr-only">Columns of the list</legend>
          {all.map(({ key, head, hint }) => (
            <label key={key} title={hint}>
              <input
                type="checkbox"
                checked={columns.includes(key)}
                disabled={columns.length === 1 && columns.includes(key)}
                onChange={() => toggle(key)}
              />
              {head}
            </label>
          ))}
          <button type="button" className="chip-button" onClick={() => onChoose(() => usualColumns)}>
            The usual columns
          </button>
        </fieldset>
      </Popover.Dropdown>
    </Popover>
  )
}
