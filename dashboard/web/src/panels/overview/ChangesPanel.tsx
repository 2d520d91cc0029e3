import { Link, useRouter } from '@tanstack/react-router'
import type { MouseEvent } from 'react'
import { kinds } from '../../charts/mark-kinds.ts'
import { useChanges, type Change, type Changes } from '../../data/changes.ts'
import { elsewhere } from '../../lib/elsewhere.ts'
import { formatAgo, formatDateTime, formatIso, formatMs } from '../../lib/format.ts'
import { linkOf } from '../../lib/mark-link.ts'
import type { Search } from '../../lib/search.ts'
import { useNow } from '../../lib/use-now.ts'
import { useSearch } from '../../lib/use-search.ts'
import { Panel } from '../Panel.tsx'
import { labelText } from '../alerts/words.ts'

const shown = 6
/** Alerts have a panel of their own. */
const changesOf = ({ changes }: Changes) => changes.filter(({ kind }) => kind !== 'alert')

/** Deploys, prices, configuration, versions and restarts of the range, the latest first. */
export function ChangesPanel() {
  const asked = useChanges()
  const now = useNow()
  return (
    <Panel
      title="What changed"
      hint="Marks that people and programs made, and what stored data tells by itself: new versions, restarts, prices"
      unit={asked.data ? unitOf(asked.data) : ''}
      asked={asked}
      height={250}
      renderEmpty={(data) =>
        changesOf(data).length === 0 ? (
          <p>Nothing changed in this range: deploys and other marks show here, and new versions, restarts and prices</p>
        ) : null
      }
      table={(data) => ({
        columns: ['at', 'kind', 'title', 'text', 'scope', 'by'],
        rows: data.changes.map(({ at, kind, title, text, scope, by }) => [
          new Date(at).toISOString(),
          kind,
          title,
          text,
          JSON.stringify(scope),
          by,
        ]),
      })}
    >
      {(data) => (
        <>
          <ul className="events" aria-label="What changed">
            {changesOf(data)
              .slice(0, shown)
              .map((change) => (
                <Changed key={change.id} change={change} now={now} />
              ))}
          </ul>
          <Fired fired={data.changes.filter(({ kind }) => kind === 'alert').length} />
        </>
      )}
    </Panel>
  )
}

function unitOf(data: Changes): string {
  const count = changesOf(data).length
  return count > shown ? `latest ${shown} of ${count}` : ''
}

function Fired({ fired }: { fired: number }) {
  if (fired === 0) return null
  return (
    <div className="panel-foot">
      <Link
        to="/alerts"
        search={((before: Search) => ({ ...elsewhere(before), view: 'history' })) as never}
        className="panel-link"
      >
        {fired === 1 ? '1 alert fired in this range' : `${fired} alerts fired in this range`}
      </Link>
    </div>
  )
}

function Changed({ change, now }: { change: Change; now: number }) {
  const { word, icon: Icon } = kinds[change.kind]
  const { at, until, title, text, scope, by } = change
  const about = labelText(scope)
  const lasted = until === 'now' ? 'still going on' : until === null ? '' : `for ${formatMs(until - at)}`
  return (
    <li className="event">
      <span className="event-kind">
        <Icon size={14} aria-hidden />
        {word}
      </span>
      <div className="event-what">
        <ChangeLink change={change}>{title}</ChangeLink>
        <span className="event-text" title={[text, about, by].filter(Boolean).join('\n')}>
          {[text, about, by && `by ${by}`].filter(Boolean).join(' · ')}
        </span>
      </div>
      <span className="event-when" title={`${formatDateTime(at)}, ${formatIso(at)}`}>
        {formatAgo(at, now)}
        {lasted !== '' && <small>{lasted}</small>}
      </span>
    </li>
  )
}

/** To a page of ours, with the range; or elsewhere, in a tab of its own. */
function ChangeLink({ change: { link }, children }: { change: Change; children: string }) {
  const { history } = useRouter()
  const [search] = useSearch()
  if (link === '') return <b>{children}</b>
  if (!link.startsWith('/')) {
    return (
      <a href={link} className="name-link" rel="noreferrer noopener nofollow" target="_blank">
        <b>{children}</b>
      </a>
    )
  }
  const path = linkOf(link, search)
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    history.push(path)
  }
  return (
    <a href={path} className="name-link" onClick={follow}>
      <b>{children}</b>
    </a>
  )
}
