/** Loading, failed, stale, partial: the same on every panel. */
import { Button } from '@mantine/core'
import { IconAlertTriangle, IconClockExclamation, IconPuzzle } from '@tabler/icons-react'
import { ApiFailure } from '../lib/api.ts'
import { formatAgo, formatIso } from '../lib/format.ts'
import { useNow } from '../lib/use-now.ts'

/** The real shape, after 150 ms (the style sheet waits). */
export function PanelSkeleton({ height }: { height: number }) {
  return <div className="skeleton" style={{ height }} role="status" aria-label="Loading" />
}

interface FailureProps {
  error: Error
  retry: () => void
  height?: number
}

/** What failed and what to do. */
export function Failure({ error, retry, height }: FailureProps) {
  return (
    <div className="failure" role="alert" style={{ minHeight: height }}>
      <IconAlertTriangle size={20} aria-hidden />
      <p className="failure-text">{error.message}</p>
      {error instanceof ApiFailure && <p className="dim">{error.hint}</p>}
      <Button size="compact-sm" variant="default" onClick={retry}>
        Retry
      </Button>
    </div>
  )
}

/** The age of values that could not be refreshed. */
export function StaleMark({ at, error }: { at: number; error: Error }) {
  const now = useNow()
  return (
    <span className="stale" title={`${error.message}. Last answer ${formatIso(at)}`}>
      <IconClockExclamation size={14} aria-hidden />
      stale, from {formatAgo(at, now)}
    </span>
  )
}

/** What an answer is without. */
export function PartialMark({ missing }: { missing: string }) {
  return (
    <span className="stale" title={missing}>
      <IconPuzzle size={14} aria-hidden />
      partial
      <span className="sr-only">: {missing}</span>
    </span>
  )
}

interface PanelFailedProps {
  error: Error
  retry: () => void
  showQuery: (() => void) | undefined
  height: number
}

/** The answer came, but could not be drawn. */
export function PanelFailed({ error, retry, showQuery, height }: PanelFailedProps) {
  return (
    <div className="failure" role="alert" style={{ minHeight: height }}>
      <IconAlertTriangle size={20} aria-hidden />
      <p className="failure-text">This panel could not be drawn: {error.message}</p>
      <div className="panel-empty-actions">
        <Button size="compact-sm" variant="default" onClick={retry}>
          Retry
        </Button>
        {showQuery && (
          <Button size="compact-sm" variant="default" onClick={showQuery}>
            Show query
          </Button>
        )}
      </div>
    </div>
  )
}
