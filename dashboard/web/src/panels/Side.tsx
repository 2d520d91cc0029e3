import { lazy, Suspense, useState, type ReactNode } from 'react'

const SideDrawer = lazy(() => import('./SideDrawer.tsx'))

export interface SideProps {
  /** What it shows: Request, Issue. */
  title: string
  opened: boolean
  onClose: () => void
  children: ReactNode
}

/** What was opened, beside the page, which goes on working; esc closes it. Not before one is opened: the first load does without. */
export function Side(props: SideProps) {
  const { opened } = props
  const [wanted, want] = useState(opened)
  if (opened && !wanted) want(true)
  return (
    wanted && (
      <Suspense>
        <SideDrawer {...props} />
      </Suspense>
    )
  )
}

interface FactProps {
  name: string
  value: ReactNode
  /** The exact value or the reason, on hover. */
  title?: string | undefined
}

/** One of the few large figures at the top. */
export function Fact({ name, value, title }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd title={title}>{value}</dd>
    </div>
  )
}

/** Names and values as they are stored. */
export function Fields({ title, fields, none }: { title: string; fields: Record<string, string>; none: string }) {
  const entries = Object.entries(fields).filter(([, value]) => value !== '')
  return (
    <SideSection title={title}>
      {entries.length === 0 && <p className="dim">{none}</p>}
      <dl className="fields">
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt className="mono">{name}</dt>
            <dd className="mono">{value}</dd>
          </div>
        ))}
      </dl>
    </SideSection>
  )
}

export function SideSection({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="request-section" aria-label={title}>
      <h3>{title}</h3>
      {children}
    </section>
  )
}
