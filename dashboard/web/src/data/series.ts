import { api, read } from '../lib/api.ts'
import { useCompare, useQuestion, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const latency = (query: QuestionInput, signal?: AbortSignal) => read(api.series.latency.$get({ query }, init(signal)))
const throughput = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.series.throughput.$get({ query }, init(signal)))
const spend = (query: QuestionInput, signal?: AbortSignal) => read(api.series.spend.$get({ query }, init(signal)))

/** With the period before, when one compares. */
function useSeries<T>(name: string, ask: Parameters<typeof useQuestion<T>>[1]) {
  return useQuestion(name, ask, useCompare())
}

export const useLatency = () => useSeries('latency', latency)
export const useThroughput = () => useSeries('throughput', throughput)
export const useSpend = () => useSeries('spend', spend)

export type LatencySeries = Awaited<ReturnType<typeof latency>>
export type ThroughputSeries = Awaited<ReturnType<typeof throughput>>
export type SpendSeries = Awaited<ReturnType<typeof spend>>

/** What every series says of its time axis, and which table answered. */
export type SeriesFrame = Pick<LatencySeries, 'from' | 'to' | 'step_ms' | 'times'> & { source?: string }
