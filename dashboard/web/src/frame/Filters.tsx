import { CloseButton, Combobox, useCombobox } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconFilter } from '@tabler/icons-react'
import { useState } from 'react'
import { parseQuery } from '../../../../records/request-query.ts'
import { useFilterValues } from '../data/overview.ts'
import { withQ } from '../lib/facets.ts'
import { formatCount } from '../lib/format.ts'
import { filterColumns, filterLabels, spanOf, toggleFilter, unfiltered } from '../lib/search.ts'
import { useSearch } from '../lib/use-search.ts'

/**
 * The filters in force as chips, and a searchable list of all others; `/` opens it, and free ones are typed there. The environment has
 * a control of its own, and so have free filters on the page of requests: there they are no chip.
 */
export function Filters({ free }: { free: boolean }) {
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
      {free && search.q !== undefined && <FreeChip q={search.q} />}
      <FilterMenu />
      {chips.length + (free && search.q !== undefined ? 1 : 0) > 1 && (
        <button type="button" className="control" onClick={() => change(unfiltered)}>
          Clear
        </button>
      )}
    </>
  )
}

const day = 86_400_000

/** Free filters as they were written. One that rollups know nothing of is answered from every request, which is said where it takes long. */
function FreeChip({ q }: { q: string }) {
  const [search, change] = useSearch()
  const parsed = parseQuery(q)
  const slow = spanOf(search) > day
  const why = parsed.ok
    ? slow
      ? 'Read from the requests themselves where rollups do not know it'
      : q
    : parsed.problem.message
  return (
    <span className="chip" title={why}>
      <span>{parsed.ok ? 'where' : 'cannot be read'}</span>
      <b>{q}</b>
      {parsed.ok && slow && <span>long range, may take long</span>}
      <CloseButton
        size="xs"
        aria-label="Remove the free filters"
        onClick={() => change((before) => withQ(before, ''))}
      />
    </span>
  )
}

/** What is typed as a free filter: it has to compare something, for a bare word is looked for among the values. */
function freeIn(text: string) {
  const wanted = text.trim()
  return /[:=<>]/.test(wanted) ? parseQuery(wanted) : null
}

function FilterMenu() {
  const [, change] = useSearch()
  const [text, setText] = useState('')
  const combobox = useCombobox({
    onDropdownClose: () => {
      combobox.resetSelectedOption()
      setText('')
    },
  })
  useHotkeys([['/', () => combobox.openDropdown()]])
  const submit = (option: string) => {
    const split = option.indexOf('=')
    if (option.startsWith('q=')) change((before) => withQ(before, [before.q ?? '', option.slice(2)].join(' ')))
    const column = filterColumns.find((known) => known === option.slice(0, split))
    if (column) change((before) => toggleFilter(before, column, option.slice(split + 1)))
    combobox.closeDropdown()
  }
  return (
    <Combobox
      store={combobox}
      width={320}
      position="bottom-start"
      withinPortal
      keepMounted={false}
      onOptionSubmit={submit}
    >
      <Combobox.Target withAriaAttributes={false}>
        <button type="button" className="control" onClick={() => combobox.toggleDropdown()} aria-haspopup="listbox">
          <IconFilter size={14} stroke={1.7} aria-hidden />
          Filter
          <kbd className="wide-only">/</kbd>
        </button>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          ref={focus}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value)
            combobox.selectFirstOption()
          }}
          placeholder="Model, team, user, or duration>2s"
          aria-label="Search filter values"
        />
        <Combobox.Options mah={360} style={{ overflowY: 'auto' }}>
          {combobox.dropdownOpened && <Values text={text} />}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}

/** It is there only while the list is open, which is when one types. */
const focus = (field: HTMLInputElement | null) => field?.focus({ preventScroll: true })

function FreeOption({ text }: { text: string }) {
  return (
    <Combobox.Group label="free filter">
      <Combobox.Option value={`q=${text}`} className="filter-value">
        <span>{text}</span>
      </Combobox.Option>
    </Combobox.Group>
  )
}

/** At most this many of a column until one types. */
const shown = 8

function Values({ text }: { text: string }) {
  const [search] = useSearch()
  const { data, isPending } = useFilterValues()
  const wanted = text.trim().toLowerCase()
  const typed = freeIn(text)
  const matches = (data?.values ?? []).filter(
    ({ column, value }) =>
      !search.filters[column]?.includes(value) && `${filterLabels[column]} ${value}`.toLowerCase().includes(wanted),
  )
  if (typed?.ok) return <FreeOption text={text.trim()} />
  if (isPending) return <Combobox.Empty>Reading values</Combobox.Empty>
  if (matches.length === 0)
    return <Combobox.Empty>{typed?.problem.message ?? 'No value matches in this range'}</Combobox.Empty>
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
