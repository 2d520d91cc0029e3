/** The values of every column under the filters of the others, with counts: a click asks for one, a minus for all but it. */
import { IconChevronDown, IconChevronRight, IconMinus, IconSearch } from '@tabler/icons-react'
import { memo, useMemo, useState } from 'react'
import { useFacets, useFacetSearch, type FacetsAnswer, type FacetValue } from '../../data/explorer.ts'
import { choiceOf, exclude, want, type Choice } from '../../lib/facets.ts'
import { formatCount, formatExact } from '../../lib/format.ts'
import { filterLabels, type Search } from '../../lib/search.ts'
import { nameOfChoice, useSwitch, useTyped } from '../../lib/use-choice.ts'
import { useSearch } from '../../lib/use-search.ts'
import { CutName } from '../CutName.tsx'
import { Failure, PanelSkeleton } from '../states.tsx'

type Column = FacetValue['column']

const labels: Partial<Record<Column, string>> = {
  ...filterLabels,
  error_type: 'error type',
  finish_reason: 'finish reason',
  prompt_name: 'prompt',
  prompt_version: 'prompt version',
}

export const facetLabel = (column: string) => labels[column as Column] ?? column.replaceAll('_', ' ')

export function Facets() {
  const { data, error, isPending, isPlaceholderData, refetch } = useFacets()
  const [search, change] = useSearch()
  if (isPending) return <PanelSkeleton height={400} />
  if (error && !data) return <Failure error={error} retry={() => void refetch()} height={200} />
  return (
    <div className="facets" data-dimmed={isPlaceholderData}>
      <p className="facets-total">
        <b title={formatExact(data.requests * data.factor)}>
          {data.factor > 1 ? '≈ ' : ''}
          {formatCount(data.requests * data.factor)}
        </b>{' '}
        requests
      </p>
      {data.factor > 1 && (
        <p className="dim">Counts are estimates: one request in {formatExact(data.factor)} was read.</p>
      )}
      {data.columns.map((column) => (
        <Facet key={column} column={column} answer={data} search={search} onChange={change} />
      ))}
    </div>
  )
}

/** As many as are in sight until one asks for more. */
const few = 6
/** The API tells no more of a column at once. */
const mostTold = 20

interface FacetProps {
  column: Column
  answer: FacetsAnswer
  search: Search
  onChange: (change: (search: Search) => Search) => void
}

const Facet = memo(function Facet({ column, answer, search, onChange }: FacetProps) {
  const name = nameOfChoice(column)
  const [closed, close] = useSwitch(`closed-${name}`)
  const [all, setAll] = useSwitch(`all-${name}`)
  const [text, setText] = useTyped(name)
  const [asked, setAsked] = useState(false)
  const searching = asked || text !== ''
  const values = useMemo(() => answer.values.filter((value) => value.column === column), [answer, column])
  const found = useFacetSearch(text === '' ? '' : column, text)
  if (values.length === 0) return null
  const filtered = text !== ''
  const list = filtered ? (found.data?.values ?? []) : values
  const most = Math.max(...values.map(({ requests }) => requests), 1)
  const shown = all || filtered ? list : list.filter((one, index) => index < few || isChosen(search, one))
  const label = facetLabel(column)
  return (
    <section className="facet" aria-label={label}>
      <header>
        <button type="button" aria-expanded={!closed} onClick={() => close(!closed)}>
          {closed ? <IconChevronRight size={13} aria-hidden /> : <IconChevronDown size={13} aria-hidden />}
          {label}
        </button>
        {!closed && (values.length > few || searching) && (
          <button
            type="button"
            aria-label={`Search ${label}`}
            aria-pressed={searching}
            onClick={() => {
              setAsked(!searching)
              setText('')
            }}
          >
            <IconSearch size={13} aria-hidden />
          </button>
        )}
      </header>
      {!closed && searching && (
        <input
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- the field comes because one asked for it
          autoFocus={asked}
          type="search"
          aria-label={`Values of ${label}`}
          placeholder={`Search ${label}`}
          maxLength={200}
          value={text}
          onChange={(event) => {
            // The field of a link stays when it is emptied.
            setAsked(true)
            setText(event.currentTarget.value)
          }}
        />
      )}
      {!closed && (
        <ul>
          {shown.map((one) => (
            <Value
              key={one.value}
              one={one}
              label={label}
              factor={answer.factor}
              share={one.requests / most}
              choice={choiceOf(search, column, one.value)}
              onChange={onChange}
            />
          ))}
          {filtered && found.isSuccess && list.length === 0 && <li className="dim">No value matches</li>}
        </ul>
      )}
      {!closed && !filtered && list.length > few && (
        <button type="button" className="facet-more" onClick={() => setAll(!all)}>
          {all ? 'Fewer' : list.length >= mostTold ? 'More' : `${list.length - few} more`}
        </button>
      )}
    </section>
  )
})

const isChosen = (search: Search, { column, value }: FacetValue) => choiceOf(search, column, value) !== 'open'

interface ValueProps {
  one: FacetValue
  label: string
  factor: number
  /** Of the largest. */
  share: number
  choice: Choice
  onChange: FacetProps['onChange']
}

function Value({ one: { column, value, requests }, label, factor, share, choice, onChange }: ValueProps) {
  const count = requests * factor
  return (
    <li className="facet-value" data-choice={choice}>
      <button
        type="button"
        aria-pressed={choice === 'wanted'}
        title={`${value}\nClick: only these. Alt-click: all but these`}
        onClick={(event) => onChange((before) => (event.altKey ? exclude : want)(before, column, value))}
      >
        <i style={{ width: `${Math.min(share, 1) * 100}%` }} aria-hidden />
        <span>
          <CutName name={value} />
        </span>
        <b title={formatExact(count)}>{formatCount(count)}</b>
      </button>
      <button
        type="button"
        className="facet-minus"
        aria-label={`Exclude ${label} ${value}`}
        aria-pressed={choice === 'unwanted'}
        onClick={() => onChange((before) => exclude(before, column, value))}
      >
        <IconMinus size={12} aria-hidden />
      </button>
    </li>
  )
}
