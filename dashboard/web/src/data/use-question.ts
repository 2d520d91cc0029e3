/** Asks the API about the URL's range and filters, again whenever something new was stored. */
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query'
import { questionOf, unfiltered } from '../lib/search.ts'
import { useSearch } from '../lib/use-search.ts'
import { useScope } from './scope.ts'
import { askInTurn, useSight } from './turn.ts'

export type QuestionInput = Record<string, string | string[]>

export interface ExplainedQuery {
  sql: string
  params: Record<string, unknown>
}

export type Explain = () => Promise<ExplainedQuery[]>

/** An answer in whatever state it is, and a way to see its SQL. */
export type Asked<T> = UseQueryResult<T> & { explain: Explain }

/** The same; without the way where no table holds what it says: a configuration, what a process remembers. */
export type Told<T> = UseQueryResult<T> & { explain?: Explain }

/** Keys that begin so are asked again on every tick. */
export const liveKey = 'live'

type Ask<T> = (query: QuestionInput, signal?: AbortSignal) => Promise<T & { explain?: ExplainedQuery[] | undefined }>

export function useQuestion<T>(name: string, ask: Ask<T>, extra: Record<string, string> = {}): Asked<T> {
  const [search] = useSearch()
  const scope = useScope()
  return useAsked(name, ask, { ...questionOf(search), ...scope, ...extra })
}

/** Asks for the period before too, when one compares. */
export function useCompare(): Record<string, string> {
  const [search] = useSearch()
  return search.compare === 'on' ? { compare: '1' } : {}
}

/** The same, about the range and `extra` alone: filters of requests say nothing of servers. */
export function useFleet<T>(name: string, ask: Ask<T>, extra: QuestionInput = {}): Asked<T> {
  const [search] = useSearch()
  return useAsked(name, ask, { ...questionOf(unfiltered(search)), ...extra })
}

/** The same, about the range alone, and not live: for lists that hardly change. */
export function useSlowly<T>(name: string, ask: Ask<T>): Asked<T> {
  const [search] = useSearch()
  return useAsked(name, ask, questionOf(unfiltered(search)), { live: false })
}

/** The same, about another range than the URL's, with its filters, and not live: a range that moves is asked about anew. */
export function useWindow<T>(name: string, ask: Ask<T>, from: number, to: number): Asked<T> {
  const [{ range: _range, ...search }] = useSearch()
  return useAsked(name, ask, questionOf({ ...search, from, to }), { live: false })
}

function useAsked<T>(name: string, ask: Ask<T>, query: QuestionInput, { live = true } = {}): Asked<T> {
  const sight = useSight()
  const result = useQuery<T>({
    queryKey: [live ? liveKey : 'slow', name, query],
    queryFn: ({ signal }) => askInTurn(sight, signal, () => ask(query, signal)),
    placeholderData: keepPreviousData,
    ...(!live && { staleTime: 60_000, refetchInterval: 60_000 }),
  })
  return withExplain(result, explainOf(ask, query))
}

/** An answer with a way to see its SQL. It is not copied: what is read of it is all that draws its reader anew. */
export function withExplain<Result extends object>(result: Result, explain: Explain) {
  return Object.assign(Object.create(result) as Result, { explain })
}

/** Asks the same again, for its SQL. */
export const explainOf =
  <T>(ask: Ask<T>, query: QuestionInput = {}): Explain =>
  async () =>
    (await ask({ ...query, explain: '1' })).explain ?? []

/** The same about one thing, whatever the range and the filters: it is what it is. */
export function useOne<T>(name: string, ask: Ask<T>, query: Record<string, string>): Asked<T> {
  const result = useQuery<T>({ queryKey: ['one', name, query], queryFn: ({ signal }) => ask(query, signal), retry: 1 })
  return withExplain(result, explainOf(ask, query))
}
