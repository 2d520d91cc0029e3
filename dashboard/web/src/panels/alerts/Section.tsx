import type { UseQueryResult } from '@tanstack/react-query'
import { useRef, type ReactNode } from 'react'
import { Failure, PanelSkeleton, StaleMark } from '../states.tsx'
import { useHeight } from '../use-height.ts'

/** Of one that was never seen, in px. */
const usual = 320

interface SectionProps<T> {
  title: string
  asked: UseQueryResult<T>
  /** Height of the skeleton of one that was never seen, in px. */
  height?: number
  /** Beside the title. */
  controls?: ReactNode
  /** What would be here and what brings it; null when there is something. */
  empty: (data: T) => string | null
  children: (data: T, now: number) => ReactNode
}

/** A list of a view, in whatever state its answer is. */
export function Section<T>({ title, asked, height = usual, controls, empty, children }: SectionProps<T>) {
  const { data, error, isPending, refetch, dataUpdatedAt } = asked
  const body = useRef<HTMLDivElement>(null)
  const waiting = useHeight(body, { slug: title, shown: !isPending, otherwise: height })
  const nothing = data === undefined ? null : empty(data)
  return (
    <section className="panel panel-wide" aria-label={title} aria-busy={isPending}>
      <header className="panel-head">
        <h2>{title}</h2>
        {error && data !== undefined && <StaleMark at={dataUpdatedAt} error={error} />}
        <div className="panel-controls">{controls}</div>
      </header>
      <div className="panel-body" ref={body} data-dimmed={error !== null && data !== undefined}>
        {isPending && <PanelSkeleton height={waiting} />}
        {error && data === undefined && <Failure error={error} retry={() => void refetch()} height={height} />}
        {nothing !== null && <p className="panel-empty">{nothing}</p>}
        {data !== undefined && nothing === null && children(data, dataUpdatedAt)}
      </div>
    </section>
  )
}
