import { lazy, Suspense, useCallback, useEffect, useRef, useState, type ReactNode } from 'react'
import type { Told } from '../data/use-question.ts'
import type { DataTable } from '../lib/table.ts'
import { Boundary } from './Boundary.tsx'
import { PanelMenu, type Detail } from './PanelMenu.tsx'
import { Failure, PanelSkeleton, PartialMark, StaleMark } from './states.tsx'
import { useDrawn } from './use-drawn.ts'
import { useHeight } from './use-height.ts'

const Details = lazy(() => import('./PanelDetails.tsx'))

export interface PanelProps<T> {
  /** A sentence or a metric's name. */
  title: string
  /** What the figures are in: ms, req/s, $ /h. */
  unit?: string
  /** The term's definition, on hover. */
  hint?: string
  /** Choices beside the title, such as quantiles. */
  controls?: ReactNode
  /** More entries of the panel's one menu. */
  menu?: ReactNode
  asked: Told<T>
  /** Height of the skeleton of a panel that was never seen, in px, and of what says that there is nothing. */
  height: number
  wide?: boolean
  /** What would be here and what brings it, when the answer holds nothing. */
  renderEmpty?: (data: T) => ReactNode
  /** The same data as a table: for reading, screen readers and export. */
  table?: (data: T) => DataTable
  children: (data: T) => ReactNode
}

/** A title, a unit, one menu, and the data in whatever state it is. An answer that says what it lacks by `partial` is marked. */
export function Panel<T>(props: PanelProps<T>) {
  const { title, unit, hint, controls, menu, asked, height, wide = false, table } = props
  const { data, error, isPending, isPlaceholderData, refetch } = asked
  const [detail, setDetail] = useState<Detail | null>(null)
  const [note, setNote] = useState('')
  const panel = useRef<HTMLElement>(null)
  const slug = slugOf(title)
  useArrival(panel, slug)
  const drawn = useDrawn(panel, data !== undefined)
  const body = useRef<HTMLDivElement>(null)
  const waiting = useHeight(body, { slug, shown: drawn && data !== undefined, otherwise: height })
  const stale = error !== null && data !== undefined
  const missing = missingIn(data)
  const rows = table && data !== undefined ? () => table(data) : null
  const showQuery = useCallback(() => setDetail('query'), [])
  return (
    <section
      id={slug}
      ref={panel}
      className={wide ? 'panel panel-wide' : 'panel'}
      aria-label={title}
      aria-busy={isPending}
    >
      <header className="panel-head">
        <h2 title={hint}>{title}</h2>
        {unit !== undefined && <span className="panel-unit">{unit}</span>}
        {stale && <StaleMark at={asked.dataUpdatedAt} error={error} />}
        {missing !== null && <PartialMark missing={missing} />}
        <span className="panel-note" role="status">
          {note}
        </span>
        <div className="panel-controls">
          {controls}
          <PanelMenu
            title={title}
            slug={slug}
            menu={menu}
            panel={panel}
            table={rows}
            explain={asked.explain}
            onDetail={setDetail}
            onNote={setNote}
          />
        </div>
      </header>
      <div className="panel-body" ref={body} data-dimmed={isPlaceholderData || stale}>
        <Boundary resetKey={data} height={height} retry={() => void refetch()} showQuery={asked.explain && showQuery}>
          <Body {...props} drawn={drawn} waiting={waiting} />
        </Boundary>
      </div>
      {detail !== null && (
        <Suspense>
          <Details title={title} detail={detail} table={rows} explain={asked.explain} onClose={() => setDetail(null)} />
        </Suspense>
      )}
    </section>
  )
}

interface BodyProps<T> extends PanelProps<T> {
  drawn: boolean
  /** Height of the skeleton, in px: as the panel was when it was last seen. */
  waiting: number
}

function Body<T>({ asked, height, waiting, renderEmpty, drawn, children }: BodyProps<T>) {
  const { data, error, isPending, refetch } = asked
  if (data !== undefined && drawn) {
    const nothing = renderEmpty?.(data) ?? null
    if (nothing === null) return children(data)
    return (
      <div className="panel-empty" style={{ minHeight: height }}>
        {nothing}
      </div>
    )
  }
  if (isPending || data !== undefined) return <PanelSkeleton height={waiting} />
  return error === null ? null : <Failure error={error} retry={() => void refetch()} height={height} />
}

const slugOf = (title: string) => title.toLowerCase().replaceAll(/\W+/g, '-').replaceAll(/^-|-$/g, '')

/** What an answer says that it is without. */
function missingIn(data: unknown): string | null {
  const partial = typeof data === 'object' && data !== null && 'partial' in data ? data.partial : null
  return typeof partial === 'string' && partial !== '' ? partial : null
}

/** A link to a panel brings it into view. */
function useArrival(panel: React.RefObject<HTMLElement | null>, slug: string): void {
  useEffect(() => {
    if (location.hash === `#${slug}`) panel.current?.scrollIntoView({ block: 'center' })
  }, [panel, slug])
}
