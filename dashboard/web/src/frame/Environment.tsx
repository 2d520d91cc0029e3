import { useFilterValues } from '../data/overview.ts'
import { useSearch } from '../lib/use-search.ts'

const several = '\0several'

/** Production, staging or all of them: the filter that people change most has a control of its own. */
export function Environment() {
  const [search, change] = useSearch()
  const { data } = useFilterValues()
  const chosen = search.filters.environment ?? []
  const known = (data?.values ?? []).flatMap(({ column, value }) => (column === 'environment' ? [value] : []))
  const names = [...new Set([...chosen, ...known])]
  const choose = (value: string) =>
    change(({ filters: { environment: _environment, ...others }, ...rest }) => ({
      ...rest,
      filters: value === '' ? others : { ...others, environment: [value] },
    }))
  return (
    <select
      className="control environment"
      aria-label="Environment"
      data-chosen={chosen.length > 0}
      value={chosen.length > 1 ? several : (chosen[0] ?? '')}
      onChange={({ target }) => choose(target.value)}
    >
      <option value="">All environments</option>
      {chosen.length > 1 && <option value={several}>{chosen.join(', ')}</option>}
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  )
}
