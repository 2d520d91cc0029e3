import { formatSearch, type Search } from './search.ts'

/** What of the search means something on any page: the range and the filters come along, free ones too. */
export function elsewhere({ range, from, to, live, compare, marks, tz, q, filters }: Search): Search {
  return {
    filters,
    ...(range !== undefined && { range }),
    ...(from !== undefined && to !== undefined && { from, to }),
    ...(live !== undefined && { live }),
    ...(compare !== undefined && { compare }),
    ...(marks !== undefined && { marks }),
    ...(tz !== undefined && { tz }),
    ...(q !== undefined && { q }),
  }
}

/** The address of a page, with what holds there too and what is said about it alone. */
export function addressOf(path: string, search: Search, own: Partial<Search> = {}): string {
  return `${path}${formatSearch({ ...elsewhere(search), ...own })}`
}

/** The search of a trace's page with one of its spans open. */
export const inTrace =
  (row: string) =>
  (before: Search): Search => ({ ...elsewhere(before), row })
