import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'
import { explainOf, liveKey, useFleet, withExplain, type QuestionInput } from './use-question.ts'

const alerts = (query: QuestionInput = {}) => read(api.alerts.$get({ query }))

/** What fires or is about to, every rule's last evaluation, and the channels. */
export const useAlerts = () => useQuery({ queryKey: [liveKey, 'alerts'], queryFn: () => alerts() })

/** The same, for what fires or is about to: of it alone there is a table. */
export const useActiveAlerts = () => withExplain(useAlerts(), explainOf(alerts))

export type Alerts = Awaited<ReturnType<typeof alerts>>
export type ActiveAlert = Alerts['active'][number]
export type RuleView = Alerts['rules'][number]
export type ChannelView = Alerts['channels'][number]

const rule = (group: string, id: string) => read(api.alerts.rule.$get({ query: { group, id } }))

/** A rule's last evaluations, and its text. */
export const useRule = ({ group, id }: Pick<RuleView, 'group' | 'id'>) =>
  useQuery({ queryKey: [liveKey, 'rule', group, id], queryFn: () => rule(group, id) })

export type EvaluationRecord = Awaited<ReturnType<typeof rule>>['evaluations'][number]

const history = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.alerts.history.$get({ query }, { init: { signal: signal ?? null } }))

/** What fired in the range, and what was told to whom. */
export const useAlertHistory = () => useFleet('alert history', history)

export type AlertHistory = Awaited<ReturnType<typeof history>>
export type FiringRow = AlertHistory['firings'][number]
export type DeliveryRow = AlertHistory['deliveries'][number]

/** Sends a receiver an alert that is none, firing and then resolved. */
export function useTestNotification() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (receiver: string) => read(api.alerts.test.$post({ json: { receiver } })),
    onSettled: () => queries.invalidateQueries({ queryKey: [liveKey] }),
  })
}
