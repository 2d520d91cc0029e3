/** What the explorer of requests asks besides the list: each under the URL's range, filters and free filters. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, read } from '../lib/api.ts'
import { formatBrush } from '../lib/brush.ts'
import { defaultMeasure, isLive, questionOf, type Search } from '../lib/search.ts'
import { useSearch } from '../lib/use-search.ts'
import { liveKey, useQuestion, type QuestionInput } from './use-question.ts'

const init = (signal?: AbortSignal) => ({ init: { signal: signal ?? null } })

const routes = api.requests
// The parameters that a route needs are in every question that is made here.
const heatmap = (query: QuestionInput, signal?: AbortSignal) => read(routes.heatmap.$get({ query }, init(signal)))
const facets = (query: QuestionInput, signal?: AbortSignal) => read(routes.facets.$get({ query }, init(signal)))
const differs = (query: QuestionInput, signal?: AbortSignal) =>
  read(routes.differs.$get({ query: { brush: '', ...query } }, init(signal)))
const fresh = (query: QuestionInput, signal?: AbortSignal) =>
  read(routes.new.$get({ query: { since: '0', ...query } }, init(signal)))

/** Free filters, and what of the heatmap is brushed. */
export function explorerQuestion({ q, brush, measure }: Search): Record<string, string> {
  return {
    ...(q !== undefined && { q }),
    ...(brush !== undefined && { brush: formatBrush(brush) }),
    ...(brush !== undefined && measure !== undefined && { measure }),
  }
}

export function useHeatmap() {
  const [{ q, measure = defaultMeasure }] = useSearch()
  return useQuestion('request-heatmap', heatmap, { ...(q !== undefined && { q }), measure })
}

export function useFacets() {
  const [search] = useSearch()
  return useQuestion('request-facets', facets, explorerQuestion(search))
}

/** What the brushed part differs in; only where something is brushed. */
export function useDiffers() {
  const [search] = useSearch()
  return useQuestion('request-differs', differs, explorerQuestion(search))
}

/** Values of one column that hold a text; nothing is asked without a column. */
export function useFacetSearch(facet: string, text: string) {
  const [search] = useSearch()
  const query = { ...questionOf(search), ...explorerQuestion(search), facet, text }
  return useQuery({
    queryKey: ['facet-search', query],
    queryFn: ({ signal }) => facets(query, signal),
    enabled: facet !== '',
    staleTime: 30_000,
    placeholderData: keepPreviousData,
  })
}

/** How many requests came since a list was read, while the page is live. */
export function useNewRequests(readAt: number | undefined) {
  const [search] = useSearch()
  const query = { ...questionOf(search), ...explorerQuestion(search), since: String(readAt ?? 0) }
  return useQuery({
    queryKey: [liveKey, 'new-requests', query],
    queryFn: ({ signal }) => fresh(query, signal),
    enabled: readAt !== undefined && isLive(search),
  })
}

export type HeatmapAnswer = Awaited<ReturnType<typeof heatmap>>
export type FacetsAnswer = Awaited<ReturnType<typeof facets>>
export type FacetValue = FacetsAnswer['values'][number]
export type DiffersAnswer = Awaited<ReturnType<typeof differs>>
export type Difference = DiffersAnswer['values'][number]
