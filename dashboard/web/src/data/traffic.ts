import { api, read } from '../lib/api.ts'
import { useCompare, useQuestion, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

type By = 'model' | 'endpoint'
const list = (by: By) => (query: QuestionInput, signal?: AbortSignal) =>
  read(api.traffic.$get({ query: { ...query, by } }, init(signal)))
const lists = { model: list('model'), endpoint: list('endpoint') }
const latency = (query: QuestionInput, signal?: AbortSignal) => read(api.traffic.latency.$get({ query }, init(signal)))
const volume = (query: QuestionInput, signal?: AbortSignal) => read(api.traffic.volume.$get({ query }, init(signal)))
const inFlight = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.traffic.concurrency.$get({ query }, init(signal)))
const errors = (query: QuestionInput, signal?: AbortSignal) => read(api.traffic.errors.$get({ query }, init(signal)))
const context = (query: QuestionInput, signal?: AbortSignal) => read(api.traffic.context.$get({ query }, init(signal)))
const breakdown = (query: QuestionInput, signal?: AbortSignal) => read(api.breakdown.$get({ query }, init(signal)))

/** One row per model or endpoint. */
export const useTraffic = (by: By) => useQuestion(`traffic ${by}`, lists[by])
/** Of all requests that the page is about, as one line, with the period before when one compares. */
export const useTrafficLatency = () => useQuestion('traffic latency', latency, useCompare())
export const useTrafficVolume = () => useQuestion('traffic volume', volume, useCompare())
export const useConcurrency = () => useQuestion('concurrency', inFlight, useCompare())
export const useErrorClasses = () => useQuestion('error classes', errors, useCompare())
export const useContextUse = () => useQuestion('context use', context, useCompare())
export const useBreakdown = (by: string) => useQuestion('breakdown', breakdown, { by, ...useCompare() })

export type Traffic = Awaited<ReturnType<(typeof lists)[By]>>
export type TrafficRow = Traffic['rows'][number]
export type TrafficLatency = Awaited<ReturnType<typeof latency>>
export type TrafficVolume = Awaited<ReturnType<typeof volume>>
export type Concurrency = Awaited<ReturnType<typeof inFlight>>
export type ErrorClasses = Awaited<ReturnType<typeof errors>>
export type ContextUse = Awaited<ReturnType<typeof context>>
export type Breakdown = Awaited<ReturnType<typeof breakdown>>
export type BreakdownRow = Breakdown['rows'][number]
