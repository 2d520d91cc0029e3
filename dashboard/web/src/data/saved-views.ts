/** Views of a page that everybody on the instance sees. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'

const route = api['saved-views']
const key = ['saved views']

const savedViews = async (page: string) => (await read(route.$get({ query: { page } }))).views

export const useSavedViews = (page: string) =>
  useQuery({ queryKey: [...key, page], queryFn: () => savedViews(page) })

export type SavedView = Awaited<ReturnType<typeof savedViews>>[number]
type ViewText = Omit<SavedView, 'id' | 'saved_at'>

/** `id` replaces the one that has it. */
export const useSaveView = () =>
  useChange(({ id, page, ...json }: ViewText & { id?: string | undefined }) =>
    read(id === undefined ? route.$post({ json: { page, ...json } }) : route[':id'].$patch({ param: { id }, json })),
  )

export const useRenameView = () =>
  useChange(({ id, name }: { id: string; name: string }) => read(route[':id'].$patch({ param: { id }, json: { name } })))

export const useDeleteView = () => useChange((id: string) => read(route[':id'].$delete({ param: { id } })))

/** Resolves once the list has what was changed. */
function useChange<Input, Answer>(change: (input: Input) => Promise<Answer>) {
  const queries = useQueryClient()
  return useMutation({ mutationFn: change, onSettled: () => queries.invalidateQueries({ queryKey: key }) })
}
