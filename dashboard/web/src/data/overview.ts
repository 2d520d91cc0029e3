import { useMemo } from 'react'
import { api, read } from '../lib/api.ts'
import { useQuestion, useSlowly, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const overview = (query: QuestionInput, signal?: AbortSignal) => read(api.overview.$get({ query }, init(signal)))
const models = (query: QuestionInput, signal?: AbortSignal) => read(api.models.$get({ query }, init(signal)))
const filters = (query: QuestionInput, signal?: AbortSignal) => read(api.filters.$get({ query }, init(signal)))

/** Totals of the range and of the one before. */
export const useOverview = () => useQuestion('overview', overview)
/** One row per model. */
export const useModels = () => useQuestion('models', models)
/** The values that each filter column has in the range, whatever is filtered. */
export const useFilterValues = () => useSlowly('filters', filters)

/** Every model of the range, filtered out or not: what colours are given to. */
export function useModelNames(): string[] {
  const values = useFilterValues().data?.values
  return useMemo(() => (values ?? []).flatMap(({ column, value }) => (column === 'model' ? [value] : [])), [values])
}

export type Overview = Awaited<ReturnType<typeof overview>>
export type Totals = Overview['current']
export type SparkPoint = Overview['spark']['points'][number]
export type ModelRow = Awaited<ReturnType<typeof models>>['models'][number]
export type FilterValue = Awaited<ReturnType<typeof filters>>['values'][number]
