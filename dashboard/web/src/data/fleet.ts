import { api, read } from '../lib/api.ts'
import { useQuestion, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const gpus = (query: QuestionInput, signal?: AbortSignal) => read(api.gpus.$get({ query }, init(signal)))
const servers = (query: QuestionInput, signal?: AbortSignal) => read(api.servers.$get({ query }, init(signal)))
const queues = (query: QuestionInput, signal?: AbortSignal) => read(api.queues.$get({ query }, init(signal)))

export const useGpus = () => useQuestion('gpus', gpus)
export const useServers = () => useQuestion('servers', servers)
export const useJobQueues = () => useQuestion('queues', queues)

export type Gpus = Awaited<ReturnType<typeof gpus>>
export type GpuNow = Gpus['gpus'][number]
export type ServerNow = Awaited<ReturnType<typeof servers>>['servers'][number]
export type JobQueueRow = Awaited<ReturnType<typeof queues>>['queues'][number]
