/** Which columns the list has: the address says so, else this browser remembers. */
import { Popover } from '@mantine/core'
import { IconColumns3 } from '@tabler/icons-react'
import { useRouter } from '@tanstack/react-router'
import { parseSearch } from '../lib/search.ts'
import { useStored } from '../lib/stored.ts'
import { useSearch } from '../lib/use-search.ts'

const isText = (value: unknown): value is string => typeof value === 'string'

interface ColumnChoice {
  /** Of the list, for what the browser remembers. */
  name: string
  known: readonly string[]
  usual: readonly string[]
}

export function useColumns({ name, known, usual }: ColumnChoice) {
  const [search, change] = useSearch()
  const [stored, store] = useStored(`inferwatch.${name}-columns`, isText)
  const { history } = useRouter()
  const columnsOf = (cols: readonly string[] | undefined) => {
    const asked = cols ?? (stored.length > 0 ? stored : usual)
    const chosen = known.filter((key) => asked.includes(key))
    return chosen.length > 0 ? chosen : usual
  }
  /** From those of the address, which may not be drawn yet: of two quick clicks the second knows of the first. */
  const choose = (next: (columns: readonly string[]) => readonly string[]) => {
    const keys = next(columnsOf(parseSearch(history.location.search).cols))
    const isUsual = keys.join() === columnsOf(usual).join()
    // What is usual may be more on another screen.
    store(() => (isUsual ? [] : keys))
    change(({ cols: _cols, ...rest }) => (isUsual ? rest : { ...rest, cols: [...keys] }), { replace: true })
  }
  return { columns: columnsOf(search.cols), usual, choose }
}

interface ColumnsProps {
  all: readonly { key: string; head: string; name?: string; hint?: string }[]
  columns: readonly string[]
  usual: readonly string[]
  onChoose: (next: (columns: readonly string[]) => readonly string[]) => void
}

export function Columns({ all, columns, usual, onChoose }: ColumnsProps) {
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
          {all.map(({ key, head, name = head, hint }) => (
            <label key={key} title={hint}>
              <input
                type="checkbox"
                checked={columns.includes(key)}
                disabled={columns.length === 1 && columns.includes(key)}
                onChange={() => toggle(key)}
              />
              {name}
            </label>
          ))}
          <button type="button" className="chip-button" onClick={() => onChoose(() => usual)}>
            The usual columns
          </button>
        </fieldset>
      </Popover.Dropdown>
    </Popover>
  )
}
