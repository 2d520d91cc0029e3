import { useQuery } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'
import { liveKey } from './use-question.ts'

const alerts = () => read(api.alerts.$get({ query: {} }))

/** What fires or is about to, every rule's last evaluation, and the channels. */
export const useAlerts = () => useQuery({ queryKey: [liveKey, 'alerts'], queryFn: alerts })

export type Alerts = Awaited<ReturnType<typeof alerts>>
export type ActiveAlert = Alerts['active'][number]
export type RuleView = Alerts['rules'][number]
export type ChannelView = Alerts['channels'][number]
