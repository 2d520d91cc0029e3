import type { CostDimension } from '../../../api/routes/spend.ts'
import { api, read } from '../lib/api.ts'
import { questionOf } from '../lib/search.ts'
import { useSearch } from '../lib/use-search.ts'
import { useCompare, useQuestion, useSlowly, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

/** The field's word for what spend is told apart by. */
export const dimensionWords: Record<CostDimension, string> = {
  model: 'model',
  provider: 'provider',
  endpoint: 'endpoint',
  team: 'team',
  feature: 'feature',
  service: 'service',
  environment: 'environment',
  region: 'region',
  operation: 'operation',
}
export const dimensions = Object.keys(dimensionWords) as CostDimension[]

/** The one that the URL names. */
export function useDimension(): CostDimension {
  const [search] = useSearch()
  return dimensions.find((known) => known === search.by) ?? 'model'
}

const spend = (query: QuestionInput, signal?: AbortSignal) => read(api.spend.$get({ query }, init(signal)))
const users = (query: QuestionInput, signal?: AbortSignal) => read(api.spend.users.$get({ query }, init(signal)))
const month = ({ range: _range, from: _from, to: _to, ...query }: QuestionInput, signal?: AbortSignal) =>
  read(api.spend.month.$get({ query }, init(signal)))
const budgets = ({ explain = '0' }: QuestionInput, signal?: AbortSignal) =>
  read(api.spend.budgets.$get({ query: { explain: explain === '1' ? '1' : '0' } }, init(signal)))

/** Spend by the URL's dimension, beside the period before. */
export function useSpendBy() {
  return useQuestion('spend', spend, { by: useDimension(), ...useCompare() })
}
/** How many users made requests, and what those cost; of the period before too, unless nobody compares. */
export function useSpendUsers() {
  const [{ compare }] = useSearch()
  return useQuestion('spend-users', users, compare === 'off' ? {} : { compare: '1' })
}
/** This month, whatever the range is. */
export const useMonth = () => useQuestion('spend-month', month)
/** Rules of the kind budget, and where they stand. */
export const useBudgets = () => useSlowly('spend-budgets', budgets)

/** The lines of an invoice about the URL's range and filters. */
export function useChargeback() {
  const [search] = useSearch()
  return (by: readonly CostDimension[], period: string) =>
    read(api.spend.chargeback.$get({ query: { ...questionOf(search), by: [...by], period } }, init()))
}

export type Spend = Awaited<ReturnType<typeof spend>>
export type SpendGroup = Spend['groups'][number]
export type SpendTotals = Spend['current']
export type Month = Awaited<ReturnType<typeof month>>
export type Budgets = Awaited<ReturnType<typeof budgets>>
export type Budget = Budgets['budgets'][number]
