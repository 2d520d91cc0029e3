/** "What differs here?" of a panel: a time chosen on its chart, or all that is in view by its menu, brushed in the explorer. */
import { Menu } from '@mantine/core'
import { IconZoomQuestion } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { useScope } from '../data/scope.ts'
import type { Search } from '../lib/search.ts'
import { useSearch } from '../lib/use-search.ts'
import { whyInView, whyOf, type About, type Times } from '../lib/why.ts'

/** Leads to the explorer. The filters of the page hold there, and what the page is about is one of them. */
export function useExplorer() {
  const [search] = useSearch()
  const scope = useScope()
  const navigate = useNavigate()
  return useCallback(
    (next: (search: Search) => Search) => {
      const own = Object.entries(scope).map(([column, value]) => [column, [value]])
      const scoped: Search = { ...search, filters: { ...search.filters, ...Object.fromEntries(own) } }
      void navigate({ to: '/requests', search: next(scoped) as never })
    },
    [search, scope, navigate],
  )
}

/** `all`: the time is all that is in view. */
export function useWhy() {
  const explore = useExplorer()
  return useCallback(
    (times: Times, about: About, all: boolean) => explore((search) => (all ? whyInView : whyOf)(search, times, about)),
    [explore],
  )
}

export function WhyItem({ onWhy }: { onWhy: () => void }) {
  return (
    <Menu.Item leftSection={<IconZoomQuestion size={15} />} onClick={onWhy}>
      What differs here?
    </Menu.Item>
  )
}
