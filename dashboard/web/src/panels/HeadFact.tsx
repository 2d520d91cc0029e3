import type { ReactNode } from 'react'

/** In the head of the page of one thing, inside its `dl`. */
export function HeadFact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  )
}
