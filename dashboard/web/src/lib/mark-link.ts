/** Where a mark leads within the dashboard, with the range that is looked at. */
import { elsewhere } from './elsewhere.ts'
import { formatSearch, parseSearch, type Search } from './search.ts'

/** `link` is the path of a page, with what it says about that page alone. */
export function linkOf(link: string, search: Search): string {
  const [path = '/', query = ''] = link.split('?', 2)
  // Filters stay behind: they may hide what the link is about.
  return `${path}${formatSearch({ ...elsewhere(search), ...parseSearch(query) })}`
}
