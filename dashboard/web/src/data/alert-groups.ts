import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'
import { explainOf, liveKey, withExplain, type QuestionInput } from './use-question.ts'

const groups = (query: QuestionInput = {}) => read(api.alerts.groups.$get({ query }))

/** What is told together: alerts, why they are not told, who was told and when next. Fails where another process evaluates. */
export const useAlertGroups = () =>
  withExplain(useQuery({ queryKey: [liveKey, 'alert groups'], queryFn: () => groups() }), explainOf(groups))

export type AlertGroups = Awaited<ReturnType<typeof groups>>
export type AlertGroup = AlertGroups['groups'][number]
export type GroupMember = AlertGroup['alerts'][number]
export type GroupChannel = AlertGroup['channels'][number]
export type MuteReason = GroupMember['muted_by'][number]

export interface Said {
  who: string
  comment: string
}

const group = api.alerts.groups[':id']
const acts = {
  acknowledge: (id: string, json: Said) => read(group.acknowledge.$post({ param: { id }, json })),
  unacknowledge: (id: string, json: Said) => read(group.unacknowledge.$post({ param: { id }, json })),
  comment: (id: string, json: Said) => read(group.comment.$post({ param: { id }, json })),
}
export type GroupAct = keyof typeof acts

/** Takes a group on, gives it back, or says something about it. */
export function useGroupAct(id: string) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: ({ act, said }: { act: GroupAct; said: Said }) => acts[act](id, said),
    onSettled: () => queries.invalidateQueries({ queryKey: [liveKey] }),
  })
}
