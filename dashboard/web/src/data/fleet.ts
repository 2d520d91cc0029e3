import { api, read } from '../lib/api.ts'
import { useQuestion, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const gpus = (query: QuestionInput, signal?: AbortSignal) => read(api.gpus.$get({ query }, init(signal)))
const servers = (query: QuestionInput, signal?: AbortSignal) => read(api.servers.$get({ query }, init(signal)))

export const useGpus = () => useQuestion('gpus', gpus)
export const useServers = () => useQuestion('servers', servers)

export type Gpus = Awaited<ReturnType<typeof gpus>>
export type GpuNow = Gpus['gpus'][number]
export type ServerNow = Awaited<ReturnType<typeof servers>>['servers'][number]
