import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { elsewhere } from '../lib/elsewhere.ts'

interface ThingHeadProps {
  /** The list that it stands in. */
  of: { to: string; title: string }
  name: string
  /** What one should know before any figure. */
  children?: ReactNode
}

/** The head of the page of one thing: what it is called, and the way back to the others. */
export function ThingHead({ of, name, children }: ThingHeadProps) {
  return (
    <header className="thing-head">
      <nav aria-label="Breadcrumb">
        <Link to={of.to} search={elsewhere as never}>
          {of.title}
        </Link>
        <span aria-hidden>/</span>
        <h2>{name}</h2>
      </nav>
      {children}
    </header>
  )
}

/** In the head, inside its `dl`. */
export function HeadFact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  )
}
