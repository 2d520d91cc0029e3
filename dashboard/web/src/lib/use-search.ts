import { useNavigate, useRouterState } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { parseSearch, type Search } from './search.ts'

type Change = (search: Search) => Search

/** The URL's search and a way to change it; `replace` leaves no step in the history. */
export function useSearch(): [Search, (change: Change, options?: { replace?: boolean }) => void] {
  const text = useRouterState({ select: (state) => state.location.searchStr })
  const navigate = useNavigate()
  const change = useCallback(
    (next: Change, { replace = false } = {}) => {
      void navigate({ to: '.', search: ((before: unknown) => next(normal(before))) as never, replace })
    },
    [navigate],
  )
  return [useMemo(() => parseSearch(text), [text]), change]
}

function normal(search: unknown): Search {
  return { filters: {}, ...(search as Partial<Search>) }
}
