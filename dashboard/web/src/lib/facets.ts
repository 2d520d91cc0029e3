/** What a facet's value is in the URL: a filter where its column is one of the top bar's, else a free term. */
import { formatTerm, parseQuery, toggleTerm, type Term, type TextField } from '../../../../records/request-query.ts'
import { filterColumns, toggleFilter, type Search } from './search.ts'

/** Fields that a click may filter by. */
export type ChosenField = TextField | 'streamed' | 'cache_hit' | 'attempt'

export type Choice = 'wanted' | 'unwanted' | 'open'

/** Whether the filters ask for a value, or for all others. */
export function choiceOf(search: Search, field: ChosenField, value: string): Choice {
  const column = filterColumns.find((known) => known === field)
  if (column && search.filters[column]?.includes(value)) return 'wanted'
  const parsed = parseQuery(search.q ?? '')
  if (!parsed.ok) return 'open'
  const wanted = formatTerm(termOf(field, value, false))
  const own = parsed.terms.find((term) => formatTerm({ ...term, not: false }) === wanted)
  return own === undefined ? 'open' : own.not ? 'unwanted' : 'wanted'
}

/** Asks for a value, or no longer. */
export function want(search: Search, field: ChosenField, value: string): Search {
  const column = filterColumns.find((known) => known === field)
  const choice = choiceOf(search, field, value)
  const inFilter = column !== undefined && search.filters[column]?.includes(value)
  // An excluded value, or one that the text asks for, goes from the text.
  if (column === undefined || (choice !== 'open' && !inFilter))
    return withQ(search, toggleTerm(search.q ?? '', termOf(field, value, choice === 'unwanted')))
  return toggleFilter(search, column, value)
}

/** Asks for all but a value, or no longer. */
export function exclude(search: Search, field: ChosenField, value: string): Search {
  const column = filterColumns.find((known) => known === field)
  const without = column && search.filters[column]?.includes(value) ? toggleFilter(search, column, value) : search
  return withQ(without, toggleTerm(without.q ?? '', termOf(field, value, true)))
}

export function withQ({ q: _q, ...rest }: Search, q: string): Search {
  return q.trim() === '' ? rest : { ...rest, q: q.trim() }
}

function termOf(field: ChosenField, value: string, not: boolean): Term {
  if (field === 'streamed' || field === 'cache_hit') return { kind: 'flag', field, value: value === 'true', not }
  if (field === 'attempt') return { kind: 'number', field, test: 'compare', comparison: '=', value: Number(value), not }
  return { kind: 'text', field, test: 'equal', value, not }
}
