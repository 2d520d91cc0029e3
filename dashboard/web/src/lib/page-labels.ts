/** What a page is about, as labels of a mark. */
import { scopeLabels } from '../../../../records/annotation.ts'
import type { Search } from './search.ts'
import { nameIn } from './segment.ts'

const things = { models: ['model'], endpoints: ['endpoint'], servers: ['instance'], gpus: ['host', 'gpu'] } as const
/** Filters that marks can go by. */
const columns = scopeLabels.filter((label) => label !== 'host' && label !== 'gpu')

/** What its path names, and each filter of one value: of several, no one label says it. */
export function labelsOfPage(path: string, { filters }: Search): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const column of columns) {
    const [value, ...others] = filters[column] ?? []
    if (value !== undefined && others.length === 0) labels[column] = value
  }
  const [, page = '', ...names] = path.split('/').map(decoded)
  const named = page in things ? things[page as keyof typeof things] : []
  for (const [index, label] of named.entries()) {
    const name = nameIn(names[index] ?? '')
    if (name) labels[label] = name
  }
  return labels
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
