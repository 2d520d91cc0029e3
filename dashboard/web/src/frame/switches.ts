/** What the switches of the top bar do to the search; keys and the palette do the same. */
import type { Search } from '../lib/search.ts'
import { upToNow } from '../lib/time-travel.ts'

/** Charts draw the period before too, or no longer. */
export function withCompare({ compare, ...rest }: Search): Search {
  return compare === 'on' ? rest : { ...rest, compare: 'on' }
}

/** Charts show marks of what changed, or no longer. */
export function withMarks({ marks, ...rest }: Search): Search {
  return marks === 'off' ? rest : { ...rest, marks: 'off' }
}

/** Pauses what is live; follows what is paused or lies back. */
export function withLive(search: Search): Search {
  if (search.to !== undefined) return upToNow(search)
  const { live, ...rest } = search
  return live === 'off' ? rest : { ...rest, live: 'off' }
}
