import { useMemo } from 'react'
import type { OffenderKind } from '../../../api/routes/overview.ts'
import { api, read } from '../lib/api.ts'
import { browserZone } from '../lib/time-zone.ts'
import { useSearch } from '../lib/use-search.ts'
import { useTimeZone } from '../lib/use-time-zone.ts'
import { useQuestion, useSlowly, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const overview = (query: QuestionInput, signal?: AbortSignal) => read(api.overview.$get({ query }, init(signal)))
const fill = (query: QuestionInput, signal?: AbortSignal) => read(api.overview.fill.$get({ query }, init(signal)))
const endpoints = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.overview.endpoints.$get({ query }, init(signal)))
const offenders = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.overview.offenders.$get({ query }, init(signal)))
const today = ({ range: _range, from: _from, to: _to, ...query }: QuestionInput, signal?: AbortSignal) =>
  read(api.overview.today.$get({ query }, init(signal)))
const models = (query: QuestionInput, signal?: AbortSignal) => read(api.models.$get({ query }, init(signal)))
const filters = (query: QuestionInput, signal?: AbortSignal) => read(api.filters.$get({ query }, init(signal)))

/** Totals of the range and of the one before. */
export const useOverview = () => useQuestion('overview', overview)
/** How full GPUs and context windows are. */
export const useFill = () => useQuestion('overview fill', fill)
/** How every endpoint fares, beside what is usual of it. */
export const useEndpointsHealth = () => useQuestion('overview endpoints', endpoints)
/** One row per model. */
export const useModels = () => useQuestion('models', models)
/** The values that each filter column has in the range, whatever is filtered. */
export const useFilterValues = () => useSlowly('filters', filters)

/** Whom one can ask about. */
export const offenderWords: Record<OffenderKind, string> = {
  model: 'Models',
  endpoint: 'Endpoints',
  user: 'Users',
  session: 'Sessions',
}
export const offenderKinds = Object.keys(offenderWords) as OffenderKind[]

/** Who stands out, of the kind that the URL names. */
export function useOffenders() {
  const [search] = useSearch()
  return useQuestion('overview offenders', offenders, {
    by: offenderKinds.find((known) => known === search.by) ?? 'model',
  })
}

/** What today cost so far, whatever the range is; days begin in the zone that times are shown in. */
export function useToday() {
  const [zone = browserZone()] = useTimeZone()
  return useQuestion('overview today', today, { time_zone: zone })
}

/** Every model of the range, filtered out or not: what colours are given to. */
export function useModelNames(): string[] {
  const values = useFilterValues().data?.values
  return useMemo(() => (values ?? []).flatMap(({ column, value }) => (column === 'model' ? [value] : [])), [values])
}

export type Overview = Awaited<ReturnType<typeof overview>>
export type Totals = Overview['current']
export type SparkPoint = Overview['spark']['points'][number]
export type Fill = Awaited<ReturnType<typeof fill>>
export type EndpointsHealth = Awaited<ReturnType<typeof endpoints>>
export type EndpointHealth = EndpointsHealth['endpoints'][number]
export type Offenders = Awaited<ReturnType<typeof offenders>>
export type Offender = Offenders['failing'][number]
export type TodaySpend = Awaited<ReturnType<typeof today>>
export type ModelRow = Awaited<ReturnType<typeof models>>['models'][number]
export type FilterValue = Awaited<ReturnType<typeof filters>>['values'][number]
