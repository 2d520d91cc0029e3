import { ActionIcon, Menu } from '@mantine/core'
import { IconCode, IconDots, IconDownload, IconTable } from '@tabler/icons-react'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import type { Asked } from '../data/use-question.ts'
import { csvOf, download, type DataTable } from '../lib/table.ts'
import { Failure, PanelSkeleton, StaleMark } from './states.tsx'

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
  asked: Asked<T>
  /** Height of the skeleton, in px. */
  height: number
  wide?: boolean
  /** What would be here and what brings it, when the answer holds nothing. */
  renderEmpty?: (data: T) => ReactNode
  /** The same data as a table: for reading, screen readers and export. */
  table?: (data: T) => DataTable
  children: (data: T) => ReactNode
}

/** A title, a unit, one menu, and the data in whatever state it is. */
export function Panel<T>(props: PanelProps<T>) {
  const { title, unit, hint, controls, asked, height, wide = false, renderEmpty, children } = props
  const { data, error, isPending, isPlaceholderData, refetch } = asked
  const nothing = data === undefined ? null : (renderEmpty?.(data) ?? null)
  const failed = error !== null && data === undefined
  return (
    <section className={wide ? 'panel panel-wide' : 'panel'} aria-label={title} aria-busy={isPending}>
      <header className="panel-head">
        <h2 title={hint}>{title}</h2>
        {unit !== undefined && <span className="panel-unit">{unit}</span>}
        {error !== null && data !== undefined && <StaleMark at={asked.dataUpdatedAt} error={error} />}
        <div className="panel-controls">
          {controls}
          <PanelMenu {...props} />
        </div>
      </header>
      <div className="panel-body" data-dimmed={isPlaceholderData || (error !== null && data !== undefined)}>
        {isPending && <PanelSkeleton height={height} />}
        {failed && <Failure error={error} retry={() => void refetch()} height={height} />}
        {nothing !== null && (
          <div className="panel-empty" style={{ minHeight: height }}>
            {nothing}
          </div>
        )}
        {data !== undefined && nothing === null && children(data)}
      </div>
    </section>
  )
}

type Detail = 'table' | 'query'

function PanelMenu<T>({ title, menu, asked, table }: PanelProps<T>) {
  const [detail, setDetail] = useState<Detail | null>(null)
  const { data } = asked
  const shown = data !== undefined && table ? table(data) : null
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Menu of ${title}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {menu}
          {shown && (
            <>
              <Menu.Item leftSection={<IconTable size={15} />} onClick={() => setDetail('table')}>
                Show as table
              </Menu.Item>
              <Menu.Item
                leftSection={<IconDownload size={15} />}
                onClick={() => download(`${title.toLowerCase().replaceAll(/\W+/g, '-')}.csv`, csvOf(shown))}
              >
                Download CSV
              </Menu.Item>
            </>
          )}
          <Menu.Item leftSection={<IconCode size={15} />} onClick={() => setDetail('query')}>
            Show query
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {detail !== null && (
        <Suspense>
          <Details
            title={title}
            table={detail === 'table' ? shown : null}
            explain={detail === 'query' ? asked.explain : null}
            onClose={() => setDetail(null)}
          />
        </Suspense>
      )}
    </>
  )
}
