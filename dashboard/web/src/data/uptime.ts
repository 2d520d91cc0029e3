import { api, read } from '../lib/api.ts'
import { useQuestion, type QuestionInput } from './use-question.ts'

const uptime = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.uptime.$get({ query }, { init: { signal: signal ?? null } }))

export const useUptime = () => useQuestion('uptime', uptime)

export type UptimeAnswer = Awaited<ReturnType<typeof uptime>>
export type UptimeRow = UptimeAnswer['probes'][number]
export type OutageRow = UptimeAnswer['outages'][number]
