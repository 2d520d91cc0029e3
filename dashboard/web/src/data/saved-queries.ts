/** Queries that everybody on the instance sees. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'

const route = api['saved-queries']
const key = ['saved queries']

const savedQueries = async () => (await read(route.$get({ query: {} }))).queries

export const useSavedQueries = () => useQuery({ queryKey: key, queryFn: savedQueries })

export type SharedQuery = Awaited<ReturnType<typeof savedQueries>>[number]
export type SharedQueryText = Omit<SharedQuery, 'id' | 'saved_at'>

/** `id` replaces the one that has it. */
export const useSaveQuery = () =>
  useChange(({ id, ...json }: SharedQueryText & { id?: string | undefined }) =>
    read(id === undefined ? route.$post({ json }) : route[':id'].$patch({ param: { id }, json })),
  )

export const useRenameQuery = () =>
  useChange(({ id, name }: { id: string; name: string }) => read(route[':id'].$patch({ param: { id }, json: { name } })))

export const useDeleteQuery = () => useChange((id: string) => read(route[':id'].$delete({ param: { id } })))

/** Resolves once the list has what was changed. */
function useChange<Input, Answer>(change: (input: Input) => Promise<Answer>) {
  const queries = useQueryClient()
  return useMutation({ mutationFn: change, onSettled: () => queries.invalidateQueries({ queryKey: key }) })
}
