import type { FleetMeasure } from '../../../api/routes/fleet.ts'
import { api, read } from '../lib/api.ts'
import { useCompare, useFleet, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const gpus = (query: QuestionInput, signal?: AbortSignal) => read(api.gpus.$get({ query }, init(signal)))
const servers = (query: QuestionInput, signal?: AbortSignal) => read(api.servers.$get({ query }, init(signal)))
const queues = (query: QuestionInput, signal?: AbortSignal) => read(api.queues.$get({ query }, init(signal)))

const fleet = (query: QuestionInput, signal?: AbortSignal) => read(api.gpus.fleet.$get({ query }, init(signal)))
const one = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.gpus.one.$get({ query: { host: '', gpu: '', ...query } }, init(signal)))

/** Each GPU over time by one measure, how long it was idle, and its price. */
export const useGpuFleet = (of: FleetMeasure) => useFleet(`gpu-fleet ${of}`, fleet, { of })
/** Everything of one GPU or MIG instance. */
export const useGpuHistory = (place: { host: string; gpu: string; mig_id: string }) =>
  useFleet(`gpu ${JSON.stringify(place)}`, one, { ...place, ...useCompare() })
/** How each GPU is now, and the busiest over time. */
export const useGpus = () => useFleet('gpus', gpus, useCompare())
export const useServers = () => useFleet('servers', servers)
export const useJobQueues = () => useFleet('queues', queues)

export type Gpus = Awaited<ReturnType<typeof gpus>>
export type { FleetMeasure }
export type GpuFleet = Awaited<ReturnType<typeof fleet>>
export type FleetGpu = GpuFleet['gpus'][number]
export type GpuHistory = Awaited<ReturnType<typeof one>>
export type GpuNow = Gpus['gpus'][number]
export type Servers = Awaited<ReturnType<typeof servers>>
export type ServerNow = Servers['servers'][number]
export type JobQueueRow = Awaited<ReturnType<typeof queues>>['queues'][number]
