/** Free filters in one field, with completion of fields and of values. */
import { Combobox, useCombobox } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useRef, useState, type KeyboardEvent } from 'react'
import { flushSync } from 'react-dom'
import { completingAt, fieldNames, parseQuery, valueText } from '../../../../../records/request-query.ts'
import { useFacetSearch } from '../../data/explorer.ts'
import { withQ } from '../../lib/facets.ts'
import { formatCount } from '../../lib/format.ts'
import { filterColumns } from '../../lib/search.ts'
import { useSearch } from '../../lib/use-search.ts'

interface Option {
  /** What replaces what was typed. */
  text: string
  label: string
  about: string
}

const mostOptions = 12
const operators: Readonly<Record<string, string>> = { number: '>', text: ':' }
const numbers = new Set('duration ttft tpot queue tokens_in tokens_out cost attempt http_status'.split(' '))

export function QueryField() {
  const [search, change] = useSearch()
  const [text, setText] = useState(search.q ?? '')
  const [cursor, setCursor] = useState(text.length)
  const input = useRef<HTMLInputElement>(null)
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() })
  useHotkeys([['f', () => input.current?.focus()]])
  const options = useOptions(text, cursor, combobox.dropdownOpened)
  // What was tried last: a text that cannot be read never reaches the panels from here, and may come with a link.
  const [tried, setTried] = useState(search.q ?? '')
  const [seen, setSeen] = useState(search.q)
  if (seen !== search.q) {
    setSeen(search.q)
    setText(search.q ?? '')
    setTried(search.q ?? '')
  }
  const applied = parseQuery(tried)

  const apply = (next: string) => {
    setTried(next)
    if (parseQuery(next).ok) change((before) => withQ(before, next))
  }
  const complete = (chosen: string) => {
    const { from } = completingAt(text, cursor)
    const after = text.slice(cursor).replace(/^[^\s"]*"?/, '')
    const next = text.slice(0, from) + chosen + after
    // At once: a cursor that is set later jumps back among what was typed meanwhile.
    flushSync(() => {
      setText(next)
      setCursor(from + chosen.length)
    })
    input.current?.focus()
    input.current?.setSelectionRange(from + chosen.length, from + chosen.length)
  }
  const keyed = (event: KeyboardEvent) => {
    const choosing = combobox.dropdownOpened && combobox.getSelectedOptionIndex() >= 0
    if (event.key === 'Enter' && !choosing) {
      event.preventDefault()
      combobox.closeDropdown()
      apply(text)
    }
    if (event.key === 'Escape' && !combobox.dropdownOpened) {
      setText(search.q ?? '')
      setTried(search.q ?? '')
      input.current?.blur()
    }
  }
  return (
    <div className="query-field">
      <Combobox store={combobox} position="bottom-start" withinPortal keepMounted={false} onOptionSubmit={complete}>
        <Combobox.DropdownTarget>
          <div className="query-input">
            <IconSearch size={15} stroke={1.7} aria-hidden />
            <Combobox.EventsTarget>
              <input
                ref={input}
                type="text"
                spellCheck={false}
                autoComplete="off"
                aria-label="Filter requests"
                aria-invalid={!applied.ok}
                aria-describedby="query-problem"
                placeholder="model:gpt-4o duration>2s team!=search"
                maxLength={2000}
                value={text}
                onChange={(event) => {
                  setText(event.currentTarget.value)
                  setCursor(event.currentTarget.selectionStart ?? event.currentTarget.value.length)
                  combobox.openDropdown()
                  combobox.resetSelectedOption()
                }}
                onSelect={(event) => setCursor(event.currentTarget.selectionStart ?? text.length)}
                onFocus={() => combobox.openDropdown()}
                onClick={() => combobox.openDropdown()}
                onBlur={() => combobox.closeDropdown()}
                onKeyDown={keyed}
              />
            </Combobox.EventsTarget>
            {text !== '' && (
              <button
                type="button"
                className="chip-button"
                aria-label="Clear the filter text"
                onClick={() => {
                  setText('')
                  apply('')
                }}
              >
                Clear
              </button>
            )}
            <kbd className="wide-only" aria-hidden>
              F
            </kbd>
          </div>
        </Combobox.DropdownTarget>
        <Combobox.Dropdown hidden={options.length === 0}>
          <Combobox.Options mah={320} style={{ overflowY: 'auto' }} aria-label="Completions">
            {options.map((option) => (
              <Combobox.Option key={option.text} value={option.text} className="filter-value">
                <span>{option.label}</span>
                <span className="dim">{option.about}</span>
              </Combobox.Option>
            ))}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      <div id="query-problem" role={applied.ok ? undefined : 'alert'}>
        {!applied.ok && (
          <p className="query-problem">
            <code>{tried.slice(applied.problem.at.from, applied.problem.at.to)}</code> {applied.problem.message}
          </p>
        )}
      </div>
    </div>
  )
}

function useOptions(text: string, cursor: number, asked: boolean): Option[] {
  const { kind, field, typed } = completingAt(text, cursor)
  const facet = asked && kind === 'value' && searchable.has(field) ? field : ''
  const { data } = useFacetSearch(facet, typed)
  if (kind === 'field')
    return fieldNames
      .filter((name) => name.startsWith(typed.toLowerCase()) && name !== typed)
      .slice(0, mostOptions)
      .map((name) => {
        const operator = name.endsWith('.') ? '' : (operators[numbers.has(name) ? 'number' : 'text'] ?? '')
        return { text: name + operator, label: name, about: about[name] ?? '' }
      })
  return (
    (data?.values ?? [])
      .filter(({ column, value }) => facet !== '' && column === field && value !== typed)
      // The answer may still be that to fewer letters.
      .filter(({ value }) => value.toLowerCase().includes(typed.toLowerCase()))
      .slice(0, mostOptions)
      .map(({ value, requests }) => ({
        text: `${valueText(value)} `,
        label: value,
        about: formatCount(requests * (data?.factor ?? 1)),
      }))
  )
}

/** Columns whose values the API lists. */
const searchable: ReadonlySet<string> = new Set([
  ...filterColumns,
  'error_type',
  'finish_reason',
  'prompt_name',
  'prompt_version',
  'variant',
])

const about: Readonly<Record<string, string>> = {
  duration: 'time: 2s, 350ms',
  ttft: 'time to first token',
  tpot: 'time per output token',
  queue: 'time in the server’s queue',
  tokens_in: 'input tokens: 8k',
  tokens_out: 'output tokens',
  cost: 'US dollars: 0.01',
  prompt: 'text within the prompt',
  answer: 'text within the answer',
  streamed: 'true or false',
  cache_hit: 'true or false',
  attempt: '1 is the first try',
  status: 'ok, error, rate_limited, …',
  'attribute.': 'any other attribute: attribute.foo:bar',
}
