import { useQuery } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'
import { useCompare, useFleet, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const series = (query: QuestionInput, signal?: AbortSignal) => read(api.servers.series.$get({ query }, init(signal)))
const latency = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.servers.latency.$get({ query }, init(signal)))
const gpus = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.servers.gpus.$get({ query }, init(signal)))
const heatmap = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.servers.heatmap.$get({ query: { instance: '', ...query } }, init(signal)))
const topology = (query: QuestionInput, signal?: AbortSignal) => read(api.topology.$get({ query }, init(signal)))

export type ServerLatency = 'ttft_ms' | 'itl_ms' | 'tpot_ms' | 'e2e_ms' | 'queue_ms' | 'prefill_ms' | 'decode_ms'

/** Of one server, or of all. */
const of = (instance: string | undefined): Record<string, string> => (instance === undefined ? {} : { instance })

export const useServerSeries = (instance: string | undefined) => 
  useFleet('server-series', series, { ...of(instance), ...useCompare() })
export const useServerLatency = (instance: string | undefined, latencyOf: ServerLatency) =>
  useFleet(`server-latency ${latencyOf}`, latency, { ...of(instance), ...useCompare(), of: latencyOf })
/** Of the servers of one endpoint, or of those with one model. */
export const useServersOf = (what: { model: string } | { endpoint: string }) =>
  useFleet('server-series', series, { ...what, ...useCompare() })
export const useGpusOf = (instances: string[]) =>
  useFleet('server-gpus', gpus, { instance: instances, ...useCompare() })
export const useServerGpus = (instance: string) => useFleet('server-gpus', gpus, { instance, ...useCompare() })
/** How its latencies lie over time. */
export const useServerHeatmap = (instance: string, latencyOf: 'e2e_ms' | 'ttft_ms') =>
  useFleet(`server-heatmap ${latencyOf}`, heatmap, { instance, of: latencyOf })
export const useTopology = () => useFleet('topology', topology)

const ranOn = (trace_id: string, span_id: string, signal?: AbortSignal) =>
  read(api.topology[':trace_id'][':span_id'].$get({ param: { trace_id, span_id }, query: {} }, init(signal)))

/** The servers and GPUs under a call. */
export function useRanOn({ trace_id, span_id }: { trace_id: string; span_id: string }) {
  return useQuery({
    queryKey: ['ran-on', trace_id, span_id],
    queryFn: ({ signal }) => ranOn(trace_id, span_id, signal),
    retry: 1,
  })
}

export type ServerSeries = Awaited<ReturnType<typeof series>>
export type ServerLine = ServerSeries['lines'][number]
export type ServerLatencySeries = Awaited<ReturnType<typeof latency>>
export type ServerLatencyLine = ServerLatencySeries['lines'][number]
export type ServerHeatmap = Awaited<ReturnType<typeof heatmap>>
export type ServerGpus = Awaited<ReturnType<typeof gpus>>
export type TopologyLink = Awaited<ReturnType<typeof topology>>['links'][number]

/** host:port and the model that it serves. */
export const serverName = ({ instance, model }: Pick<ServerLine, 'instance' | 'model'>) =>
  [instance, model].filter((part) => part !== '').join(' · ')
