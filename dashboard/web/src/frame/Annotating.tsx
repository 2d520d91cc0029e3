/** The form of a new mark, when something asked for it. */
import { lazy, Suspense } from 'react'
import { stopAnnotating, useAnnotating } from '../lib/annotating.ts'

const Annotate = lazy(() => import('./Annotate.tsx'))

export function Annotating() {
  const at = useAnnotating()
  return <Suspense>{at && <Annotate key={at.from} at={at} onClose={stopAnnotating} />}</Suspense>
}
