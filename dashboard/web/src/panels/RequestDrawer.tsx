import { lazy, Suspense } from 'react'
import { useSearch } from '../lib/use-search.ts'
import { Side } from './Side.tsx'
import { PanelSkeleton } from './states.tsx'

/** Not before one is opened: the first load does without. */
const OpenRequest = lazy(() => import('./OpenRequest.tsx'))

/** The open request of the URL, beside the page; esc closes it. */
export function RequestDrawer() {
  const [search, change] = useSearch()
  const close = () => change(({ open: _open, ...rest }) => rest)
  return (
    <Side title="Request" opened={search.open !== undefined} onClose={close}>
      {search.open !== undefined && (
        <Suspense fallback={<PanelSkeleton height={320} />}>
          <OpenRequest id={search.open} />
        </Suspense>
      )}
    </Side>
  )
}
