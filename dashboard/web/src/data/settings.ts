import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'
import { liveKey, useFleet, type QuestionInput } from './use-question.ts'

const settings = api.settings

const installation = () => read(settings.installation.$get({ query: {} }))
const retention = () => read(settings.retention.$get({ query: {} }))
const endpoints = (query: QuestionInput, signal?: AbortSignal) =>
  read(settings.endpoints.$get({ query }, { init: { signal: signal ?? null } }))
const priceUse = (query: QuestionInput, signal?: AbortSignal) =>
  read(settings.prices.use.$get({ query }, { init: { signal: signal ?? null } }))
const prices = (query: Record<string, string>, signal: AbortSignal) =>
  read(settings.prices.$get({ query }, { init: { signal } }))
const keys = (query: QuestionInput, signal?: AbortSignal) =>
  read(settings.keys.$get({ query }, { init: { signal: signal ?? null } }))
const repricing = () => read(settings.reprice.$get({ query: {} }))

/** They hardly change: asked again once a minute, not on every tick. */
const slowly = { staleTime: 30_000, refetchInterval: 60_000 }

export const useInstallation = () =>
  useQuery({ queryKey: ['slow', 'installation'], queryFn: installation, ...slowly })
export const useRetention = () => useQuery({ queryKey: ['slow', 'retention'], queryFn: retention, ...slowly })
export const useEndpointSettings = () => useFleet('endpoint settings', endpoints)
export const usePriceUse = () => useFleet('price use', priceUse)
export const useKeySettings = () => useFleet('keys', keys)

/** Those whose provider, model or id has every word. */
export const usePrices = (query: { search?: string; origin?: string }) =>
  useQuery({
    queryKey: [priceKey, query],
    queryFn: ({ signal }) => prices(query, signal),
    placeholderData: keepPreviousData,
  })

const priceKey = 'prices in force'
const runKey = 'repricing'

/** The run over stored requests that is under way, or the last one. */
export const useRepricing = () =>
  useQuery({
    queryKey: [runKey],
    queryFn: repricing,
    refetchInterval: ({ state }) => (state.data?.run?.state === 'running' ? 500 : 30_000),
  })

export type Installation = Awaited<ReturnType<typeof installation>>
export type Retention = Awaited<ReturnType<typeof retention>>
export type EndpointSettings = Awaited<ReturnType<typeof endpoints>>
export type PricedModel = Awaited<ReturnType<typeof priceUse>>['models'][number]
export type Prices = Awaited<ReturnType<typeof prices>>
export type PriceRow = Prices['prices'][number]
export type KeySettings = Awaited<ReturnType<typeof keys>>
export type KeyRow = KeySettings['virtual'][number]
export type RepriceRun = NonNullable<Awaited<ReturnType<typeof repricing>>['run']>

export type PriceDraft = Parameters<typeof settings.prices.$post>[0]['json']
export type KeyDraft = Parameters<typeof settings.keys.$post>[0]['json']
export type RepriceDraft = Parameters<typeof settings.reprice.$post>[0]['json']

export const useSetPrice = () => useChange((json: PriceDraft) => read(settings.prices.$post({ json })))
export const useRemovePrice = () =>
  useChange(({ id, by }: { id: string; by: string }) =>
    read(settings.prices[':id'].remove.$post({ param: { id }, json: { by } })),
  )
export const useReprice = () => useChange((json: RepriceDraft) => read(settings.reprice.$post({ json })))
/** Its answer holds the key, which nothing remembers once the form is gone. */
export const useMakeKey = () => useChange((json: KeyDraft) => read(settings.keys.$post({ json })))
export const useRevokeKey = () =>
  useChange((json: { name: string; by: string }) => read(settings.keys.revoke.$post({ json })))

function useChange<Input, Answer>(change: (input: Input) => Promise<Answer>) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: change,
    gcTime: 0,
    onSettled: () =>
      Promise.all([liveKey, priceKey, runKey].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  })
}
