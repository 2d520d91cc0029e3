/** What changed over the page's range, and the marks that people make and take back. One question, however many charts show it. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'
import { isLive, questionOf } from '../lib/search.ts'
import { offerAgain, type TakenBack } from '../lib/taken-back.ts'
import { useSearch } from '../lib/use-search.ts'
import { useScope } from './scope.ts'
import { explainOf, withExplain, type Asked, type QuestionInput } from './use-question.ts'

const ask = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.changes.$get({ query }, { init: { signal: signal ?? null } }))

export type Changes = Awaited<ReturnType<typeof ask>>
export type Change = Changes['changes'][number]

const key = 'changes'
/** Changes are rare: they are asked for now and then, not with every arrival. */
const everyMs = 20_000
/** How long the API gives the same answer again, and a little. */
const answersLastMs = 1200

export function useChanges({ enabled = true } = {}): Asked<Changes> {
  const [search] = useSearch()
  const query = { ...questionOf(search), ...useScope() }
  const result = useQuery({
    queryKey: [key, query],
    queryFn: ({ signal }) => ask(query, signal),
    placeholderData: keepPreviousData,
    staleTime: everyMs,
    refetchInterval: isLive(search) && everyMs,
    enabled,
  })
  return withExplain(result, explainOf(ask, query))
}

/** What charts show of them; nothing where marks are switched off. */
export function useMarks(): { marks: readonly Change[]; problem: string | null } {
  const [search] = useSearch()
  const { data, error } = useChanges({ enabled: search.marks !== 'off' })
  if (search.marks === 'off') return { marks: none, problem: null }
  return { marks: data?.changes ?? none, problem: error && !data ? error.message : null }
}

const none: readonly Change[] = []

export type AnnotationInput = Parameters<typeof api.annotations.$post>[0]['json']

export const useAnnotate = () => useMarking((json: AnnotationInput) => read(api.annotations.$post({ json })))

export const useTakeBack = () =>
  useMarking(({ id }: TakenBack) => read(api.annotations[':id'].$delete({ param: { id } })), offerAgain)

export const usePutBack = () =>
  useMarking((id: string) => read(api.annotations[':id'].restore.$post({ param: { id } })))

/** `done` is called also when what asked for the change is gone by then. */
function useMarking<Input, Answer>(change: (input: Input) => Promise<Answer>, done?: (input: Input) => void) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: (_answer, input) => {
      done?.(input)
      setTimeout(() => void queries.invalidateQueries({ queryKey: [key] }), answersLastMs)
    },
  })
}
