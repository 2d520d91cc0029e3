/** The shipped Grafana dashboard that shows what a page shows, with its range and filters. */
import type { FilterColumn } from '../../../api/app.ts'
import { defaultRange, type Search } from './search.ts'
import { nameIn } from './segment.ts'

/** By the first part of a page's path: the dashboard, and which of our filters its variables are. */
const dashboards: Record<string, { uid: string; variables: FilterColumn[] }> = {
  '': { uid: 'inferwatch-overview', variables: ['environment', 'model'] },
  requests: { uid: 'inferwatch-overview', variables: ['environment', 'model'] },
  models: { uid: 'inferwatch-model', variables: ['model', 'provider', 'environment'] },
  endpoints: { uid: 'inferwatch-endpoint', variables: ['endpoint', 'environment', 'instance'] },
  servers: { uid: 'inferwatch-endpoint', variables: ['endpoint', 'environment', 'instance'] },
  gpus: { uid: 'inferwatch-gpus', variables: [] },
  cost: { uid: 'inferwatch-cost', variables: ['environment', 'team', 'model', 'provider'] },
}

/** Null for a page that no dashboard matches. */
export function grafanaLink(base: string, path: string, search: Search): string | null {
  const [, first = '', ...rest] = path.split('/')
  const dashboard = dashboards[first]
  if (!dashboard) return null
  const url = new URL(`${base.replace(/\/+$/, '')}/d/${dashboard.uid}`)
  const fixed = search.from !== undefined && search.to !== undefined
  url.searchParams.set('from', fixed ? String(search.from) : `now-${search.range ?? defaultRange}`)
  url.searchParams.set('to', fixed ? String(search.to) : 'now')
  for (const [name, values] of variablesOf(
    first,
    rest.map((part) => nameIn(decodeURIComponent(part))),
    search,
  )) {
    if (name === 'host' || dashboard.variables.some((known) => known === name)) {
      for (const value of values) url.searchParams.append(`var-${name}`, value)
    }
  }
  return url.href
}

/** Of the filters, and of the one thing that a page is about. */
function variablesOf(first: string, [one]: string[], search: Search): [name: string, values: string[]][] {
  const filters = Object.entries(search.filters)
  if (first === 'models' && one !== undefined)
    return [...filters.filter(([name]) => name !== 'model'), ['model', [one]]]
  if (first === 'endpoints' && one !== undefined)
    return [...filters.filter(([name]) => name !== 'endpoint'), ['endpoint', [one]]]
  if (first === 'gpus' && one !== undefined) return [['host', [one]]]
  if (first === 'servers' && one !== undefined) return [['instance', [one]]]
  return filters
}
