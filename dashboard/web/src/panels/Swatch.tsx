import type { ReactNode } from 'react'
import { ModelLink } from './NameLink.tsx'
import { usePage } from './page-context.tsx'

interface SwatchProps {
  /** The name that has the colour. */
  of: string
  children: ReactNode
}

/** A name in a list, behind the colour that it has on the page's charts. */
export function Swatch({ of, children }: SwatchProps) {
  const { color } = usePage()
  return (
    <span className="swatch">
      <i style={{ background: color(of) }} />
      {children}
    </span>
  )
}

/** The same of a model, which leads to its page. */
export function ModelSwatch({ name }: { name: string }) {
  return (
    <Swatch of={name}>
      <ModelLink name={name} />
    </Swatch>
  )
}
