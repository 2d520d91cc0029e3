import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'
import { explainOf, liveKey, withExplain, type QuestionInput } from './use-question.ts'

const silences = (query: QuestionInput = {}) => read(api.silences.$get({ query }))

/** Those that hold or will, and those that expired in the last days. */
export const useSilences = () =>
  withExplain(useQuery({ queryKey: [liveKey, 'silences'], queryFn: () => silences() }), explainOf(silences))

export type Silences = Awaited<ReturnType<typeof silences>>
export type Silence = Silences['silences'][number]

const preview = (matchers: string, signal?: AbortSignal) =>
  read(api.silences.preview.$get({ query: { matchers } }, { init: { signal: signal ?? null } }))

/** The firing alerts that these matchers mean; nothing is asked of an empty text. */
export function useSilencePreview(matchers: string) {
  return useQuery({
    queryKey: [liveKey, 'silence preview', matchers],
    queryFn: ({ signal }) => preview(matchers, signal),
    enabled: matchers.trim() !== '',
    placeholderData: keepPreviousData,
    retry: false,
  })
}

export interface SilenceDraft {
  /** Of the one that is edited. */
  before: Silence | null
  /** As people write them. */
  matchers: string
  ends_at: number
  created_by: string
  comment: string
}

async function save({ before, matchers, ...said }: SilenceDraft) {
  const { matchers: parsed } = await preview(matchers)
  const kept = before ? { id: before.id, name: before.name, time_intervals: before.time_intervals } : {}
  return read(api.silences.$post({ json: { ...kept, ...said, matchers: parsed } }))
}

/** Makes a silence or edits one. */
export const useSaveSilence = () => useChange(save)

const windows = (query: QuestionInput = {}) => read(api.silences.windows.$get({ query }))

/** Maintenance windows that are not over, and when they come next. */
export const useWindows = () =>
  withExplain(useQuery({ queryKey: [liveKey, 'windows'], queryFn: () => windows() }), explainOf(windows))

export type MaintenanceWindows = Awaited<ReturnType<typeof windows>>
export type MaintenanceWindow = MaintenanceWindows['windows'][number]

export type WindowInput = Parameters<typeof api.silences.windows.$post>[0]['json']

/** Makes a maintenance window or changes one. */
export const useSaveWindow = () => useChange((json: WindowInput) => read(api.silences.windows.$post({ json })))

/** Ends a silence now. */
export const useExpireSilence = () =>
  useChange(({ id, who }: { id: string; who: string }) =>
    read(api.silences[':id'].expire.$post({ param: { id }, json: { who } })),
  )

function useChange<Input, Answer>(change: (input: Input) => Promise<Answer>) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSettled: () => queries.invalidateQueries({ queryKey: [liveKey] }),
  })
}
