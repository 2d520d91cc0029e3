import { CloseButton, Combobox, useCombobox } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconFilter } from '@tabler/icons-react'
import { useState } from 'react'
import { useFilterValues } from '../data/overview.ts'
import { formatCount } from '../lib/format.ts'
import { filterColumns, filterLabels, toggleFilter } from '../lib/search.ts'
import { useSearch } from '../lib/use-search.ts'

/** The filters in force as chips, and a searchable list of all others; `/` opens it. The environment has a control of its own. */
export function Filters() {
  const [search, change] = useSearch()
  const chips = filterColumns
    .filter((column) => column !== 'environment')
    .flatMap((column) => (search.filters[column] ?? []).map((value) => ({ column, value })))
  return (
    <>
      {chips.map(({ column, value }) => (
        <span key={`${column}=${value}`} className="chip">
          <span>{filterLabels[column]}</span>
          <b title={value}>{value}</b>
          <CloseButton
            size="xs"
            aria-label={`Remove the filter ${filterLabels[column]} ${value}`}
            onClick={() => change((before) => toggleFilter(before, column, value))}
          />
        </span>
      ))}
      <FilterMenu />
      {chips.length > 1 && (
        <button type="button" className="control" onClick={() => change((before) => ({ ...before, filters: {} }))}>
          Clear
        </button>
      )}
    </>
  )
}

function FilterMenu() {
  const [, change] = useSearch()
  const [text, setText] = useState('')
  const combobox = useCombobox({
    onDropdownClose: () => {
      combobox.resetSelectedOption()
      setText('')
    },
    onDropdownOpen: () => combobox.focusSearchInput(),
  })
  useHotkeys([['/', () => combobox.openDropdown()]])
  const submit = (option: string) => {
    const split = option.indexOf('=')
    const column = filterColumns.find((known) => known === option.slice(0, split))
    if (column) change((before) => toggleFilter(before, column, option.slice(split + 1)))
    combobox.closeDropdown()
  }
  return (
    <Combobox store={combobox} width={320} position="bottom-start" withinPortal onOptionSubmit={submit}>
      <Combobox.Target withAriaAttributes={false}>
        <button type="button" className="control" onClick={() => combobox.toggleDropdown()} aria-haspopup="listbox">
          <IconFilter size={14} stroke={1.7} aria-hidden />
          Filter
          <kbd className="wide-only">/</kbd>
        </button>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value)
            combobox.selectFirstOption()
          }}
          placeholder="Model, team, user, status"
          aria-label="Search filter values"
        />
        <Combobox.Options mah={360} style={{ overflowY: 'auto' }}>
          {combobox.dropdownOpened && <Values text={text} />}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}

/** At most this many of a column until one types. */
const shown = 8

function Values({ text }: { text: string }) {
  const [search] = useSearch()
  const { data, isPending } = useFilterValues()
  const wanted = text.trim().toLowerCase()
  const matches = (data?.values ?? []).filter(
    ({ column, value }) =>
      !search.filters[column]?.includes(value) && `${filterLabels[column]} ${value}`.toLowerCase().includes(wanted),
  )
  if (isPending) return <Combobox.Empty>Reading values</Combobox.Empty>
  if (matches.length === 0) return <Combobox.Empty>No value matches in this range</Combobox.Empty>
  return filterColumns.map((column) => {
    const values = matches.filter((match) => match.column === column).slice(0, wanted === '' ? shown : 50)
    return values.length === 0 ? null : (
      <Combobox.Group key={column} label={filterLabels[column]}>
        {values.map(({ value, requests }) => (
          <Combobox.Option key={value} value={`${column}=${value}`} className="filter-value">
            <span>{value}</span>
            <span className="dim">{formatCount(requests)}</span>
          </Combobox.Option>
        ))}
      </Combobox.Group>
    )
  })
}
