import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
  type UseInfiniteQueryResult,
} from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'
import { questionOf, type Search } from '../lib/search.ts'
import { useSearch } from '../lib/use-search.ts'
import { explorerQuestion } from './explorer.ts'
import type { TraceSpan } from './traces.ts'
import { useQuestion, withExplain, type Asked, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const list = (query: QuestionInput, signal?: AbortSignal) => read(api.requests.$get({ query }, init(signal)))

/** The newest requests of the range. */
export const useLatestRequests = (limit: number) => useQuestion('requests', list, { limit: String(limit) })

/** What the list may be ordered by besides time. */
export const requestSorts = ['duration_ms', 'ttft_ms', 'tpot_ms', 'input_tokens', 'output_tokens', 'cost_usd'] as const

/** The order that the URL names; undefined is the newest first. */
export function sortOf({ sort }: Search): string | undefined {
  return requestSorts.some((key) => key === sort?.replace(/^-/, '')) ? sort : undefined
}

/** Rows of a page. By a measure they lie all over the range and each takes its time: the first ones are there at once. */
const limits = { byTime: 500, byMeasure: { first: 25, next: 100 } }

/** All requests of the range, a page at a time. Not live: a list that is read must not move. `reread` begins anew; `question` tells lists apart. */
export function useRequestPages() {
  const [search] = useSearch()
  const queries = useQueryClient()
  const sort = sortOf(search)
  const query = {
    ...questionOf(search),
    ...explorerQuestion(search),
    ...(sort !== undefined && { sort }),
  }
  const { first, next } = sort === undefined ? { first: limits.byTime, next: limits.byTime } : limits.byMeasure
  const page = (after: string | null, signal?: AbortSignal) =>
    list({ ...query, limit: String(after === null ? first : next), ...(after !== null && { after }) }, signal)
  const queryKey = ['request-pages', query]
  const pages = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => page(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  })
  return {
    pages,
    question: JSON.stringify(query),
    asked: askedOf(pages, async () => (await list({ ...query, limit: String(first), explain: '1' })).explain ?? []),
    reread: () => void queries.resetQueries({ queryKey }),
  }
}

export type RequestPages = ReturnType<typeof useRequestPages>['pages']

/** Many pages as the one answer that a panel shows. */
function askedOf<T>(pages: UseInfiniteQueryResult<T>, explain: Asked<T>['explain']): Asked<T> {
  return withExplain(pages, explain)
}

/** The address of the filtered list as a file: all of it, not the loaded pages alone. */
export function exportLink(search: Search, format: 'csv' | 'json'): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries({ ...questionOf(search), ...explorerQuestion(search), format }))
    for (const one of [value].flat()) query.append(key, one)
  return `/api/requests/export?${query.toString()}`
}

const one = (trace_id: string, span_id: string, signal?: AbortSignal) =>
  read(api.requests[':trace_id'][':span_id'].$get({ param: { trace_id, span_id }, query: {} }, init(signal)))

/** Every field of one request, and the spans of its trace. `id` is trace_id.span_id. */
export function useRequest(id: string) {
  const [trace_id = '', span_id = ''] = id.split('.')
  return useQuery({ queryKey: ['request', id], queryFn: ({ signal }) => one(trace_id, span_id, signal), retry: 1 })
}

const trace = (trace_id: string, signal?: AbortSignal) =>
  read(api.traces[':trace_id'].$get({ param: { trace_id }, query: {} }, init(signal)))

/** The spans of a trace, also of one that holds no request. `id` is trace_id.span_id. */
export function useTrace(id: string) {
  const [trace_id = ''] = id.split('.')
  return useQuery({ queryKey: ['trace', trace_id], queryFn: ({ signal }) => trace(trace_id, signal), retry: 1 })
}

const cost = (trace_id: string, span_id: string, signal?: AbortSignal) =>
  read(api.requests[':trace_id'][':span_id'].cost.$get({ param: { trace_id, span_id }, query: {} }, init(signal)))

/** Why one request costs what it costs. */
export function useCost({ trace_id, span_id }: Pick<RequestRow, 'trace_id' | 'span_id'>) {
  return useQuery({
    queryKey: ['cost', trace_id, span_id],
    queryFn: ({ signal }) => cost(trace_id, span_id, signal),
    retry: 1,
  })
}

export type CostExplanation = Awaited<ReturnType<typeof cost>>

export type RequestRow = Awaited<ReturnType<typeof list>>['requests'][number]
export type RequestAnswer = Awaited<ReturnType<typeof one>>
export type RequestDetail = RequestAnswer['request']
export type { TraceSpan }

/** The id of a request in the URL. */
export const requestId = ({ trace_id, span_id }: Pick<RequestRow, 'trace_id' | 'span_id'>) => `${trace_id}.${span_id}`

