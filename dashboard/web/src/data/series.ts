import { api, read } from '../lib/api.ts'
import { useQuestion, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const latency = (query: QuestionInput, signal?: AbortSignal) => read(api.series.latency.$get({ query }, init(signal)))
const throughput = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.series.throughput.$get({ query }, init(signal)))
const spend = (query: QuestionInput, signal?: AbortSignal) => read(api.series.spend.$get({ query }, init(signal)))

export const useLatency = () => useQuestion('latency', latency)
export const useThroughput = () => useQuestion('throughput', throughput)
export const useSpend = () => useQuestion('spend', spend)

export type LatencySeries = Awaited<ReturnType<typeof latency>>
export type ThroughputSeries = Awaited<ReturnType<typeof throughput>>
export type SpendSeries = Awaited<ReturnType<typeof spend>>

/** What every series says of its time axis. */
export type SeriesFrame = Pick<LatencySeries, 'from' | 'to' | 'step_ms' | 'times'>
