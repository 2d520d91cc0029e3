import { useWindows, type MaintenanceWindow, type MaintenanceWindows } from '../../data/silences.ts'
import { formatClockBeside, formatCounted, formatExactly, formatIso } from '../../lib/format.ts'
import { isoOf, type DataTable } from '../../lib/table.ts'
import { useSearch } from '../../lib/use-search.ts'
import { byDay, weeklyText, type Occurrence } from '../../lib/window-draft.ts'
import { Panel } from '../Panel.tsx'
import { Side } from '../Side.tsx'
import { WindowForm } from './WindowForm.tsx'

/** In the URL, in the place of a row: the form of a new window. */
const newWindow = 'new window'
const mostShown = 20

/** Maintenance windows, as a calendar of what comes next. */
export function Windows() {
  const asked = useWindows()
  const [search, change] = useSearch()
  const close = () => change(({ row: _row, ...rest }) => rest)
  return (
    <>
      <Panel
        title="Maintenance windows"
        asked={asked}
        height={160}
        wide
        controls={
          <button
            type="button"
            className="control"
            onClick={() => change(({ matchers: _matchers, ...rest }) => ({ ...rest, row: newWindow }))}
          >
            New window
          </button>
        }
        renderEmpty={({ windows }) =>
          windows.length === 0 ? (
            <p>No maintenance is planned: a window keeps alerts quiet once, or every week</p>
          ) : null
        }
        table={tableOf}
      >
        {({ windows, ahead_ms, left_off }) => (
          <>
            <ol className="window-days">
              {byDay(windows, mostShown).map(({ day, occurrences }) => (
                <li key={day}>
                  <h3>{day}</h3>
                  <ul>
                    {occurrences.map((occurrence) => (
                      <li key={`${occurrence.window.id} ${occurrence.from}`}>
                        <OccurrenceRow occurrence={occurrence} now={asked.dataUpdatedAt} />
                      </li>
                    ))}
                  </ul>
                </li>
              ))}
            </ol>
            <More windows={windows} days={ahead_ms / 86_400_000} />
            <Later windows={windows} days={ahead_ms / 86_400_000} />
            {left_off > 0 && <p className="dim window-more">{`and ${formatExactly(left_off, 'more window')}`}</p>}
          </>
        )}
      </Panel>
      <Side title="Maintenance window" opened={search.row === newWindow} onClose={close}>
        <WindowForm
          before={null}
          onSaved={({ id }) => change((before) => ({ ...before, row: id }), { replace: true })}
        />
      </Side>
    </>
  )
}

const tableOf = ({ windows }: MaintenanceWindows): DataTable => ({
  columns: ['id', 'name', 'matchers', 'every_week', 'starts_at', 'ends_at', 'next_from', 'created_by', 'comment'],
  rows: windows.map((row) => [
    row.id,
    row.name,
    row.text,
    row.time_intervals.length > 0 ? weeklyText(row) : null,
    isoOf(row.starts_at),
    isoOf(row.ends_at),
    isoOf(row.next[0]?.from ?? null),
    row.created_by,
    row.comment,
  ]),
})

function OccurrenceRow({ occurrence: { window, from, to }, now }: { occurrence: Occurrence; now: number }) {
  const runs = from <= now
  return (
    <WindowButton window={window}>
      <span className="window-times" title={`${formatIso(from)} to ${formatIso(to)}`}>
        {runs
          ? `now, until ${formatClockBeside(to, from)}`
          : `${formatClockBeside(from, from)}–${formatClockBeside(to, from)}`}
      </span>
      <span className="wrap">
        <b>{window.name || window.text}</b> <span className="dim">{window.comment}</span>
      </span>
    </WindowButton>
  )
}

/** How often they come after those that are shown. */
function More({ windows, days }: { windows: readonly MaintenanceWindow[]; days: number }) {
  const more = windows.reduce((sum, { next }) => sum + next.length, 0) - mostShown
  return more > 0 ? (
    <p className="dim window-more">{`and ${formatCounted(more, 'time')} more within ${days} days`}</p>
  ) : null
}

/** Those that don't come within the days that are shown. */
function Later({ windows, days }: { windows: readonly MaintenanceWindow[]; days: number }) {
  const later = windows.filter(({ next }) => next.length === 0)
  if (later.length === 0) return null
  return (
    <>
      <h3 className="dim window-more">{`Not within ${days} days`}</h3>
      <ul className="window-days">
        {later.map((window) => (
          <li key={window.id}>
            <WindowButton window={window}>
              <span className="wrap">
                <b>{window.name || window.text}</b>{' '}
                <span className="dim">{window.weekly ? weeklyText(window) : formatIso(window.starts_at)}</span>
              </span>
            </WindowButton>
          </li>
        ))}
      </ul>
    </>
  )
}

function WindowButton({ window: { id }, children }: { window: MaintenanceWindow; children: React.ReactNode }) {
  const [search, change] = useSearch()
  return (
    <button
      type="button"
      className="window-row"
      aria-pressed={search.row === id}
      onClick={() => change(({ matchers: _matchers, ...rest }) => ({ ...rest, row: id }))}
    >
      {children}
    </button>
  )
}
