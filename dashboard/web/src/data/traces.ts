import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'
import { useOne, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const trace = (trace_id: string, query: QuestionInput, signal?: AbortSignal) =>
  read(api.traces[':trace_id'].$get({ param: { trace_id }, query }, init(signal)))

/** Every span of a trace, without what they say, and its calls. */
export const useWholeTrace = (trace_id: string) =>
  useOne(
    `trace ${trace_id}`,
    ({ explain }, signal) => trace(trace_id, explain === undefined ? {} : { explain }, signal),
    {},
  )

const span = (trace_id: string, span_id: string, signal?: AbortSignal) =>
  read(api.traces[':trace_id'].spans[':span_id'].$get({ param: { trace_id, span_id }, query: {} }, init(signal)))

/** Everything that one span says. */
export function useSpan(trace_id: string, span_id: string) {
  return useQuery({
    queryKey: ['span', trace_id, span_id],
    queryFn: ({ signal }) => span(trace_id, span_id, signal),
    retry: 1,
  })
}

const said = (query: QuestionInput, signal?: AbortSignal) => read(api.conversation.$get({ query }, init(signal)))

/** A trace or a session. */
export type Group = { trace_id: string } | { session_id: string }

/** What was said, call by call, a page at a time. */
export function useConversation(group: Group) {
  return useInfiniteQuery({
    queryKey: ['conversation', group],
    queryFn: ({ pageParam, signal }) => said({ ...group, ...(pageParam !== null && { after: pageParam }) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
}

const series = (query: QuestionInput, signal?: AbortSignal) => read(api.servers.series.$get({ query }, init(signal)))
const gpus = (query: QuestionInput, signal?: AbortSignal) => read(api.servers.gpus.$get({ query }, init(signal)))

/** A server and its GPUs around a time, epoch ms. */
export function useServerAround(instance: string, from: number, to: number) {
  const query = { instance, from: String(from), to: String(to) }
  return useQuery({
    queryKey: ['server-around', query],
    queryFn: async ({ signal }) => {
      const [server, under] = await Promise.all([series(query, signal), gpus(query, signal)])
      return { server, gpus: under }
    },
    retry: 1,
  })
}

export type WholeTrace = Awaited<ReturnType<typeof trace>>
export type TraceSpan = WholeTrace['spans'][number]
export type TraceCall = WholeTrace['requests'][number]
export type SpanDetail = Awaited<ReturnType<typeof span>>['span']
export type Turn = Awaited<ReturnType<typeof said>>['turns'][number]
