import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'
import { liveKey } from './use-question.ts'

const status = () => read(api.status.$get({ query: {} }))

/** Versions, addresses, demo traffic, and whether there is any data. */
export const useStatus = () => useQuery({ queryKey: [liveKey, 'status'], queryFn: status })
export type Status = Awaited<ReturnType<typeof status>>

/** Starts or stops the demo fleet. */
export function useDemo() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (action: 'start' | 'stop') => read(api.demo[action].$post()),
    onSuccess: () => queries.invalidateQueries({ queryKey: [liveKey] }),
  })
}
