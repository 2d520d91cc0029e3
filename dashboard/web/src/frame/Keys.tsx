/** The frame's keys, and what they open: the palette and the help come when first asked for. */
import { useHotkeys } from '@mantine/hooks'
import { useRouter } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { addressOf } from '../lib/elsewhere.ts'
import { annotateHere } from '../lib/annotating.ts'
import type { Search } from '../lib/search.ts'
import { moved, zoomed } from '../lib/time-travel.ts'
import { useKeys } from '../lib/use-keys.ts'
import { useSearch } from '../lib/use-search.ts'
import type { timeKeys } from './keys.ts'
import { pageAt, pages } from './pages.ts'
import { withCompare, withLive, withMarks } from './switches.ts'

const Palette = lazy(() => import('./Palette.tsx'))
const Help = lazy(() => import('./Help.tsx'))

export type Opened = 'palette' | 'help' | 'range' | null

interface KeysProps {
  opened: Opened
  onOpen: (opened: Opened) => void
}

export function Keys({ opened, onOpen }: KeysProps) {
  const [search, change] = useSearch()
  const { history } = useRouter()
  /** Only where the page has a range. */
  const onRange = (next: (search: Search, now: number) => Search) => () => {
    const now = Date.now()
    if (pageAt(history.location.pathname)?.range) change((before) => next(before, now))
  }
  const time: Record<(typeof timeKeys)[number]['keys'], () => void> = {
    '[': onRange((before, now) => moved(before, -0.5, now)),
    ']': onRange((before, now) => (before.to === undefined ? before : moved(before, 0.5, now))),
    '-': onRange((before, now) => zoomed(before, 2, now)),
    '=': onRange((before, now) => zoomed(before, 0.5, now)),
    t: () => onOpen('range'),
    l: () => change(withLive),
    c: () => change(withCompare),
    m: () => change(withMarks),
    a: () => annotateHere(search, Date.now()),
  }
  const go = pages.map(({ key, to }) => [`g ${key}`, () => history.push(addressOf(to, search))] as const)
  // While the palette is on its way, what one types is meant for it.
  useKeys(opened === 'palette' ? {} : { ...time, ...Object.fromEntries(go), '?': () => onOpen('help') })
  // Also while someone types, in a field or the SQL editor: that is how one leaves it for elsewhere.
  useHotkeys([['mod+K', () => onOpen('palette')]], [], true)
  const close = () => onOpen(null)
  return (
    <Suspense>
      {opened === 'palette' && <Palette onClose={close} onOpen={onOpen} />}
      {opened === 'help' && <Help onClose={close} />}
    </Suspense>
  )
}
