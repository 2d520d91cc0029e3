/** What all panels of a page share: the colour of each name, which name is isolated, and the zoom. */
import { createContext, useCallback, useContext, useMemo, type ReactNode } from 'react'
import { colorsOf } from '../lib/color.ts'
import { useScheme } from '../lib/use-scheme.ts'
import { useSearch } from '../lib/use-search.ts'

interface PageContext {
  color: (name: string) => string
  /** The line that charts show alone; it need not be on each of them. */
  isolated: string | null
  isolate: (name: string | null) => void
  zoom: (from: number, to: number) => void
}

const Context = createContext<PageContext | null>(null)

interface PageProviderProps {
  /** Groups of names that share a chart: within one, no two share a colour where ten are enough. */
  names: readonly (readonly string[])[]
  children: ReactNode
}

export function PageProvider({ names, children }: PageProviderProps) {
  const scheme = useScheme()
  const [{ alone: isolated = null }, change] = useSearch()
  const key = JSON.stringify(names.map((group) => group.toSorted()))
  const color = useMemo(() => colorsOf(JSON.parse(key) as string[][], scheme), [key, scheme])
  const zoom = useCallback(
    (from: number, to: number) => change(({ range: _range, ...rest }) => ({ ...rest, from, to })),
    [change],
  )
  const isolate = useCallback(
    (name: string | null) =>
      change(({ alone: _alone, ...rest }) => (name === null ? rest : { ...rest, alone: name }), { replace: true }),
    [change],
  )
  const value = useMemo(() => ({ color, isolated, isolate, zoom }), [color, isolated, isolate, zoom])
  return <Context value={value}>{children}</Context>
}

export function usePage(): PageContext {
  const context = useContext(Context)
  if (!context) throw new Error('a panel outside of a page')
  return context
}

/** Names as people see them: a model that nobody named, the rest of a long list. */
export const otherName = 'other'
export const nameOf = ({ model, other }: { model: string; other: boolean }) =>
  other ? otherName : model || 'no model name'
