import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'
import { questionOf } from '../lib/search.ts'
import { useSearch } from '../lib/use-search.ts'
import type { TraceSpan } from './traces.ts'
import { useQuestion, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const list = (query: QuestionInput, signal?: AbortSignal) => read(api.requests.$get({ query }, init(signal)))

/** The newest requests of the range. */
export const useLatestRequests = (limit: number) => useQuestion('requests', list, { limit: String(limit) })

/** All requests of the range, a page at a time. Not live: a list that is read must not move. */
export function useRequestPages(limit = 100) {
  const [search] = useSearch()
  const query = { ...questionOf(search), limit: String(limit) }
  return useInfiniteQuery({
    queryKey: ['request-pages', query],
    queryFn: ({ pageParam, signal }) => list({ ...query, ...(pageParam !== null && { after: pageParam }) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
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

